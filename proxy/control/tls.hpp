// Loads the certificates that a policy names.
#pragma once

#include "config/load.hpp"
#include "net/tls.hpp"

#include <memory>
#include <vector>

namespace scopegate::control {

struct tls_contexts {
    std::shared_ptr<const net::tls_context> server;   // null: no TLS
    std::shared_ptr<const net::tls_context> upstream; // null: no TLS
    std::vector<config::diagnostic> errors;           // if not empty, use neither context
    std::vector<config::diagnostic> warnings;
};

// Reads the files now. Diagnostics point to the place in routes.yaml that names the file. `tickets` are the
// keys of session tickets for a policy that names no file of them; null: new ones.
[[nodiscard]] tls_contexts load_tls(const policy::policy& p,
                                    const std::shared_ptr<net::ticket_keys>& tickets = nullptr);

} // namespace scopegate::control
