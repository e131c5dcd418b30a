#include "net/http_url.hpp"

#include "base/text.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>

namespace scopegate::net {

namespace {

bool is_visible_ascii(char c) noexcept
{
    return c > 0x20 && c < 0x7f;
}

bool is_host_character(char c) noexcept
{
    const char l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool take_scheme(std::string_view& text, http_url& out)
{
    for (const auto scheme : {std::string_view("https://"), std::string_view("http://")}) {
        if (!iequals(text.substr(0, scheme.size()), scheme))
            continue;
        text.remove_prefix(scheme.size());
        out.tls = scheme == "https://";
        out.port = out.tls ? 443 : 80;
        return true;
    }
    return false;
}

bool take_port(std::string_view digits, std::uint16_t& port)
{
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc{} && end == digits.data() + digits.size() && port != 0;
}

// Parses host, host:port, [v6] or [v6]:port.
bool take_authority(std::string_view authority, http_url& out)
{
    out.authority = authority;
    std::string_view host = authority;
    std::string_view port;
    if (authority.starts_with('[')) {
        const auto close = authority.find(']');
        if (close == std::string_view::npos)
            return false;
        host = authority.substr(1, close - 1);
        port = authority.substr(close + 1);
        boost::system::error_code error;
        boost::asio::ip::make_address_v6(host, error);
        if (error)
            return false;
    } else {
        const auto colon = authority.find(':');
        host = authority.substr(0, colon);
        port = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
        if (host.empty() || !std::all_of(host.begin(), host.end(), is_host_character))
            return false;
    }
    out.host = host;
    return port.empty() || (port.front() == ':' && take_port(port.substr(1), out.port));
}

} // namespace

bool http_url::is_loopback() const noexcept
{
    if (iequals(host, "localhost"))
        return true;
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    return !error && address.is_loopback();
}

std::optional<http_url> parse_http_url(std::string_view text)
{
    http_url out;
    if (!std::all_of(text.begin(), text.end(), is_visible_ascii) || !take_scheme(text, out))
        return std::nullopt;
    const auto end = std::min(text.find_first_of("/?#"), text.size());
    if (!take_authority(text.substr(0, end), out))
        return std::nullopt;
    const auto target = text.substr(end);
    if (target.find('#') != std::string_view::npos)
        return std::nullopt;
    out.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
    return out;
}

} // namespace scopegate::net
