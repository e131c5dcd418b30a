// A parsed key set with what its parser said.
#pragma once

#include "jose/jwks.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::jose::test {

struct parsed_set {
    std::optional<jwk_set> keys;
    std::string fault;
    std::vector<std::string> warnings;
};

inline parsed_set parsed(std::string_view text)
{
    parsed_set out;
    auto set = jwk_set::parse(text, out.warnings);
    if (set)
        out.keys.emplace(std::move(*set));
    else
        out.fault = set.error();
    return out;
}

} // namespace scopegate::jose::test
