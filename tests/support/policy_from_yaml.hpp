// Makes a policy from YAML text, for tests of later stages.
#pragma once

#include "config/load.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace scopegate::test {

// Throws std::invalid_argument with all errors of the text. The environment is empty, and files are relative
// to the current folder.
[[nodiscard]] inline std::shared_ptr<const policy::policy> policy_from_yaml(std::string_view text)
{
    auto result = config::load_text(text, "test.yaml", [](const std::string&) { return std::nullopt; });
    std::string all;
    for (const auto& error : result.errors)
        all += error.text() + '\n';
    if (!result.policy)
        throw std::invalid_argument(all);
    return result.policy;
}

} // namespace scopegate::test
