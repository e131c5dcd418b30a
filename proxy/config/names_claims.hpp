// Claims that list scopes, permissions or roles: `scp`, or `{claim: X, as: comma, each: Y}`.
#pragma once

#include "config/schema.hpp"
#include "jose/names_claim.hpp"

#include <optional>
#include <vector>

namespace scopegate::config {

// Reads a claim whose text is split at spaces, or a map that says its form.
[[nodiscard]] std::optional<jose::names_claim> read_names_claim(compilation& c, const node& value);
// Reads a list of them without duplicates.
[[nodiscard]] std::vector<jose::names_claim> read_names_claims(compilation& c, const node& value);

// The values of the rows of such a map, for a map that has further keys.
void read_claim_of_names(compilation& c, const node& value, jose::names_claim& into);
void read_form_of_names(compilation& c, const node& value, jose::names_claim& into);
void read_member_of_names(compilation& c, const node& value, jose::names_claim& into);

// The keys of such a map that stands at `path`.
[[nodiscard]] section names_claim_section(std::string path);

} // namespace scopegate::config
