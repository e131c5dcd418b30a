#include "config/urls.hpp"

#include <boost/url/parse.hpp>

#include <algorithm>

namespace scopegate::config {

namespace {

bool is_loopback(const boost::urls::url_view& url)
{
    switch (url.host_type()) {
    case boost::urls::host_type::ipv4:
        return url.host_ipv4_address().is_loopback();
    case boost::urls::host_type::ipv6:
        return url.host_ipv6_address().is_loopback();
    default:
        return url.host() == "localhost";
    }
}

bool is_host_character(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
}

} // namespace

std::optional<web_url> parse_web_url(std::string_view text)
{
    const auto parsed = boost::urls::parse_uri(text);
    if (parsed.has_error())
        return std::nullopt;
    const boost::urls::url_view url = *parsed;
    web_url out;
    out.tls = url.scheme_id() == boost::urls::scheme::https;
    if ((!out.tls && url.scheme_id() != boost::urls::scheme::http) || !url.has_authority() ||
        url.host_type() == boost::urls::host_type::none ||
        url.host_type() == boost::urls::host_type::ipvfuture)
        return std::nullopt;
    out.host = url.host_address();
    if (out.host.empty() || !std::all_of(out.host.begin(), out.host.end(), is_host_character))
        return std::nullopt;
    out.port = out.tls ? 443 : 80;
    if (url.has_port())
        out.port = url.port_number(); // 0 for what does not fit
    if (out.port == 0)
        return std::nullopt;
    out.loopback = is_loopback(url);
    out.has_path = url.encoded_path() != "" && url.encoded_path() != "/";
    out.has_query = url.has_query();
    out.has_fragment = url.has_fragment();
    out.has_user = url.has_userinfo();
    return out;
}

std::string shown_url(std::string_view text)
{
    return text.find('@') == std::string_view::npos ? in_quotes(text) : "this";
}

bool check_fetchable(compilation& c, policy::source_mark at, const std::string& text)
{
    const auto url = parse_web_url(text);
    if (url && url->has_user)
        c.out.error(at, "a URL with user information in it is not fetched");
    else if (!url)
        c.out.error(at, shown_url(text) + " is no https URL");
    else if (!url->tls && !url->loopback)
        c.out.error(at, in_quotes(text) + " must be https: plain http is for loopback hosts only");
    else if (url->has_fragment)
        c.out.error(at, in_quotes(text) + " has a fragment");
    else
        return true;
    return false;
}

} // namespace scopegate::config
