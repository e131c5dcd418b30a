#include "policy/conditions/context.hpp"

namespace scopegate::policy {

std::string quoted(std::string_view text)
{
    std::string out;
    json::append_quoted(out, text);
    return out;
}

std::string spoken(const json::value* claim)
{
    if (claim == nullptr || claim->is_null())
        return "absent";
    if (claim->if_string() != nullptr)
        return quoted(*claim->if_string());
    const auto text = claim->scalar_text();
    return text ? std::string(*text) : claim->if_array() != nullptr ? "an array" : "an object";
}

} // namespace scopegate::policy
