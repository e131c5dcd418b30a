#include "http/host.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "http/chars.hpp"

#include <cstdint>

namespace scopegate::http {
namespace {

bool is_port(std::string_view s) noexcept
{
    constexpr std::size_t max_digits = 5;
    constexpr std::uint32_t max_port = 65535;
    if (s.size() > max_digits || !all(char_class::digit, s))
        return false;
    std::uint32_t port = 0;
    for (const char c : s)
        port = port * 10 + hex_value(c);
    return port <= max_port;
}

struct origin {
    std::string_view host; // with the brackets of an IPv6 address
    std::uint32_t port = 0;
};

// Splits an authority. `authority` must satisfy is_host.
origin split(std::string_view authority, bool tls) noexcept
{
    const auto colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
    origin out{authority.substr(0, colon), 0};
    if (colon != std::string_view::npos)
        for (const char c : authority.substr(colon + 1))
            out.port = out.port * 10 + hex_value(c);
    if (colon == std::string_view::npos || colon + 1 == authority.size())
        out.port = tls ? 443 : 80;
    return out;
}

bool is_reg_name(std::string_view s) noexcept
{
    if (s.empty())
        return false;
    for (;;) {
        s.remove_prefix(count_leading(char_class::unreserved | char_class::sub_delim, s));
        if (s.empty())
            return true;
        if (!starts_with_triplet(s))
            return false;
        s.remove_prefix(3);
    }
}

} // namespace

bool is_host(std::string_view s) noexcept
{
    const bool bracketed = s.starts_with('[');
    const auto name_end = bracketed ? s.find(']') : s.find(':');
    if (bracketed && name_end == std::string_view::npos)
        return false;
    const auto name = bracketed ? s.substr(1, name_end - 1) : s.substr(0, name_end);
    if (bracketed ? !is_ipv6_address(name) : !is_reg_name(name))
        return false;
    const auto rest = s.substr(bracketed ? name_end + 1 : name.size());
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
}

bool same_origin(std::string_view a, std::string_view b, bool tls) noexcept
{
    const auto left = split(a, tls), right = split(b, tls);
    return left.port == right.port && iequals(left.host, right.host);
}

bool same_authority(std::string_view authority, std::string_view host) noexcept
{
    return iequals(authority, host);
}

} // namespace scopegate::http
