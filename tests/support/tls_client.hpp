// A TLS client that does just what a test tells it, what no well-behaved one does too. By OpenSSL's own
// blocking calls, sharing no code with proxy/net. One connection each, for one thread; waits end after
// `patience`.
#pragma once

#include "support/fake_issuer.hpp"
#include "support/socket.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;

namespace scopegate::test {

struct tls_client_settings {
    std::string ca = {};                     // PEM: who must vouch for the server; empty: nobody
    tls_identity identity = {};              // ours; may be empty
    int version = 0;                         // TLS1_2_VERSION or TLS1_3_VERSION only; 0: both
    std::vector<std::string> protocols = {}; // ALPN
    std::string server_name = "localhost";   // SNI; empty: none
    std::string before = {};                 // sent in plain before the handshake
};

class tls_client final {
public:
    // Connects and does its side of the handshake; failure() says why that went wrong.
    explicit tls_client(const std::string& address, const tls_client_settings& settings = {});
    tls_client(tls_client&& other) noexcept;
    tls_client& operator=(tls_client&&) = delete;
    ~tls_client();

    [[nodiscard]] const std::string& failure() const noexcept { return failure_; } // empty: it is made
    [[nodiscard]] std::string version() const;
    [[nodiscard]] std::string protocol() const;
    [[nodiscard]] std::string peer_serial() const; // of the server's certificate; empty: none came
    [[nodiscard]] bool is_resumed() const;

    // False where the connection takes no more.
    bool send(std::string_view bytes);
    // Just this many bytes; fewer where it ends before.
    [[nodiscard]] std::string read_bytes(std::size_t count);
    // Sends, and reads one answer that has a Content-Length or no body.
    [[nodiscard]] std::string exchange(std::string_view request);

    enum class ending : std::uint8_t { goodbye, cut, alert, reset, late };
    // Reads to the end, into `rest` where it is given.
    [[nodiscard]] ending read_to_end(std::string* rest = nullptr);

    void say_goodbye(); // close_notify, and nothing more
    // A new key for what we send; with `both` the peer is asked for one too. Not flushed before the next
    // send().
    void update_key(bool both);

    [[nodiscard]] ssl_st& native() noexcept { return *ssl_; }
    [[nodiscard]] socket_handle& socket() noexcept { return socket_; }

private:
    [[nodiscard]] ending ending_of(int returned) const;
    struct release {
        void operator()(ssl_st* s) const noexcept;
    };
    socket_handle socket_;
    std::unique_ptr<ssl_st, release> ssl_;
    std::string failure_;
};

} // namespace scopegate::test
