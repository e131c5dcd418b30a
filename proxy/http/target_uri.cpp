#include "http/target_uri.hpp"

#include "base/text.hpp"
#include "http/chars.hpp"
#include "http/host.hpp"

#include <cstdint>

namespace scopegate::http {

namespace {

struct origin {
    std::string_view host; // with the brackets of an IPv6 address
    std::uint32_t port = 0;
};

// `authority` is one, see is_host.
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

bool same_origin(std::string_view a, std::string_view b, bool tls) noexcept
{
    const auto left = split(a, tls), right = split(b, tls);
    return left.port == right.port && iequals(left.host, right.host);
}

} // namespace

bool names_target(std::string_view uri, const target_uri& target, const path_rules& rules,
                  std::string& scratch)
{
    if (!is_host(target.authority))
        return false;
    uri = uri.substr(0, uri.find('#'));
    const std::string_view scheme = target.tls ? "https://" : "http://";
    if (!iequals(uri.substr(0, scheme.size()), scheme))
        return false;
    const auto said = normalise_target(uri, "GET", rules, scratch);
    if (!said || !same_origin(said->authority, target.authority, target.tls))
        return false;
    return said->path.starts_with(target.prefix) && said->path.substr(target.prefix.size()) == target.path;
}

} // namespace scopegate::http
