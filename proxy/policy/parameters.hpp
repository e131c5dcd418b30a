// The values of a path's parameters, which the match of a route fills in and conditions read.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace scopegate::policy {

inline constexpr std::size_t max_parameters = 16; // of one template

// The values of a matched template's parameters, still percent-encoded; views into the matched path.
struct parameters {
    std::array<std::string_view, max_parameters> values;
    std::size_t count = 0;
    // The path can be split among its parameters in another way, so that no value is certain. Never true
    // without a segment that has text beside its parameters.
    bool uncertain = false;
};

} // namespace scopegate::policy
