#include "tokens/places/named_header.hpp"

#include "base/text.hpp"
#include "tokens/places/header.hpp"

#include <algorithm>

namespace scopegate::tokens::places {

namespace {

constexpr std::string_view bearer = "Bearer";

void read_value(std::string_view value, search& into)
{
    if (value.empty())
        return;
    if (value.find(',') != std::string_view::npos)
        return into.found_several(cause::token_in_two_places);
    const bool scheme = has_scheme(value, bearer);
    const auto token = scheme ? behind_scheme(value, bearer) : value;
    if (token.empty())
        into.found_malformed(cause::credentials_empty);
    else
        into.found({token, false});
}

} // namespace

void named_header::find(const policy::token_settings& from, const credentials& request, search& into)
{
    for (const auto& f : request.fields) {
        const auto name = std::find_if(from.headers.begin(), from.headers.end(), [&](const std::string& n) {
            return http::same_field_name(n, f.name);
        });
        if (name == from.headers.end())
            continue;
        if (iequals(f.name, *name))
            read_value(f.value, into);
        else
            into.found_malformed(cause::token_name_spelled_otherwise);
    }
}

void named_header::put(const policy::token_settings& from, std::string_view token, request_builder& made)
{
    made.add(from.headers.front(), mask_delimiters(token));
}

} // namespace scopegate::tokens::places
