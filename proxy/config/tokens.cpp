// `tokens:`: where a token may be.
#include "config/compile.hpp"
#include "config/values.hpp"

#include "http/chars.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

using policy::token_settings;

// A name that readers spell in one way only. Of a cookie any token would do for HTTP, but not for all of
// them.
bool is_plain_name(std::string_view name) noexcept
{
    return !name.empty() && http::all(http::char_class::unreserved, name);
}

bool read_place(std::string_view text, token_settings& into)
{
    const auto named = [&](std::string_view kind, std::vector<std::string>& names) {
        if (!text.starts_with(kind) || !is_plain_name(text.substr(kind.size())))
            return false;
        names.emplace_back(text.substr(kind.size()));
        return true;
    };
    if (text == "header")
        return into.header = true;
    if (text == "websocket")
        return into.websocket = true;
    return named("cookie:", into.cookies) || named("query:", into.queries);
}

void read_from(compilation& c, const node& value, token_settings& into)
{
    token_settings places;
    places.header = false;
    for (const auto& [text, at] : read_text_list(c, value))
        if (!read_place(text, places))
            c.out.error(at, in_quotes(text) +
                                " is no place of a token: header, cookie:NAME, query:NAME or websocket, NAME "
                                "of letters, digits, \"-\", \".\", \"_\" and \"~\"");
    into = std::move(places);
}

constexpr key<token_settings> token_keys[] = {
    {"from", read_from},
};

} // namespace

void compile_tokens(compilation& c, const node& value)
{
    read_keys(c, value, token_keys, c.made.tokens);
}

std::vector<section> token_sections()
{
    return {make_section("tokens", token_keys)};
}

} // namespace scopegate::config
