// The basis of TLS connections: certificates, keys and authorities, which are read from files once and shared
// by all connections of a policy snapshot. TLS 1.2 and 1.3, HTTP/1.1 by ALPN, no renegotiation. Sessions are
// resumed by tickets only, and only those of clients.
#pragma once

#include "net/ticket_keys.hpp"
#include "net/tls_channel.hpp"
#include "net/tls_error.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace scopegate::net {

// Paths of PEM files, and the keys of session tickets.
struct tls_server_files {
    std::string certificate; // followed by its chain
    std::string key;
    std::string client_ca; // clients need a certificate from one of these; empty: none is requested
    std::shared_ptr<const ticket_keys> tickets{};                // null: sessions are not resumed
    std::chrono::seconds ticket_lifetime{std::chrono::hours(2)}; // from the first handshake on
};
struct tls_client_files {
    std::string ca;          // empty: the system's
    std::string certificate; // ours, for servers that request one; empty: none
    std::string key;
};

// Immutable; channels may be created on any thread, and keep what they need of it alive.
class tls_context final {
public:
    // The constructors throw tls_error.
    explicit tls_context(const tls_server_files& files);
    // Each channel has one of the `server_names`, which is sent as SNI and must be in the server's
    // certificate. An address is not sent, only checked.
    tls_context(const tls_client_files& files, std::vector<std::string> server_names);
    tls_context(const tls_client_files& files, std::string server_name);
    ~tls_context();
    tls_context(const tls_context&) = delete;
    tls_context& operator=(const tls_context&) = delete;

    // Returns problems that do no harm yet, or that keeping the old files would not solve, such as an expired
    // certificate. One line each, with the file's name.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

    // Identifies the set of authorities for client certificates, independent of their file and order. Empty
    // if no certificate is requested.
    [[nodiscard]] const std::string& client_authorities() const noexcept { return client_authorities_; }

    // Creates a channel for a connected non-blocking socket, which it does not own. `name` is the index of
    // the server's name. Throws std::bad_alloc.
    [[nodiscard]] std::unique_ptr<tls_channel> open(int socket, std::size_t name = 0) const;

private:
    void request_certificates(const std::string& client_ca);
    struct release {
        void operator()(ssl_ctx_st* c) const noexcept;
    };
    std::unique_ptr<ssl_ctx_st, release> context_;
    std::vector<std::string> warnings_;
    std::string client_authorities_;
    std::vector<std::string> server_names_; // of a client context
    bool server_;
};

} // namespace scopegate::net
