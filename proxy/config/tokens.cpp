// `tokens:`: where a token may be, and how its sender may have to prove possession.
#include "config/compile.hpp"
#include "config/values.hpp"

#include "base/text.hpp"
#include "http/chars.hpp"
#include "http/fields.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace scopegate::config {

namespace {

using policy::token_settings;

// Returns whether all readers spell the name in the same way. HTTP allows any token as the name of a cookie,
// but not all readers do.
bool is_plain_name(std::string_view name) noexcept
{
    return !name.empty() && http::all(http::char_class::unreserved, name);
}

// Products in front of an API send a token in these two. All other fields of the family describe a client.
constexpr std::string_view forwarded_tokens[] = {"X-Forwarded-Access-Token", "X-Forwarded-Authorization"};

// Fields of requests that http/fields.hpp does not know: single names, and beginnings of names.
constexpr std::string_view usual_fields[] = {"Accept", "Cache-Control", "Cookie2",   "Early-Data",
                                             "From",   "Max-Forwards",  "Pragma",    "Priority",
                                             "Range",  "Referer",       "User-Agent"};
constexpr std::string_view usual_families[] = {"Accept-", "Access-Control-", "Content-",
                                               "If-",     "Proxy-",          "Sec-"};

// Returns whether clients or proxies send the field for another purpose.
bool has_another_meaning(std::string_view name) noexcept
{
    const auto is = [name](std::string_view other) { return http::same_field_name(name, other); };
    const auto id = http::classify(name).id;
    if (id == http::field_id::x_forwarded)
        return std::none_of(std::begin(forwarded_tokens), std::end(forwarded_tokens), is);
    return id != http::field_id::other || std::any_of(std::begin(usual_fields), std::end(usual_fields), is) ||
           std::any_of(std::begin(usual_families), std::end(usual_families), [name](std::string_view family) {
               return http::same_field_name(name.substr(0, family.size()), family);
           });
}

// Returns why the field can't hold a token; empty if it can.
std::string wrong_with_field(const policy::policy& p, std::string_view name, const token_settings& others)
{
    const auto is = [name](std::string_view other) { return http::same_field_name(name, other); };
    if (is("Authorization"))
        return ": write \"header\", which reads Authorization";
    if (has_another_meaning(name))
        return " can't hold a token: this field has another meaning";
    const auto& set = p.upstream.headers;
    if (is(policy::issuer_header) ||
        std::any_of(set.begin(), set.end(), [&](const auto& header) { return is(header.name); }))
        return " can't hold a token: Scopegate sets this field";
    if (p.server.client_cert.alone && is(p.server.client_cert.name))
        return " can't hold a token: it is the field of \"server.client_cert\"";
    const auto same = std::find_if(others.headers.begin(), others.headers.end(), is);
    return same == others.headers.end()
               ? std::string()
               : " and \"header:" + *same + "\" are the same field to an upstream that reads \"_\" as \"-\"";
}

// Returns why the text can't begin a subprotocol with a token; empty if it can.
std::string wrong_with_prefix(std::string_view prefix, const token_settings& others)
{
    if (prefix.find_last_of("-._~") != prefix.size() - 1)
        return " does not end with \".\" or another separator: other subprotocols may begin so";
    constexpr std::string_view encoding_mark = "base64url.";
    if (iequals(prefix.substr(0, encoding_mark.size()), encoding_mark) && !prefix.starts_with(encoding_mark))
        return " begins with \"base64url.\", which says how the token is encoded: write it in lower case";
    const auto overlaps = [prefix](std::string_view other) {
        const auto common = std::min(prefix.size(), other.size());
        return iequals(prefix.substr(0, common), other.substr(0, common));
    };
    const auto same = std::find_if(others.subprotocols.begin(), others.subprotocols.end(), overlaps);
    return same == others.subprotocols.end()
               ? std::string()
               : " and \"websocket:" + *same + "\" can begin the same subprotocol: keep one of them";
}

constexpr std::string_view not_a_place =
    " is not a place for a token: write header, header:NAME, cookie:NAME, query:NAME, websocket or "
    "websocket:PREFIX; NAME and PREFIX may have letters, digits, \"-\", \".\", \"_\" and \"~\"";

// Reads one place. Returns what is wrong with it; empty if nothing is.
std::string read_place(const policy::policy& p, std::string_view text, token_settings& into)
{
    if (text == "header" || text == "websocket") {
        (text == "header" ? into.header : into.websocket) = true;
        return {};
    }
    const auto name_at = std::min(text.find(':'), text.size() - 1) + 1;
    const auto kind = text.substr(0, name_at), name = text.substr(name_at);
    auto* const names = kind == "header:"      ? &into.headers
                        : kind == "cookie:"    ? &into.cookies
                        : kind == "query:"     ? &into.queries
                        : kind == "websocket:" ? &into.subprotocols
                                               : nullptr;
    if (names == nullptr || !is_plain_name(name))
        return std::string(not_a_place);
    auto problem = names == &into.headers        ? wrong_with_field(p, name, into)
                   : names == &into.subprotocols ? wrong_with_prefix(name, into)
                                                 : std::string();
    if (problem.empty())
        names->emplace_back(name);
    return problem;
}

// Reads a place or a list of them.
void read_from(compilation& c, const node& value, token_settings& into)
{
    token_settings places;
    places.header = false;
    for (const auto& [text, at, shown] : read_text_or_list(c, value))
        if (const auto problem = read_place(c.policy, text, places); !problem.empty())
            c.out.error(at, shown + problem);
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
