#include "base/url.hpp"

#include "base/text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace scopegate {

namespace {

bool is_alphanumeric(char c) noexcept
{
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

bool is_uri_character(char c) noexcept
{
    return is_alphanumeric(c) ||
           std::string_view("-._~!$&'()*+,;=:/?#[]@%").find(c) != std::string_view::npos;
}

bool is_host_name(std::string_view host) noexcept
{
    return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return is_alphanumeric(c) || c == '-' || c == '.' || c == '_';
    });
}

// Boost.URL 1.81 parses `http://127.0.0.1.example` as the host 127.0.0.1 followed by a path, so an attacker's
// host would count as loopback. We therefore split the authority ourselves.
bool is_loopback(const std::string& host)
{
    std::array<std::uint8_t, 16> bytes{};
    if (::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1)
        return bytes[0] == 127;
    const std::array<std::uint8_t, 16> one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return iequals(host, "localhost") ||
           (::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1 && bytes == one);
}

// Removes and returns the part before the first of these characters.
std::string_view take_until(std::string_view& text, const char* stops) noexcept
{
    const auto part = text.substr(0, text.find_first_of(stops));
    text.remove_prefix(part.size());
    return part;
}

bool parse_port(std::string_view digits, std::uint16_t& port) noexcept
{
    const char* const last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, port);
    return error == std::errc() && end == last && port != 0;
}

// Parses host, host:port, [v6] or [v6]:port.
bool parse_authority(std::string_view text, web_url& out)
{
    out.authority = text;
    const bool brackets = text.starts_with('[');
    if (brackets)
        text.remove_prefix(1);
    out.host = take_until(text, brackets ? "]" : ":");
    if (brackets) {
        if (text.empty() || !is_ipv6_address(out.host))
            return false;
        text.remove_prefix(1);
    } else if (!is_host_name(out.host)) {
        return false;
    }
    out.loopback = is_loopback(out.host);
    return text.empty() || (text.front() == ':' && parse_port(text.substr(1), out.port));
}

} // namespace

std::optional<url_parts> split_url(std::string_view text) noexcept
{
    constexpr std::string_view mark = "://";
    const auto end = text.find(mark);
    if (end == std::string_view::npos || text.find_first_of("/?#") < end)
        return std::nullopt;
    url_parts out;
    out.scheme = text.substr(0, end);
    text.remove_prefix(end + mark.size());
    out.authority = take_until(text, "/?#");
    out.path = take_until(text, "?#");
    out.query = take_until(text, "#");
    out.fragment = text;
    return out;
}

std::string web_url::target() const
{
    return (path.empty() ? "/" : path) + query;
}

std::optional<web_url> parse_web_url(std::string_view text)
{
    const auto parts = split_url(text);
    if (!parts || !std::all_of(text.begin(), text.end(), is_uri_character))
        return std::nullopt;
    web_url out;
    out.tls = iequals(parts->scheme, "https");
    if (!out.tls && !iequals(parts->scheme, "http"))
        return std::nullopt;
    out.port = out.tls ? 443 : 80;
    auto authority = parts->authority;
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        out.has_user = true;
        authority.remove_prefix(at + 1);
    }
    if (!parse_authority(authority, out))
        return std::nullopt;
    out.path = parts->path;
    out.query = parts->query;
    out.has_fragment = !parts->fragment.empty();
    return out;
}

bool is_ipv6_address(std::string_view text) noexcept
{
    std::array<char, INET6_ADDRSTRLEN> copy{};
    if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos)
        return false;
    std::copy(text.begin(), text.end(), copy.begin());
    in6_addr address;
    return ::inet_pton(AF_INET6, copy.data(), &address) == 1;
}

} // namespace scopegate
