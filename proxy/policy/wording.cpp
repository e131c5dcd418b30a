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

} // namespace scopegate::policy
