// Lists, durations and sizes as people write them, for describe() and the steps of a decision.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::policy {

// Returns `a`, `a and b` or `a, b and c`, with `last` (` and ` or similar) before the last item.
[[nodiscard]] std::string enumerate(const std::vector<std::string>& items, std::string_view last);

// A unit of routes.yaml: `1KiB` is 1024 of the smallest.
struct unit {
    std::string_view name;
    std::uint64_t factor;
};
inline constexpr unit duration_units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
inline constexpr unit size_units[] = {{"B", 1}, {"KiB", 1U << 10U}, {"MiB", 1U << 20U}, {"GiB", 1U << 30U}};

// Returns a number in the largest unit that divides it, as routes.yaml writes it: `90s`, `2h`, `0`. `units`
// begin with the smallest.
[[nodiscard]] std::string in_units(std::uint64_t value, std::span<const unit> units);

} // namespace scopegate::policy
