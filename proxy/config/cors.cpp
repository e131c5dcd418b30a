// `cors:`: the browser applications that may read Scopegate's responses.
#include "config/compile.hpp"
#include "config/urls.hpp"
#include "config/values.hpp"

#include "base/text.hpp"
#include "http/chars.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

using policy::cors_settings;

constexpr std::string_view any_origin = "*";

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
std::string_view wrong_with(std::string_view text)
{
    if (text == "null")
        return "is the origin of every sandboxed page and local file, so it can't be trusted";
    if (text.find('*') != text.npos)
        return "contains a wildcard: origins are compared exactly, and only \"*\" alone means all origins";
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

constexpr key<cors_settings> cors_keys[] = {
    {"origins", read_origins, true},
    {"credentials", read_credentials},
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
