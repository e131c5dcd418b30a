// An issuer's keys, secret and algorithms, which must fit each other.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// An issuer while it is read, with the places of what is compared afterwards.
struct issuer_entry {
    policy::issuer_settings made;
    node name; // a copy: the value of a file is gone by then
    const node* keys = nullptr;
    const node* algorithms = nullptr;
    const node* ca = nullptr;
    const node* introspection = nullptr;
    policy::source_mark secret_at; // line 0: there is none
    bool usable = true;            // keys, algorithms and secret could all be read
};

// `discover`, an https URL, or `file:PATH`.
void read_keys_location(compilation& c, const node& value, issuer_entry& into);
void read_algorithms(compilation& c, const node& value, issuer_entry& into);
void read_secret(compilation& c, const node& value, issuer_entry& into);

// A secret goes with HS algorithms that are named and nothing else, keys with the asymmetric ones: a public
// key must never be taken for the secret of an HMAC.
void check_keys_and_algorithms(compilation& c, issuer_entry& entry);

// What `discover` fetches is fetched from the issuer's own name: it must be an https URL.
void check_issuer_name(compilation& c, const issuer_entry& entry);

} // namespace scopegate::config
