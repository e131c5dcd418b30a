#include "policy/settings.hpp"

#include "policy/wording.hpp"

#include <algorithm>

namespace scopegate::policy {

namespace {

std::vector<std::string> own_timeouts(const timeouts& own, const timeouts& of_server)
{
    std::vector<std::string> out;
    const auto add = [&](const char* name, std::optional<timeouts::ms> mine,
                         std::optional<timeouts::ms> other) {
        if (mine && mine != other)
            out.push_back(std::string(name) + ": " +
                          in_units(static_cast<std::uint64_t>(mine->count()), duration_units));
    };
    add("upstream_response", own.upstream_response, of_server.upstream_response);
    add("response_pause", own.response_pause, of_server.response_pause);
    add("body", own.body, of_server.body);
    add("stream", own.stream, of_server.stream);
    add("half_closed", own.half_closed, of_server.half_closed);
    return out;
}

} // namespace

std::string to_text(const endpoint& e)
{
    if (e.is_unix())
        return "unix:" + e.unix_path;
    const bool v6 = e.host.find(':') != std::string::npos;
    return (v6 ? "[" + e.host + "]" : e.host) + ":" + std::to_string(e.port);
}

std::vector<std::string> upstream_settings::urls() const
{
    std::vector<std::string> out;
    for (const auto& one : addresses)
        out.push_back((one.is_unix() ? "" : tls ? "https://" : "http://") + to_text(one));
    return out;
}

std::string upstream_settings::own_host() const
{
    const auto& first = addresses.front();
    if (first.is_unix())
        return "localhost";
    const auto text = to_text(first);
    return first.port == (tls ? 443 : 80) ? text.substr(0, text.rfind(':')) : text;
}

std::string describe(const route_settings& own, const route_settings& of_server)
{
    std::vector<std::string> out;
    if (const auto timeouts = own_timeouts(own.timeouts, of_server.timeouts); !timeouts.empty())
        out.push_back("timeouts: {" + enumerate(timeouts, ", ") + "}");
    if (own.body != of_server.body)
        out.push_back("body: " + in_units(own.body, size_units));
    if (own.strip_authorization != of_server.strip_authorization)
        out.emplace_back(own.strip_authorization ? "authorization: strip" : "authorization: forward");
    return enumerate(out, ", ");
}

std::vector<std::string> issuer_settings::fetched_urls() const
{
    std::vector<std::string> out;
    const auto of_a_tenant = [](const std::optional<tenant_pattern>& named, const std::string& otherwise) {
        return named ? named->name_of("tenant") : otherwise;
    };
    if (fetches_keys())
        out.push_back(keys.where == key_location::kind::url ? of_a_tenant(key_pattern, keys.value)
                                                            : of_a_tenant(pattern, issuer));
    if (introspection)
        out.push_back(introspection->url);
    return out;
}

bool network::contains(const std::array<std::uint8_t, 16>& other) const noexcept
{
    const std::size_t whole_bytes = std::min<std::size_t>(prefix / 8, address.size());
    if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole_bytes),
                    other.begin()))
        return false;
    if (whole_bytes == address.size())
        return true;
    // With no remaining bits the mask is empty.
    const auto mask = static_cast<std::uint8_t>(0xFFU << (8 - prefix % 8));
    return ((address[whole_bytes] ^ other[whole_bytes]) & mask) == 0;
}

} // namespace scopegate::policy
