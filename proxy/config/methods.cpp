#include "config/methods.hpp"

#include "base/text.hpp"
#include "config/route_settings.hpp"
#include "http/chars.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

// IANA's registry of methods, without CONNECT and TRACE, which are never forwarded, and without `*` and PRI,
// which no request uses. QUERY, which is about to be registered, and ANY are added. The most common come
// first: among equally similar names, the first is the most likely meaning of a typing error.
const std::vector<std::string>& known_methods()
{
    static const std::vector<std::string> names{
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "ANY", "QUERY", "PROPFIND", "PROPPATCH",
        "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH",
        // more methods of WebDAV and CalDAV
        "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "LABEL", "MERGE", "MKACTIVITY",
        "MKCALENDAR", "MKREDIRECTREF", "MKWORKSPACE", "ORDERPATCH", "REBIND", "UNBIND", "UNCHECKOUT",
        "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
        // from RFC 2068
        "LINK", "UNLINK"};
    return names;
}

bool is_letter(char c) noexcept
{
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'z';
}

// RFC 9110 allows any token as a method, including `*` and `POST|PUT`. No client sends those. Authors write
// them to cover several methods, which would then be left to ANY or `unlisted`.
bool can_be_sent(std::string_view name) noexcept
{
    return std::any_of(name.begin(), name.end(), is_letter) &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return is_letter(c) || http::is(http::char_class::digit, c) || c == '-' || c == '_';
           });
}

// Returns whether the name is in the list, in any letter case.
bool is_one_of(const std::vector<std::string>& names, std::string_view name) noexcept
{
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& other) { return iequals(name, other); });
}

bool means_any(std::string_view name) noexcept
{
    return name == "*" || iequals(name, "ALL") || iequals(name, "ANY");
}

bool names_several(std::string_view name) noexcept
{
    constexpr auto separators = "|, ";
    const auto begin = name.find_first_not_of(separators);
    const auto end = name.find_first_of(separators, begin);
    return begin != name.npos && name.find_first_not_of(separators, end) != name.npos;
}

// Returns the error in the name, or an empty string.
std::string problem_of(std::string_view name)
{
    const auto& known = known_methods();
    if (iequals(name, "CONNECT") || iequals(name, "TRACE"))
        return " is never forwarded";
    if (means_any(name))
        return " is not a method; did you mean \"ANY\"?";
    if (names_several(name))
        return " is not a method: write one line for each method";
    if (may_be_setting(name)) {
        const auto settings = names_of_route_settings();
        return " is neither a setting of a route (" + either(settings) + ") nor a method in capitals" +
               suggestion(name, settings);
    }
    if (!can_be_sent(name) || is_one_of(known, name))
        return " is not a method" + suggestion(name, known);
    return {};
}

} // namespace

bool may_be_setting(std::string_view name)
{
    const auto has = [&](char first, char last) {
        return std::any_of(name.begin(), name.end(), [&](char c) { return c >= first && c <= last; });
    };
    if (!has('a', 'z') || means_any(name) || is_one_of(known_methods(), name))
        return false;
    return !has('A', 'Z') || is_one_of(names_of_route_settings(), name);
}

bool check_method(compilation& c, const node& entry)
{
    const auto& name = entry.key;
    const auto& known = known_methods();
    if (std::find(known.begin(), known.end(), name) != known.end())
        return true;
    if (const auto problem = problem_of(name); !problem.empty()) {
        c.out.error(entry.key_at, in_quotes(name) + problem);
        return false;
    }
    c.out.warn(warning::unregistered_method, entry.key_at,
               in_quotes(name) + " is not a registered method" + suggestion(name, known));
    return true;
}

} // namespace scopegate::config
