#include "tokens/token_places.hpp"

#include "base/percent.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::tokens {

namespace {

constexpr std::string_view bearer = "bearer";

std::string_view trimmed(std::string_view s) noexcept
{
    constexpr std::string_view blanks = " \t";
    const auto first = std::min(s.find_first_not_of(blanks), s.size());
    s.remove_prefix(first);
    return s.substr(0, s.find_last_not_of(blanks) + 1);
}

std::string_view name_of(std::string_view part) noexcept
{
    return trimmed(part.substr(0, part.find('=')));
}

// Maps a character of a parameter's name as PHP does when it turns the name into a variable's.
char as_in_variable(char c) noexcept
{
    return c == '.' || c == ' ' || c == '+' ? '_' : ascii_lower(c);
}

// `inner` is a separator that some readers accept besides the standard one.
named_value read_part(std::string_view part, std::span<const std::string> names, char inner) noexcept
{
    const auto equals = part.find('=');
    for (const auto& name : names)
        if (name_of(part) == name)
            return {named_value::match::exact,
                    equals == std::string_view::npos ? std::string_view{} : trimmed(part.substr(equals + 1))};
    for (auto rest = part;;) {
        const auto end = rest.find(inner);
        const auto written = name_of(rest.substr(0, end));
        if (std::any_of(names.begin(), names.end(), [&](const auto& n) { return is_alike(written, n); }))
            return {named_value::match::alike, {}};
        if (end == std::string_view::npos)
            return {};
        rest.remove_prefix(end + 1);
    }
}

// Calls f(protocol, of_token) for each offered protocol, in order. `of_token` is true for `bearer` and for
// the protocol after it.
template <class F>
void for_each_protocol(const http::field_list& fields, F&& f)
{
    bool token_next = false;
    for (const auto& field : fields) {
        if (field.id != http::field_id::sec_websocket_protocol || field.underscore)
            continue;
        http::for_each_element(field.value, [&](std::string_view protocol) {
            const bool is_bearer = iequals(protocol, bearer);
            f(protocol, is_bearer || token_next);
            token_next = is_bearer;
        });
    }
}

} // namespace

bool is_alike(std::string_view written, std::string_view name) noexcept
{
    std::size_t same = 0;
    while (!written.empty()) {
        const char c = take_decoded(written);
        if (c == '[' || c == '\0')
            break;
        const bool blank = c == ' ' || c == '+' || c == '\t';
        if (blank && (same == 0 || same == name.size()))
            continue;
        if (same == name.size() || as_in_variable(c) != as_in_variable(name[same]))
            return false;
        ++same;
    }
    return same == name.size();
}

named_value read_parameter(std::string_view part, std::span<const std::string> names) noexcept
{
    return read_part(part, names, ';');
}

named_value read_cookie(std::string_view part, std::span<const std::string> names) noexcept
{
    return read_part(part, names, ',');
}

offered_bearer find_offered_bearer(const http::field_list& fields) noexcept
{
    offered_bearer found;
    bool token_next = false;
    for_each_protocol(fields, [&](std::string_view protocol, bool of_token) {
        if (of_token && iequals(protocol, bearer)) {
            ++found.times;
            found.exact = found.exact && protocol == bearer;
            token_next = found.times == 1;
        } else if (std::exchange(token_next, false)) {
            found.token = protocol;
        }
    });
    return found;
}

bool offers_bearer(const http::field_list& fields) noexcept
{
    return find_offered_bearer(fields).times > 0;
}

void append_query_without_tokens(std::string_view query, std::span<const std::string> names, std::string& out)
{
    if (query.empty())
        return;
    char separator = '?';
    for_each_parameter(query.substr(1), [&](std::string_view part) {
        if (read_parameter(part, names).name != named_value::match::none)
            return;
        out += std::exchange(separator, '&');
        out += part;
    });
}

void append_cookies_without_tokens(std::string_view value, std::span<const std::string> names,
                                   std::string& out)
{
    bool first = true;
    for_each_cookie(value, [&](std::string_view part) {
        if (read_cookie(trimmed(part), names).name != named_value::match::none)
            return;
        if (!first)
            out += ';';
        out += first ? part.substr(std::min(part.find_first_not_of(" \t"), part.size())) : part;
        first = false;
    });
}

void append_protocols_without_token(const http::field_list& fields, std::string& out)
{
    std::string_view separator;
    for_each_protocol(fields, [&](std::string_view protocol, bool of_token) {
        if (of_token)
            return;
        out += std::exchange(separator, ", ");
        out += protocol;
    });
}

} // namespace scopegate::tokens
