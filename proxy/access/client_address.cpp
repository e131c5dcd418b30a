#include "access/client_address.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace scopegate::access {

namespace {

using address = std::optional<net::address_bytes>;
using http::field_id;

// Nobody has so many proxies of their own in a row; without a bound a client that is itself trusted could
// choose.
constexpr std::size_t max_hops = 32;
constexpr std::string_view blanks = " \t";
constexpr std::string_view digits = "0123456789";

bool is_trusted(const policy::policy& p, const net::address_bytes& who) noexcept
{
    const auto& trusted = p.server.trusted_proxies;
    return std::any_of(trusted.begin(), trusted.end(),
                       [&](const policy::network& n) { return n.contains(who); });
}

std::string_view trimmed(std::string_view s) noexcept
{
    s.remove_prefix(std::min(s.find_first_not_of(blanks), s.size()));
    return s.substr(0, s.find_last_not_of(blanks) + 1);
}

// `:443`, or an obfuscated port (`:_a`, RFC 7239 section 6.3); or nothing.
bool is_port_or_empty(std::string_view s) noexcept
{
    if (s.empty())
        return true;
    const auto port = s.substr(1);
    if (s.front() != ':' || port.empty())
        return false;
    return port.front() == '_' ||
           (port.size() <= 5 && port.find_first_not_of(digits) == std::string_view::npos);
}

// An address as proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`,
// `[2001:db8::1]:4711`.
address read_node(std::string_view node) noexcept
{
    if (node.starts_with('[')) {
        const auto end = node.find(']');
        const auto inside = node.substr(1, end == std::string_view::npos ? end : end - 1);
        if (end == std::string_view::npos || !is_port_or_empty(node.substr(end + 1)) ||
            inside.find(':') == std::string_view::npos)
            return std::nullopt;
        return net::parse_address(inside);
    }
    const auto colon = node.find(':');
    const bool one_colon = colon != std::string_view::npos && node.rfind(':') == colon;
    if (one_colon && !is_port_or_empty(node.substr(colon)))
        return std::nullopt;
    return net::parse_address(one_colon ? node.substr(0, colon) : node);
}

// Takes the value of a pair from the start of `rest`: without its quotes, or nothing where it is malformed.
std::optional<std::string_view> take_value(std::string_view& rest) noexcept
{
    if (rest.starts_with('"')) {
        const auto end = rest.find_first_of("\"\\", 1); // no address needs an escape
        if (end == std::string_view::npos || rest[end] == '\\')
            return std::nullopt;
        const auto value = rest.substr(1, end - 1);
        rest.remove_prefix(end + 1);
        return value;
    }
    const auto value = rest.substr(0, rest.find_first_of("\"\\;, \t"));
    rest.remove_prefix(value.size());
    return value;
}

// The `for` of one forwarded-element (RFC 7239 section 4); nothing unless the whole element is well-formed. A
// client may have opened a quoted string that a proxy's comma stands in, or hidden an element in one: what is
// cut out of a quoted string has an odd quote, and is malformed.
address read_element(std::string_view element) noexcept
{
    address found;
    bool named = false;
    for (auto rest = element; !rest.empty();) {
        const auto name = trimmed(rest.substr(0, std::min(rest.find('='), rest.size())));
        rest.remove_prefix(std::min(rest.find('='), rest.size() - 1) + 1);
        const auto value = take_value(rest);
        rest = trimmed(rest);
        if (!http::is_token(name) || !value || value->empty() || (!rest.empty() && rest.front() != ';'))
            return std::nullopt;
        rest.remove_prefix(rest.empty() ? 0 : 1);
        if (!iequals(name, "for"))
            continue;
        if (std::exchange(named, true))
            return std::nullopt;
        found = read_node(*value);
    }
    return found;
}

// Takes the last element off a comma-separated list.
std::string_view take_last(std::string_view& list) noexcept
{
    const auto comma = list.rfind(',');
    const auto element = list.substr(comma == std::string_view::npos ? 0 : comma + 1);
    list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
    return trimmed(element);
}

struct walked {
    bool any = false; // the list has an entry
    address found;
};

// Walks over the trusted proxies of a list, which may be spread over several fields, from its end.
template <class Read>
walked walk(const policy::policy& p, const http::field_list& fields, field_id id, Read read) noexcept
{
    walked out;
    std::size_t hops = 0;
    for (auto f = fields.rbegin(); f != fields.rend(); ++f) {
        if (f->id != id || f->underscore)
            continue;
        for (auto list = f->value; !list.empty();) {
            const auto element = take_last(list);
            if (element.empty())
                continue;
            out.any = true;
            const auto hop = hops++ < max_hops ? read(element) : std::nullopt;
            if (!hop)
                return out;
            out.found = hop;
            if (!is_trusted(p, *hop))
                return out;
        }
    }
    return out;
}

address real_ip(const http::field_list& fields) noexcept
{
    address found;
    bool named = false;
    for (const auto& f : fields) {
        if (f.id != field_id::x_real_ip || f.underscore)
            continue;
        if (std::exchange(named, true))
            return std::nullopt;
        found = read_node(f.value);
    }
    return found;
}

} // namespace

bool is_trusted_proxy(const policy::policy& p, const net::peer& who) noexcept
{
    return who.is_ip && is_trusted(p, who.address);
}

std::optional<net::address_bytes> forwarded_address(const policy::policy& p, const net::peer& who,
                                                    const http::field_list& fields) noexcept
{
    if (!is_trusted_proxy(p, who))
        return std::nullopt;
    if (const auto list = walk(p, fields, field_id::x_forwarded_for, read_node); list.any)
        return list.found;
    if (const auto list = walk(p, fields, field_id::forwarded, read_element); list.any)
        return list.found;
    return real_ip(fields);
}

std::optional<net::address_bytes> client_address(const policy::policy& p, const net::peer& who,
                                                 const http::field_list& fields) noexcept
{
    if (const auto forwarded = forwarded_address(p, who, fields))
        return forwarded;
    return who.is_ip ? address(who.address) : std::nullopt;
}

} // namespace scopegate::access
