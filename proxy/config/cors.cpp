// `cors:`: the browser applications that may read Scopegate's responses.
#include "config/compile.hpp"
#include "config/urls.hpp"
#include "config/values.hpp"

#include "base/text.hpp"
#include "http/chars.hpp"
#include "http/fields.hpp"
#include "http/head_parser.hpp"
#include "policy/origins.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>

namespace scopegate::config {

namespace {

using policy::cors_settings;

using policy::any_origin;

// How long a browser may cache the response to a preflight; Firefox keeps none for longer.
constexpr std::chrono::seconds max_max_age = std::chrono::hours(24);

// Returns whether the scheme is that of another kind of application: `capacitor://localhost`,
// `chrome-extension://...`.
bool is_other_scheme(std::string_view scheme)
{
    return !scheme.empty() && scheme != "http" && scheme != "https" &&
           std::all_of(scheme.begin(), scheme.end(), [](char ch) {
               return (ch >= 'a' && ch <= 'z') || http::is(http::char_class::digit, ch) || ch == '-' ||
                      ch == '+' || ch == '.';
           });
}

// Returns why no browser sends this as an Origin (RFC 6454 section 6.2); empty if a browser may.
std::string_view wrong_with_origin(std::string_view text)
{
    const auto parts = split_url(text);
    if (parts && !(parts->path.empty() && parts->query.empty() && parts->fragment.empty()))
        return "has a path: an origin ends with its host or port, without a slash";
    if (std::any_of(text.begin(), text.end(), [](char ch) { return ch != ascii_lower(ch); }))
        return "has uppercase letters: browsers send origins in lowercase";
    if (parts && is_other_scheme(parts->scheme))
        return !parts->authority.empty() && http::all(http::char_class::visible, text) ? "" : "has no host";
    const auto url = parse_web_url(text);
    if (!url || url->has_user)
        return "is not an origin such as https://app.example.com";
    if (text.ends_with(url->tls ? ":443" : ":80"))
        return "contains the scheme's default port: remove it, as browsers omit it";
    return {};
}

// Returns whether the host is a domain that its owner can have: two labels or more, the last one not a number
// as in an address. `localhost` is everybody's own.
bool is_own_domain(std::string_view host)
{
    const auto last = host.substr(host.rfind('.') + 1);
    const bool dots_alone = host.starts_with('.') || host.ends_with('.') || host.find("..") != host.npos;
    return host == "localhost" ||
           (last.size() < host.size() && !dots_alone && last.find_first_not_of("0123456789") != last.npos);
}

// Returns what is wrong with a pattern (policy/origins.hpp); empty if nothing is.
std::string_view wrong_with_pattern(std::string_view text)
{
    constexpr std::string_view any_name = "://*.", any_port = ":*";
    constexpr std::string_view loopback[] = {"http://localhost",  "http://127.0.0.1",  "http://[::1]",
                                             "https://localhost", "https://127.0.0.1", "https://[::1]"};
    if (text.ends_with(any_port)) {
        const auto host = text.substr(0, text.size() - any_port.size());
        return std::find(std::begin(loopback), std::end(loopback), host) != std::end(loopback)
                   ? ""
                   : "allows any port, which only localhost, 127.0.0.1 and [::1] may: write the port";
    }
    const auto at = text.find(any_name);
    if (at == text.npos || text.find('*') != at + 3 || text.find('*', at + 4) != text.npos)
        return "has a wildcard in the wrong place: write https://*.example.com, http://localhost:*, or \"*\" "
               "alone";
    std::string below(text);
    below.erase(at + 3, 2);
    if (const auto problem = wrong_with_origin(below); !problem.empty())
        return problem;
    const auto url = parse_web_url(below);
    if (!url)
        return "has a wildcard, which is for http and https only";
    return is_own_domain(url->host) ? "" : "covers more than one owner's names: name a domain of your own";
}

std::string_view wrong_with(std::string_view text)
{
    if (text == "null")
        return "is the origin of every sandboxed page and local file, so it can't be trusted";
    return text.find('*') != text.npos ? wrong_with_pattern(text) : wrong_with_origin(text);
}

void read_origins(compilation& c, const node& value, cors_settings& into)
{
    const auto origins = read_text_list(c, value);
    for (const auto& [text, at, shown] : origins) {
        if (text == any_origin) {
            if (origins.size() > 1)
                c.out.error(at, "\"*\" means all origins; it must be the only entry");
        } else if (const auto problem = wrong_with(text); !problem.empty()) {
            c.out.error(at, shown + " " + std::string(problem));
            continue;
        }
        into.origins.push_back(text);
    }
}

void read_credentials(compilation& c, const node& value, cors_settings& into)
{
    into.credentials = read_word(c, value, {"false", "true"}) == 1U;
    if (into.credentials && into.origins == std::vector<std::string>{std::string(any_origin)})
        c.out.error(value.at, "credentials need named origins: browsers refuse them with \"*\"");
}

void read_expose_headers(compilation& c, const node& value, cors_settings& into)
{
    for (const auto& [text, at, shown] : read_text_list(c, value)) {
        if (text == any_origin)
            c.out.error(
                at, "\"*\" is not supported: list each header, because browsers ignore \"*\" when cookies "
                    "are sent");
        else if (!http::is_token(text))
            c.out.error(at, shown + " is not a field name");
        else if (http::same_field_name(text, "Set-Cookie"))
            c.out.error(at, shown + " can't be exposed: browsers never show it to scripts");
        else
            into.expose_headers.append(into.expose_headers.empty() ? "" : ", ").append(text);
    }
}

void read_max_age(compilation& c, const node& value, cors_settings& into)
{
    into.max_age = read_seconds(c, value, std::chrono::seconds(0), max_max_age).value_or(into.max_age);
}

constexpr key<cors_settings> cors_keys[] = {
    {"origins", read_origins, true},
    {"credentials", read_credentials},
    {"expose_headers", read_expose_headers},
    {"max_age", read_max_age},
};

} // namespace

void compile_cors(compilation& c, const node& value)
{
    read_keys(c, value, cors_keys, c.policy.cors);
}

std::vector<section> cors_sections()
{
    return {make_section("cors", cors_keys)};
}

} // namespace scopegate::config
