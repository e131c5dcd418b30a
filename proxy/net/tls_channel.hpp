// TLS on one connected, non-blocking socket: the record layer between a stream and its socket. It never
// blocks or waits: each call reports what it needs first. The stream that owns it does the waiting.
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
    // The most content that may be received and not yet read: less than two records.
    static constexpr std::size_t max_held = 32UL * 1024;

    enum class outcome : std::uint8_t {
        done,
        wants_read,  // the socket must become readable first
        wants_write, // the socket must become writable first
        ended,       // the peer sends no more (close_notify)
        failed,      // refused, broken, or closed without close_notify: earlier content may be truncated
    };
    struct transfer {
        std::size_t bytes = 0;
        outcome then = outcome::done; // the outcome of going on; for a read, done: the span is full
    };

    // Uses the context's settings; `server` selects the side. It does not close the socket and must not use
    // it after it is closed (see detach()). Throws std::bad_alloc.
    tls_channel(ssl_ctx_st& context, int socket, bool server);
    ~tls_channel();
    tls_channel(const tls_channel&) = delete;
    tls_channel& operator=(const tls_channel&) = delete;

    // Sets the name that the server's certificate must contain: a host name, also sent as SNI, or an address.
    // Returns false if no certificate can be checked for it.
    [[nodiscard]] bool expect_server(const std::string& name);

    // Continues the handshake. `done`: it is complete; `failed`: see failure().
    [[nodiscard]] outcome handshake() noexcept;
    // Reads until `into` is full or no more content is available.
    [[nodiscard]] transfer read(std::span<char> into) noexcept;
    // Writes at most one record, which small pieces share. After wants_write the next call must begin with
    // the same bytes. `pieces` must not be empty.
    [[nodiscard]] transfer write(std::span<const iovec> pieces) noexcept;
    // Checks for input without consuming it: done (input is available), wants_read (none is), ended or
    // failed.
    [[nodiscard]] outcome peek() noexcept;
    // Returns whether bytes were received that read() has not returned yet.
    [[nodiscard]] bool holds_input() const noexcept;
    // Sends close_notify. After any outcome but wants_write nothing is left to do.
    [[nodiscard]] outcome send_close_notify() noexcept;

    // Must be called when the socket has become readable again.
    void forget_drained() noexcept { wire_.drained = false; }
    // Returns whether the peer closed the connection in order, below TLS.
    [[nodiscard]] bool is_wire_ended() const noexcept { return wire_.ended; }
    // Must be called before the socket is closed: another connection may soon have its number.
    void detach() noexcept
    {
        wire_.socket = -1;
        wire_.drained = false;
    }

    // Returns the SHA-256 of the certificate (DER) that the peer has proven to own. Empty if it showed none.
    [[nodiscard]] const std::string& peer_certificate() const noexcept { return peer_certificate_; }
    // Returns, for a log, the peer's fault or the fault that it reported of us. Empty without a fault.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    // Returns the same as a cause; `none` without a fault.
    [[nodiscard]] cause fault() const noexcept { return fault_; }
    // Returns whether the peer has sent anything at all.
    [[nodiscard]] bool has_received() const noexcept { return wire_.received; }
    // Returns whether it failed because the peer began with an HTTP request: nothing was sent to the peer
    // then.
    [[nodiscard]] bool met_plain_http() const noexcept { return met_plain_http_; }

    // The state of the BIO that OpenSSL reads and writes through.
    struct wire {
        int socket = -1;
        bool drained = false; // the last read emptied the socket
        bool ended = false;
        bool received = false;   // anything, ever
        unsigned reads_left = 0; // in this call
    };

private:
    // Must be called before each use of OpenSSL that may read up to `wanted` bytes of content.
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
    bool broken_ = false; // permanently: no record after the one that broke it is read or written
    bool sent_close_notify_ = false;
    bool met_plain_http_ = false;
    std::string failure_;
    cause fault_ = cause::none;
    std::string peer_certificate_;
};

} // namespace scopegate::net
