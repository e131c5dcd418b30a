// How an issuer is reached: through a proxy, with a certificate or a token of ours, or without TLS.
#pragma once

#include "config/issuer_keys.hpp"

namespace scopegate::config {

void read_insecure_http(compilation& c, const node& value, issuer_entry& into);
void read_keys_token_file(compilation& c, const node& value, issuer_entry& into);
void read_own_certificate(compilation& c, const node& value, issuer_entry& into);
void read_own_key(compilation& c, const node& value, issuer_entry& into);
// Reads `none` or the URL of a forward proxy.
void read_proxy(compilation& c, const node& value, issuer_entry& into);

// Checks a URL that keys are fetched or discovered from: as check_fetchable, and plain http on every host
// with `insecure_http`.
bool check_keys_url(compilation& c, const node& n, const issuer_entry& entry);

// Checks the keys above against each other and against what is fetched. Chooses the proxies: those of
// `proxy`, or else those of the environment.
void check_access(compilation& c, issuer_entry& entry);

} // namespace scopegate::config
