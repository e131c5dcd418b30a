// Lists as people write them, for describe() and the steps of a decision.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::policy {

// `a`, `a and b`, `a, b and c`, with ` and ` or the like before the last.
[[nodiscard]] std::string enumerate(const std::vector<std::string>& items, std::string_view last);

} // namespace scopegate::policy
