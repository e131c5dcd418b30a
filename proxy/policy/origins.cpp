#include "policy/origins.hpp"

#include <algorithm>

namespace scopegate::policy {

namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view label_characters = "abcdefghijklmnopqrstuvwxyz0123456789-_";

// Returns whether the text is one or more labels of a host name, separated by dots. No other character of an
// origin is allowed, so that nothing that another reader takes for the end of a host hides in them.
bool are_labels(std::string_view text) noexcept
{
    for (;;) {
        const auto end = std::min(text.find('.'), text.size());
        if (end == 0 || text.substr(0, end).find_first_not_of(label_characters) != text.npos)
            return false;
        if (end == text.size())
            return true;
        text.remove_prefix(end + 1);
    }
}

// Accepts a port as browsers write it, without leading zeros.
bool is_port(std::string_view text) noexcept
{
    constexpr std::string_view highest = "65535";
    if (text.empty() || text.front() == '0' || text.find_first_not_of(digits) != text.npos)
        return false;
    return text.size() < highest.size() || (text.size() == highest.size() && text <= highest);
}

} // namespace

bool covers_origin(std::string_view listed, std::string_view origin) noexcept
{
    const auto star = listed.find('*');
    if (star == listed.npos)
        return listed == origin;
    if (listed == any_origin)
        return false;
    const auto before = listed.substr(0, star), after = listed.substr(star + 1);
    if (after.empty()) { // `http://localhost:*`
        const auto host = before.substr(0, before.size() - 1);
        return origin == host || (origin.starts_with(before) && is_port(origin.substr(before.size())));
    }
    return origin.size() > before.size() + after.size() && origin.starts_with(before) &&
           origin.ends_with(after) &&
           are_labels(origin.substr(before.size(), origin.size() - before.size() - after.size()));
}

bool lists_origin(const std::vector<std::string>& listed, std::string_view origin) noexcept
{
    return origin != "null" && std::any_of(listed.begin(), listed.end(), [origin](const std::string& one) {
               return covers_origin(one, origin);
           });
}

} // namespace scopegate::policy
