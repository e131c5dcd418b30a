// `server.client_cert`: the header in which trusted_proxies send the certificate of their client.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Reads a form alone, or a map of `form` and `header`. Call it after trusted_proxies and `upstream` were
// read: nobody else is believed, and no identity header may have the same name.
void read_client_cert(compilation& c, const node& value, policy::server_settings& into);

[[nodiscard]] section client_cert_section();

} // namespace scopegate::config
