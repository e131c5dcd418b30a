#include "config/urls.hpp"

#include "base/text.hpp"
#include "http/chars.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>

namespace scopegate::config {

namespace {

using http::char_class;

// Boost.URL 1.81 parses `http://127.0.0.1.example` as the host 127.0.0.1 followed by a path, so an attacker's
// host would count as loopback. We therefore split the authority ourselves.
bool is_loopback(const std::string& host, bool brackets)
{
    if (brackets) {
        std::array<std::uint8_t, 16> bytes{};
        const std::array<std::uint8_t, 16> one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
        return ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1 && bytes == one;
    }
    std::array<std::uint8_t, 4> bytes{};
    return iequals(host, "localhost") ||
           (::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 && bytes[0] == 127);
}

bool is_name(std::string_view host) noexcept
{
    return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return http::is(char_class::unreserved, c) && c != '~';
    });
}

bool is_ipv6(const std::string& host)
{
    std::array<std::uint8_t, 16> bytes{};
    return ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

bool is_uri_character(char c) noexcept
{
    return http::is(char_class::unreserved, c) || http::is(char_class::sub_delim, c) ||
           std::string_view(":/?#[]@%").find(c) != std::string_view::npos;
}

// Removes and returns the part before the first of these characters.
std::string_view take_until(std::string_view& text, const char* stops)
{
    const auto part = text.substr(0, text.find_first_of(stops));
    text.remove_prefix(part.size());
    return part;
}

// Parses host, host:port, [v6] or [v6]:port.
bool parse_authority(std::string_view authority, web_url& out)
{
    const bool brackets = authority.starts_with('[');
    if (brackets)
        authority.remove_prefix(1);
    out.host = take_until(authority, brackets ? "]" : ":");
    if (brackets && !authority.empty())
        authority.remove_prefix(1);
    if (brackets ? !is_ipv6(out.host) : !is_name(out.host))
        return false;
    out.loopback = is_loopback(out.host, brackets);
    if (authority.empty())
        return true;
    const char* const last = authority.data() + authority.size();
    const auto [end, error] = std::from_chars(authority.data() + 1, last, out.port);
    return authority.front() == ':' && error == std::errc() && end == last && out.port != 0;
}

} // namespace

std::optional<web_url> parse_web_url(std::string_view text)
{
    web_url out;
    const auto scheme = text.substr(0, text.find("://"));
    out.tls = iequals(scheme, "https");
    if ((!out.tls && !iequals(scheme, "http")) || scheme.size() == text.size() ||
        !std::all_of(text.begin(), text.end(), is_uri_character))
        return std::nullopt;
    text.remove_prefix(scheme.size() + 3);
    auto authority = take_until(text, "/?#");
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        out.has_user = true;
        authority.remove_prefix(at + 1);
    }
    out.port = out.tls ? 443 : 80;
    if (!parse_authority(authority, out))
        return std::nullopt;
    out.has_path = take_until(text, "?#").size() > 1;
    out.has_query = text.starts_with('?');
    take_until(text, "#");
    out.has_fragment = !text.empty();
    return out;
}

std::string shown_url(const node& n)
{
    const std::string_view text = n.from == node::origin::variable ? n.written : n.text;
    if (n.from == node::origin::other_file)
        return as_written(n);
    if (text.find('@') != std::string_view::npos)
        return "this";
    const auto query = text.find('?');
    return in_quotes(query == std::string_view::npos ? text : std::string(text.substr(0, query)) + "?...");
}

bool check_fetchable(compilation& c, const node& n)
{
    const auto url = parse_web_url(n.text);
    if (url && url->has_user)
        c.out.error(n.at, "a URL with user information is not fetched; remove it");
    else if (!url)
        c.out.error(n.at, shown_url(n) + " is not an https URL");
    else if (!url->tls && !url->loopback)
        c.out.error(n.at, shown_url(n) + " must be https: plain http is for loopback hosts only");
    else if (url->has_fragment)
        c.out.error(n.at, shown_url(n) + " has a fragment");
    else
        return true;
    return false;
}

} // namespace scopegate::config
