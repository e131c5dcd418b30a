// A TLS client that does exactly what a test tells it, including what no well-behaved client does. It uses
// OpenSSL's own blocking calls and shares no code with proxy/net. It has one connection, is for one thread,
// and waits end after `test_timeout`.
#pragma once

#include "support/fake_issuer.hpp"
#include "support/socket.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;
struct ssl_session_st;

namespace scopegate::test {

struct tls_client_settings {
    std::string ca = {};                          // PEM: the authority that the server needs; empty: no check
    tls_identity identity = {};                   // its own certificate; may be empty
    int version = 0;                              // TLS1_2_VERSION or TLS1_3_VERSION only; 0: both
    std::vector<std::string> protocols = {};      // ALPN
    std::string server_name = "localhost";        // SNI; empty: none
    std::string before = {};                      // sent in plain text before the handshake
    std::shared_ptr<ssl_session_st> session = {}; // offered for resumption
};

class tls_client final {
public:
    // Connects and does its side of the handshake. failure() returns the error.
    explicit tls_client(const std::string& address, const tls_client_settings& settings = {});
    tls_client(tls_client&& other) noexcept;
    tls_client& operator=(tls_client&&) = delete;
    ~tls_client();

    [[nodiscard]] const std::string& failure() const noexcept { return failure_; } // empty on success
    [[nodiscard]] std::string version() const;
    [[nodiscard]] std::string protocol() const;
    [[nodiscard]] std::string peer_serial() const; // of the server's certificate; empty without one
    [[nodiscard]] bool is_resumed() const;
    // Ends the connection, and returns its session with the last ticket that came before. Null without one.
    [[nodiscard]] std::shared_ptr<ssl_session_st> leave();

    // Returns false if the connection takes no more bytes.
    bool send(std::string_view bytes);
    // Reads exactly this many bytes, or fewer if the connection ends before.
    [[nodiscard]] std::string read_bytes(std::size_t count);
    // Sends the request, and reads one response that has a Content-Length or no body.
    [[nodiscard]] std::string exchange(std::string_view request);

    enum class ending : std::uint8_t { close_notify, cut, alert, reset, late };
    // Reads to the end, into `rest` if it is given.
    [[nodiscard]] ending read_to_end(std::string* rest = nullptr);

    void send_close_notify(); // sends close_notify only
    // Updates the key of the bytes that we send. With `both`, the peer is asked for a new key too. The update
    // is not flushed before the next send().
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
