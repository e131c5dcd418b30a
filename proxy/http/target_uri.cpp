#include "http/target_uri.hpp"

#include "base/text.hpp"
#include "http/host.hpp"

namespace scopegate::http {

std::optional<written_uri> read_target_uri(std::string_view uri, const path_rules& rules,
                                           std::string& scratch)
{
    uri = uri.substr(0, uri.find('#'));
    constexpr std::string_view https = "https://", http = "http://";
    const bool tls = iequals(uri.substr(0, https.size()), https);
    if (!tls && !iequals(uri.substr(0, http.size()), http))
        return std::nullopt;
    const auto target = normalize_target(uri, "GET", rules, scratch);
    if (!target || !is_host(target->authority))
        return std::nullopt;
    return written_uri{tls, target->authority, target->path};
}

bool names_target(const written_uri& uri, const target_uri& target) noexcept
{
    return uri.tls == target.tls && is_host(target.authority) &&
           same_origin(uri.authority, target.authority, target.tls) && uri.path.starts_with(target.prefix) &&
           uri.path.substr(target.prefix.size()) == target.path;
}

bool names_target(std::string_view uri, const target_uri& target, const path_rules& rules,
                  std::string& scratch)
{
    const auto written = read_target_uri(uri, rules, scratch);
    return written && names_target(*written, target);
}

} // namespace scopegate::http
