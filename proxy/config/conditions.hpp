// Reads the conditions of a requirement: one function for each member of policy/conditions.
#pragma once

#include "config/compile.hpp"
#include "policy/conditions/condition.hpp"
#include "policy/route_tree.hpp"

#include <vector>

namespace scopegate::config {

// Each appends to `into` what `value` says, or reports its errors. `segments` are the template's.
using condition_reader = void(compilation& c, const node& value,
                              const std::vector<policy::template_segment>& segments,
                              policy::condition_list& into);

condition_reader read_where, read_client, read_issuer, read_ip, read_acr, read_max_age;

// The keys of the map that may stand in place of a claim in `where`.
[[nodiscard]] section where_section();

} // namespace scopegate::config
