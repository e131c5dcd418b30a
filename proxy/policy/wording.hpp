// Lists as people write them, for describe() and the steps of a decision.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::policy {

// Returns `a`, `a and b` or `a, b and c`, with `last` (` and ` or similar) before the last item.
[[nodiscard]] std::string enumerate(const std::vector<std::string>& items, std::string_view last);

} // namespace scopegate::policy
