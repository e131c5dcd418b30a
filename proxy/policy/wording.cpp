#include "policy/wording.hpp"

namespace scopegate::policy {

std::string enumerate(const std::vector<std::string>& items, std::string_view last)
{
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0 && i + 1 == items.size())
            out += last;
        else if (i > 0)
            out += ", ";
        out += items[i];
    }
    return out;
}

std::string in_units(std::uint64_t value, std::span<const unit> units)
{
    if (value == 0)
        return "0";
    const unit* best = &units.front();
    for (const auto& u : units)
        if (value % u.factor == 0)
            best = &u;
    return std::to_string(value / best->factor) + std::string(best->name);
}

} // namespace scopegate::policy
