#include "base/forward_proxy.hpp"

#include "base/percent.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <stdexcept>

#include <arpa/inet.h>

namespace scopegate {

namespace {

constexpr auto npos = std::string_view::npos;

// An address in the form of IPv6; IPv4 is mapped (::ffff:a.b.c.d).
using address_bytes = std::array<std::uint8_t, 16>;

struct parsed_address {
    address_bytes bytes{};
    bool v4 = false;
};

std::optional<parsed_address> address_of(const std::string& text)
{
    parsed_address out;
    if (::inet_pton(AF_INET6, text.c_str(), out.bytes.data()) == 1)
        return out;
    out.bytes = {};
    out.bytes[10] = out.bytes[11] = 0xFF;
    out.v4 = true;
    return ::inet_pton(AF_INET, text.c_str(), out.bytes.data() + 12) == 1 ? std::optional(out) : std::nullopt;
}

bool agree(const address_bytes& a, const address_bytes& b, unsigned bits)
{
    for (unsigned i = 0; i < bits; ++i)
        if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) != 0)
            return false;
    return true;
}

std::optional<unsigned> number_in(std::string_view digits, unsigned most)
{
    unsigned number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = !digits.empty() && error == std::errc() && end == digits.data() + digits.size();
    return whole && number <= most ? std::optional(number) : std::nullopt;
}

std::string_view without_last_dot(std::string_view name)
{
    return name.substr(0, name.size() - (name.ends_with('.') ? 1 : 0));
}

bool covers_address(std::string_view entry, const std::string& host)
{
    const auto slash = entry.find('/');
    const auto base = address_of(std::string(entry.substr(0, slash)));
    const auto address = address_of(host);
    if (!base || !address || base->v4 != address->v4)
        return false;
    const unsigned widest = base->v4 ? 32 : 128;
    const auto prefix = slash == npos ? std::optional(widest) : number_in(entry.substr(slash + 1), widest);
    return prefix && agree(base->bytes, address->bytes, *prefix + (128 - widest));
}

bool covers_name(std::string_view entry, std::string_view host)
{
    if (entry.starts_with("*."))
        entry.remove_prefix(1);
    if (entry.starts_with('.'))
        entry.remove_prefix(1);
    entry = without_last_dot(entry);
    host = without_last_dot(host);
    if (entry.empty() || entry.size() > host.size() ||
        !iequals(host.substr(host.size() - entry.size()), entry))
        return false;
    return entry.size() == host.size() || host[host.size() - entry.size() - 1] == '.';
}

// Removes a port from the end of an entry, and the brackets of an IPv6 address. Returns 0 if the entry names
// no port, and nothing if the port is invalid.
std::optional<unsigned> take_port(std::string_view& entry)
{
    const auto colon = entry.rfind(':');
    const bool brackets = entry.starts_with('[');
    const auto closing = entry.find(']');
    const bool has_port =
        brackets ? closing != npos && colon == closing + 1 : colon != npos && colon == entry.find(':');
    std::optional<unsigned> port = 0;
    if (has_port) {
        port = number_in(entry.substr(colon + 1), 65535);
        entry = entry.substr(0, colon);
    }
    if (brackets && entry.ends_with(']'))
        entry = entry.substr(1, entry.size() - 2);
    return port;
}

bool covers(std::string_view entry, const web_url& url)
{
    if (entry == "*")
        return true;
    const auto port = take_port(entry);
    if (!port || (*port != 0 && *port != url.port))
        return false;
    if (address_of(url.host))
        return covers_address(entry, url.host);
    return covers_name(entry, url.host);
}

// Returns the decoded user information, or nothing if a proxy can't be told it. A colon in the user's name
// would end the name (RFC 7617 section 2).
std::optional<secret> credentials_in(std::string_view user_information)
{
    const auto colon = user_information.find(':');
    const auto user = user_information.substr(0, colon);
    for (auto at = user_information.find('%'); at != npos; at = user_information.find('%', at + 1))
        if (!starts_with_triplet(user_information.substr(at)))
            return std::nullopt;
    auto pair = percent_decode(user_information);
    const wiped_at_end wiped(pair);
    const bool has_control = std::any_of(
        pair.begin(), pair.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7F'; });
    auto name = percent_decode(user);
    const wiped_at_end wiped_name(name);
    if (has_control || name.find(':') != std::string::npos)
        return std::nullopt;
    return secret(colon == npos ? pair + ":" : pair);
}

std::string shown_authority(const web_url& url)
{
    const bool v6 = url.host.find(':') != std::string::npos;
    return (v6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

} // namespace

void throw_exception_from_error(const proxy_problem& p, const boost::source_location&)
{
    throw std::runtime_error(p.why);
}

boost::system::result<forward_proxy, proxy_problem> parse_forward_proxy(std::string_view text)
{
    const auto parts = split_url(text);
    if (parts && iequals(parts->scheme.substr(0, 5), "socks"))
        return proxy_problem{" is a SOCKS proxy, and only HTTP proxies are supported: http://host:port"};
    const auto url = parse_web_url(text);
    if (!url || !parts)
        return proxy_problem{" is not the URL of a proxy such as http://proxy.internal:3128"};
    if (url->tls)
        return proxy_problem{" asks for TLS to the proxy itself, which is not supported: write http://. What "
                             "passes through the proxy is protected by the issuer's own TLS"};
    if (url->has_path() || !url->query.empty() || url->has_fragment)
        return proxy_problem{" has a path or query, which a proxy does not have"};
    forward_proxy out;
    out.host = url->host;
    out.port = url->port;
    out.authority = shown_authority(*url);
    const auto user =
        parts->authority.substr(0, std::min(parts->authority.rfind('@'), parts->authority.size()));
    if (url->has_user && !user.empty()) {
        auto credentials = credentials_in(user);
        if (!credentials)
            return proxy_problem{" has a user or password that no proxy can be told: percent-encode it, "
                                 "without control characters and without a colon in the user's name"};
        out.credentials = std::move(*credentials);
    }
    return out;
}

proxy_exceptions::proxy_exceptions(std::string_view list)
{
    constexpr auto separators = ", \t";
    while (true) {
        list.remove_prefix(std::min(list.find_first_not_of(separators), list.size()));
        if (list.empty())
            return;
        const auto entry = list.substr(0, list.find_first_of(separators));
        list.remove_prefix(entry.size());
        entries_.emplace_back(entry);
    }
}

bool proxy_exceptions::cover(const web_url& url) const
{
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const std::string& entry) { return covers(entry, url); });
}

const forward_proxy* proxy_choice::of(const web_url& url) const
{
    const auto& proxy = url.tls ? https : http;
    return proxy && !url.loopback && !direct.cover(url) ? &*proxy : nullptr;
}

environment_proxies
proxies_of(const std::function<std::optional<std::string>(const std::string& name)>& environment)
{
    environment_proxies out;
    // Returns the first of the variables that has a value, and sets `name` to it.
    const auto first = [&](std::initializer_list<const char*> names, std::string& name) -> std::string {
        for (const auto* each : names)
            if (auto value = environment(each); value && !value->empty()) {
                name = each;
                return std::move(*value);
            }
        return {};
    };
    const auto take = [&](std::initializer_list<const char*> names, std::string& name, std::string& problem,
                          std::optional<forward_proxy>& into) {
        auto value = first(names, name);
        const wiped_at_end wiped(value);
        if (name.empty())
            return;
        if (value.find("://") == std::string::npos)
            value.insert(0, "http://");
        if (auto proxy = parse_forward_proxy(value))
            into = std::move(*proxy);
        else
            problem = proxy.error().why;
    };
    take({"https_proxy", "HTTPS_PROXY"}, out.https_name, out.https_problem, out.choice.https);
    take({"http_proxy"}, out.http_name, out.http_problem, out.choice.http);
    std::string ignored;
    out.choice.direct = proxy_exceptions(first({"no_proxy", "NO_PROXY"}, ignored));
    return out;
}

} // namespace scopegate
