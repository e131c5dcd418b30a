#include "tokens/places/cookie.hpp"

#include <algorithm>

namespace scopegate::tokens::places {

using match = named_value::match;

named_value cookie::read(std::string_view part, std::span<const std::string> names) noexcept
{
    return read_named_value(part, names, ',');
}

void cookie::find(const policy::token_settings& from, const credentials& request, search& into)
{
    for (const auto& f : request.fields) {
        if (f.id != http::field_id::cookie)
            continue;
        for_each_cookie(f.value, [&](std::string_view part) {
            const auto one = read(part, from.cookies);
            if (one.name == match::alike)
                into.found_malformed(cause::token_name_spelled_otherwise);
            else if (one.name == match::exact && !one.value.empty())
                into.found({one.value, false, false, true});
        });
    }
}

http::field_set cookie::withheld(const policy::token_settings&) noexcept
{
    return {http::field_id::cookie};
}

void cookie::append_rest(const policy::token_settings& from, const http::field_list& fields,
                         const http::forward_filter& filter, std::string& out)
{
    constexpr std::string_view name = "Cookie: ";
    for (const auto& f : fields) {
        if (f.id != http::field_id::cookie || !filter.keeps(f))
            continue;
        const auto before = out.size();
        out += name;
        append_others(f.value, from.cookies, out);
        if (out.size() == before + name.size())
            out.resize(before);
        else
            out += "\r\n";
    }
}

void cookie::append_others(std::string_view value, std::span<const std::string> names, std::string& out)
{
    bool first = true;
    for_each_cookie(value, [&](std::string_view part) {
        if (read(trimmed(part), names).name != match::none)
            return;
        if (!first)
            out += ';';
        out += first ? part.substr(std::min(part.find_first_not_of(" \t"), part.size())) : part;
        first = false;
    });
}

void cookie::put(const policy::token_settings& from, std::string_view token, request_builder& made)
{
    made.add("Cookie", from.cookies.front() + "=" + mask_delimiters(token));
}

} // namespace scopegate::tokens::places
