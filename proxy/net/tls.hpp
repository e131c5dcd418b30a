// What TLS connections are made from: certificates, keys and authorities, read from files once and shared by
// all connections of a policy generation. TLS 1.2 and 1.3, HTTP/1.1 by ALPN, no renegotiation, no session
// resumption (a ticket's key would outlive the forward secrecy of what it protects; connections are kept
// alive instead).
#pragma once

#include "net/tls_channel.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace scopegate::net {

// What is wrong with a file: what() is one line that names it. No key's content is ever in it.
struct tls_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Paths of PEM files.
struct tls_server_files {
    std::string certificate; // with the chain behind it
    std::string key;
    std::string client_ca; // callers must have a certificate of one of these; empty: none is asked for
};
struct tls_client_files {
    std::string ca;          // empty: the system's
    std::string certificate; // ours, where the server asks for one; empty: none
    std::string key;
};

// Immutable; any thread may make channels of it. A channel keeps what it needs of it.
class tls_context final {
public:
    // Throw tls_error.
    explicit tls_context(const tls_server_files& files);
    // `server_name` is asked for (SNI) and must be in the server's certificate; an address is only checked.
    tls_context(const tls_client_files& files, std::string server_name);
    ~tls_context();
    tls_context(const tls_context&) = delete;
    tls_context& operator=(const tls_context&) = delete;

    // What does no harm yet, or none that keeping the old files would mend: a certificate that has expired.
    // One line each, with the file's name.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

    // Tells the authorities of client certificates apart from others, in whatever file and order they stand;
    // empty: no certificate is asked for.
    [[nodiscard]] const std::string& client_authorities() const noexcept { return client_authorities_; }

    // For a connected non-blocking socket, which it does not own. Throws std::bad_alloc.
    [[nodiscard]] std::unique_ptr<tls_channel> open(int socket) const;

private:
    struct release {
        void operator()(ssl_ctx_st* c) const noexcept;
    };
    std::unique_ptr<ssl_ctx_st, release> context_;
    std::vector<std::string> warnings_;
    std::string client_authorities_;
    std::string server_name_; // of a client
    bool server_;
};

} // namespace scopegate::net
