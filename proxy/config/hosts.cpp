#include "config/hosts.hpp"

#include "base/text.hpp"
#include "config/urls.hpp"
#include "config/values.hpp"
#include "http/chars.hpp"
#include "http/host.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

std::string lower_case(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), ascii_lower);
    return out;
}

// Accepts letters, digits, `-`, `.` and `_`, or an address in brackets, with an optional `:` and a port from
// 1 on.
bool is_plain_authority(std::string_view text) noexcept
{
    const auto plain = [](char c) {
        return (http::is(http::char_class::unreserved, c) && c != '~') || c == ':' || c == '[' || c == ']';
    };
    if (!http::is_host(text) || !std::all_of(text.begin(), text.end(), plain))
        return false;
    const auto colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
    return colon == text.npos || text.find_first_not_of('0', colon + 1) != text.npos;
}

std::string what_is_wrong_with(std::string_view text)
{
    constexpr auto form = "write the host alone, as in \"api.example.com\" or \"api.example.com:8443\"";
    if (text.find("://") != text.npos)
        return std::string(" is a URL: ") + form;
    if (text.find('*') != text.npos)
        return " has a wildcard, which no client sends: list each host";
    return std::string(" is not a host: ") + form;
}

std::string authority_of(const web_url& url)
{
    auto out = lower_case(url.host);
    if (out.find(':') != out.npos)
        out = '[' + out + ']';
    const unsigned usual = url.tls ? 443 : 80;
    return url.port == usual ? out : out + ':' + std::to_string(url.port);
}

} // namespace

void read_hosts(compilation& c, const node& value, std::vector<std::string>& into)
{
    for (const auto& [text, at, shown] : read_text_list(c, value)) {
        if (!is_plain_authority(text))
            c.out.error(at, shown + what_is_wrong_with(text));
        else if (auto host = lower_case(text); std::find(into.begin(), into.end(), host) == into.end())
            into.push_back(std::move(host));
    }
}

void collect_authorities(policy::policy& p, bool resource_is_written)
{
    const auto& outside = p.server.external_url;
    auto& all = p.server.authorities;
    if (outside)
        all.push_back({lower_case(outside->authority), outside->tls, outside->prefix});
    // For the authority of external_url, its scheme and prefix apply: another path there may belong to
    // another API.
    const auto add = [&](std::string authority, std::optional<bool> tls) {
        if (!outside || !http::same_origin(authority, outside->authority, outside->tls))
            all.push_back({std::move(authority), tls, {}});
    };
    for (const auto& host : p.server.hosts)
        add(host, std::nullopt);
    const auto add_url = [&](const std::string& text) {
        if (const auto url = parse_web_url(text))
            add(authority_of(*url), url->tls);
    };
    if (resource_is_written)
        add_url(p.metadata.resource);
    for (const auto& resource : p.metadata.resources)
        add_url(resource.resource);
}

} // namespace scopegate::config
