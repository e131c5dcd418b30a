// An issuer's keys, secret and algorithms, which must fit each other.
#pragma once

#include "config/schema.hpp"
#include "config/values.hpp"

namespace scopegate::config {

// An issuer while it is read, with the positions of the values that are compared afterwards.
struct issuer_entry {
    policy::issuer_settings settings;
    node name; // a copy, because the value of a file is gone by then
    const node* keys = nullptr;
    const node* algorithms = nullptr;
    const node* ca = nullptr;
    const node* introspection = nullptr;
    const node* proxy = nullptr;
    const node* certificate = nullptr;
    const node* key = nullptr;
    const node* keys_token_file = nullptr;
    const node* insecure_http = nullptr;
    const node* tenants = nullptr;
    bool any_tenant = false; // tenants: any
    std::vector<located_text> listed_tenants;
    policy::source_mark secret_at; // line 0: no secret
    bool usable = true;            // keys, algorithms and secret were all read without errors
};

// Reads `discover`, an https URL, or `file:PATH`. `tenants` has been read before.
void read_keys_location(compilation& c, const node& value, issuer_entry& into);
void read_algorithms(compilation& c, const node& value, issuer_entry& into);
void read_secret(compilation& c, const node& value, issuer_entry& into);

// Checks that a secret comes with explicit HS algorithms and no others, and keys with asymmetric ones. A
// public key must never be used as the secret of an HMAC.
void check_keys_and_algorithms(compilation& c, issuer_entry& entry);

// Checks the name of an issuer. With `discover`, the metadata is fetched from that name, so it must be an
// https URL.
void check_issuer_name(compilation& c, const issuer_entry& entry);

} // namespace scopegate::config
