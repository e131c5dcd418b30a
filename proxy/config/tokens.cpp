// `tokens:`: where a token may be, and how its sender may have to prove possession.
#include "config/compile.hpp"
#include "config/values.hpp"

#include "http/chars.hpp"

#include <algorithm>
#include <array>

namespace scopegate::config {

namespace {

using policy::token_settings;

// Returns whether all readers spell the name in the same way. HTTP allows any token as the name of a cookie,
// but not all readers do.
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
    for (const auto& [text, at, shown] : read_text_list(c, value))
        if (!read_place(text, places))
            c.out.error(at, shown +
                                " is not a place for a token: write header, cookie:NAME, query:NAME or "
                                "websocket; NAME may have letters, digits, \"-\", \".\", \"_\" and \"~\"");
    into = std::move(places);
}

using policy::dpop_settings;

void read_mode(compilation& c, const node& value, dpop_settings& into)
{
    using mode = dpop_settings::mode;
    if (const auto word = read_word(c, value, {"off", "allow", "require"}))
        into.how = std::array{mode::off, mode::allow, mode::require}[*word];
}

constexpr key<dpop_settings> dpop_keys[] = {
    {"mode", read_mode},
    {"nonce", [](compilation& c, const node& value,
                 dpop_settings& into) { into.nonce = read_flag(c, value).value_or(into.nonce); }},
    {"forward",
     [](compilation& c, const node& value, dpop_settings& into) {
         into.as_bearer = read_word(c, value, {"dpop", "bearer"}) == 1U;
     }},
};

// The short form is the mode alone.
void read_dpop(compilation& c, const node& value, token_settings& into)
{
    if (value.is(node::kind::scalar))
        read_mode(c, value, into.dpop);
    else
        read_keys(c, value, dpop_keys, into.dpop);
}

constexpr key<token_settings> token_keys[] = {
    {"from", read_from},
    {"dpop", read_dpop},
};

} // namespace

void compile_tokens(compilation& c, const node& value)
{
    read_keys(c, value, token_keys, c.policy.tokens);
}

std::vector<section> token_sections()
{
    return {make_section("tokens", token_keys), make_section("tokens.dpop", dpop_keys)};
}

} // namespace scopegate::config
