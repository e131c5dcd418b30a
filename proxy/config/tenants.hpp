// `issuers[].tenants`: one entry for the tenants of an authorization server that names them in its issuers.
#pragma once

#include "config/issuer_keys.hpp"

#include <vector>

namespace scopegate::config {

// Reads `any`, or a list of tenants.
void read_tenants(compilation& c, const node& value, issuer_entry& into);

// Checks that name, tenants and the other keys of the entry fit each other. Call it when all of them are
// read.
void check_tenants(compilation& c, const issuer_entry& entry, const node& issuer);

// Returns the issuers that an entry stands for: itself, or one for each listed tenant.
struct named_issuer {
    policy::issuer_settings settings;
    policy::source_mark at; // of its name
    std::string shown;      // in messages
};
[[nodiscard]] std::vector<named_issuer> issuers_of(issuer_entry&& entry);

} // namespace scopegate::config
