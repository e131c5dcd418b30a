#include "config/urls.hpp"

namespace scopegate::config {

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

bool check_fetchable(compilation& c, const node& n, bool plain_http, std::string_view way_out)
{
    const auto url = parse_web_url(n.text);
    if (url && url->has_user)
        c.out.error(n.at, "a URL with user information is not fetched; remove it");
    else if (!url)
        c.out.error(n.at, shown_url(n) + " is not an https URL");
    else if (!url->is_protected() && !plain_http)
        c.out.error(n.at, shown_url(n) + " must be https: plain http is for loopback hosts only" +
                              std::string(way_out));
    else if (url->has_fragment)
        c.out.error(n.at, shown_url(n) + " has a fragment");
    else
        return true;
    return false;
}

} // namespace scopegate::config
