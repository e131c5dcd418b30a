// Code shared by the conditions that compare a claim with a list of texts. For their .cpp files only.
#pragma once

#include "base/json.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace scopegate::policy {

// Returns whether the claim is a string and in the list. `claim` may be null.
[[nodiscard]] inline bool is_one_of(const json::value* claim, const std::vector<std::string>& list) noexcept
{
    const std::string* text = claim != nullptr ? claim->if_string() : nullptr;
    return text != nullptr && std::find(list.begin(), list.end(), *text) != list.end();
}

// Returns whether each text of `some` is in `others`.
[[nodiscard]] inline bool is_subset(const std::vector<std::string>& some,
                                    const std::vector<std::string>& others) noexcept
{
    return std::all_of(some.begin(), some.end(), [&](const std::string& text) {
        return std::find(others.begin(), others.end(), text) != others.end();
    });
}

} // namespace scopegate::policy
