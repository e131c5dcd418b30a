// TLS on one connected, non-blocking socket: the records between a stream and its socket. Never blocks and
// never waits: each call says what it needs first. A stream owns one and does the waiting.
#pragma once

#include "base/cause.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct iovec;
struct ssl_st;
struct ssl_ctx_st;

namespace scopegate::net {

// Confined to its stream's thread.
class tls_channel final {
public:
    // How much content it may hold that came and was not read: less than two records.
    static constexpr std::size_t most_held = 32UL * 1024;

    enum class outcome : std::uint8_t {
        done,
        wants_read,  // the socket must become readable first
        wants_write, // the socket must take more first
        ended,       // the peer has said that it sends no more (close_notify)
        failed,      // refused, broken, or the connection ended without a word: what came before may be cut
    };
    struct transfer {
        std::size_t bytes = 0;
        outcome then = outcome::done; // what more would meet; of a read, done: its span is full
    };

    // Speaks as the context and `server` say. Neither closes the socket nor outlives its being open: see
    // detach(). Throws std::bad_alloc.
    tls_channel(ssl_ctx_st& context, int socket, bool server);
    ~tls_channel();
    tls_channel(const tls_channel&) = delete;
    tls_channel& operator=(const tls_channel&) = delete;

    // The name that a server is asked for and must have in its certificate: a host name, or an address (then
    // nothing is asked for). False: no certificate can be checked for it.
    [[nodiscard]] bool expect_server(const std::string& name);

    // Goes on with the handshake. `done`: it is complete; `failed`: see failure().
    [[nodiscard]] outcome handshake() noexcept;
    // Reads until `into` is full or nothing more has come.
    [[nodiscard]] transfer read(std::span<char> into) noexcept;
    // Writes at most one record; small pieces share it. After wants_write the next call must begin with the
    // same bytes. `pieces` is not empty.
    [[nodiscard]] transfer write(std::span<const iovec> pieces) noexcept;
    // Looks without taking: done (there is input), wants_read (nothing), ended or failed.
    [[nodiscard]] outcome peek() noexcept;
    // Whether bytes were taken from the socket that read() has not given yet.
    [[nodiscard]] bool holds_input() const noexcept;
    // Says that we send no more. Anything but wants_write: there is nothing left to do.
    [[nodiscard]] outcome say_goodbye() noexcept;

    // The socket has become readable again.
    void forget_drained() noexcept { wire_.drained = false; }
    // Whether the peer ended the connection in order, below TLS.
    [[nodiscard]] bool is_wire_ended() const noexcept { return wire_.ended; }
    // The socket is about to be closed; its number may soon be another connection's.
    void detach() noexcept
    {
        wire_.socket = -1;
        wire_.drained = false;
    }

    // The SHA-256 of the certificate (DER) that the peer has proven to be its own; empty where it has shown
    // none.
    [[nodiscard]] const std::string& peer_certificate() const noexcept { return peer_certificate_; }
    // What the peer did wrong, or said that we did, for a log; empty where nothing of that sort has happened.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    // The same as a cause; `none` where nothing of that sort has happened.
    [[nodiscard]] cause fault() const noexcept { return fault_; }
    // Whether it failed because the peer began with an HTTP request: nothing has been sent to it then.
    [[nodiscard]] bool met_plain_http() const noexcept { return met_plain_http_; }

    // What OpenSSL reads and writes through.
    struct wire {
        int socket = -1;
        bool drained = false; // the last read took all there was
        bool ended = false;
        unsigned reads_left = 0; // of this call
    };

private:
    // Before each use of OpenSSL that may read, up to so many bytes of content.
    void begin(std::size_t wanted) noexcept;
    [[nodiscard]] outcome outcome_of(int returned) noexcept;
    [[nodiscard]] bool take_peer_certificate() noexcept;
    void describe_failure() noexcept;

    struct release {
        void operator()(ssl_st* s) const noexcept;
    };
    wire wire_;
    std::unique_ptr<ssl_st, release> ssl_;
    bool established_ = false;
    bool broken_ = false; // for good: no record after the one that broke it is read or written
    bool said_goodbye_ = false;
    bool met_plain_http_ = false;
    std::string failure_;
    cause fault_ = cause::none;
    std::string peer_certificate_;
};

} // namespace scopegate::net
