// The certificates that a policy names, read and ready for use.
#pragma once

#include "config/load.hpp"
#include "net/tls.hpp"

#include <memory>
#include <vector>

namespace scopegate::control {

struct tls_contexts {
    std::shared_ptr<const net::tls_context> server;   // null: no TLS there
    std::shared_ptr<const net::tls_context> upstream; // likewise
    std::vector<config::diagnostic> errors;           // with one, neither may be used
    std::vector<config::diagnostic> warnings;
};

// Reads the files now, and says what is wrong with them where routes.yaml names them.
[[nodiscard]] tls_contexts load_tls(const policy::policy& p);

} // namespace scopegate::control
