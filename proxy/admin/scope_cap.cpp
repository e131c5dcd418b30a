#include "admin/scope_cap.hpp"

#include "base/json_writer.hpp"
#include "policy/scope_cap.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace scopegate::admin {

namespace {

template <class T>
using admin_result = boost::system::result<T, bad_cap_request>;

// Returns whether `s` is a scope-token (RFC 6749 section 3.3). Anything else could turn into two scopes, or
// break the token's scope claim.
bool is_scope_token(std::string_view s) noexcept
{
    return !s.empty() && std::all_of(s.begin(), s.end(), [](char each) {
        const auto c = static_cast<unsigned char>(each);
        return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
    });
}

admin_result<std::vector<std::string>> requested_scopes(const json::value& question)
{
    const auto* scopes = question.find("scopes");
    const auto* items = scopes != nullptr ? scopes->if_array() : nullptr;
    if (items == nullptr)
        return bad_cap_request{"\"scopes\" is required and must be an array of strings"};
    std::vector<std::string> asked;
    for (const auto& item : *items) {
        const auto* name = item.if_string();
        if (name == nullptr || !is_scope_token(*name))
            return bad_cap_request{
                "item " + std::to_string(asked.size()) +
                " of \"scopes\" is not a scope: it must be a string of visible ASCII without spaces, quotes "
                "and backslashes (RFC 6749, section 3.3)"};
        asked.push_back(*name);
    }
    return asked;
}

admin_result<json::value> parse(std::string_view question)
{
    auto parsed = json::parse(question);
    if (!parsed || parsed->if_object() == nullptr)
        return bad_cap_request{
            "the body must be one JSON object, {\"scopes\": [...], \"claims\": {...}}, without "
            "duplicate members, of at most 64 KiB"};
    for (const auto& [name, value] : *parsed->if_object())
        if (name != "scopes" && name != "claims") // a misspelled `claims` must not count as absent
            return bad_cap_request{"unknown member \"" + name +
                                   "\": only \"scopes\" and \"claims\" are allowed"};
    const auto* claims = parsed->find("claims");
    if (claims == nullptr || claims->if_object() == nullptr)
        return bad_cap_request{"\"claims\" is required and must be an object"};
    return std::move(*parsed);
}

} // namespace

void throw_exception_from_error(const bad_cap_request& q, const boost::source_location&)
{
    throw std::runtime_error(q.why);
}

admin_result<std::string> cap_requested_scopes(const policy::policy& p, std::string_view question)
{
    const auto parsed = parse(question);
    if (!parsed)
        return parsed.error();
    const auto asked = requested_scopes(*parsed);
    if (!asked)
        return asked.error();
    const auto cut = policy::cap_scopes(p.scope_cap, p.scopes, *parsed->find("claims"), *asked);
    std::string out;
    json::writer(out)
        .open_object()
        .member_list("scopes", cut.scopes)
        .member_list("removed", cut.removed)
        .close_object();
    out += '\n';
    // Explicit, because a plain string could also convert to an error.
    return {boost::system::in_place_value, std::move(out)};
}

response scope_cap_page(const request& asked, control::service& shown)
{
    auto limited = cap_requested_scopes(shown.policy(), asked.body());
    return limited ? page(asked, http::status::ok, std::move(*limited))
                   : problem(asked, http::status::bad_request, limited.error().why);
}

} // namespace scopegate::admin
