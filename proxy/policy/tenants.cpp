#include "policy/tenants.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <iterator>

namespace scopegate::policy {

namespace {

constexpr std::string_view placeholders[] = {"{tenant}", "{tenantid}"};
constexpr auto npos = std::string_view::npos;

constexpr bool is_tenant_character(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

// Returns where the path of a URL begins, or npos.
std::size_t begin_of_path(std::string_view url) noexcept
{
    const auto scheme = url.find("://");
    return scheme == npos ? npos : url.find('/', scheme + 3);
}

} // namespace

bool is_tenant(std::string_view text) noexcept
{
    constexpr std::string_view shared[] = {"common", "organizations", "consumers"};
    return !text.empty() && text.size() <= longest_tenant &&
           std::all_of(text.begin(), text.end(), is_tenant_character) &&
           text.find_first_not_of('.') != npos &&
           std::none_of(std::begin(shared), std::end(shared),
                        [text](std::string_view name) { return iequals(text, name); });
}

std::optional<std::string_view> tenant_pattern::tenant_in(std::string_view name) const noexcept
{
    if (name.size() <= before.size() + after.size() || !name.starts_with(before) || !name.ends_with(after))
        return std::nullopt;
    const auto tenant = name.substr(before.size(), name.size() - before.size() - after.size());
    return is_tenant(tenant) ? std::optional(tenant) : std::nullopt;
}

std::string tenant_pattern::name_of(std::string_view tenant) const
{
    return std::string(before).append(tenant).append(after);
}

bool tenant_pattern::is_written_as(std::string_view text) const
{
    return std::any_of(std::begin(placeholders), std::end(placeholders),
                       [&](std::string_view placeholder) { return text == name_of(placeholder); });
}

std::optional<tenant_pattern> tenant_pattern_of(std::string_view url)
{
    const auto begin = url.find('{');
    const auto path = begin_of_path(url);
    if (begin == npos || path == npos || begin <= path || url.find_first_of("?#") < begin)
        return std::nullopt;
    const auto end = std::min(url.find('}', begin), url.size() - 1) + 1;
    const auto placeholder = url.substr(begin, end - begin);
    const bool known =
        std::find(std::begin(placeholders), std::end(placeholders), placeholder) != std::end(placeholders);
    const bool whole = url[begin - 1] == '/' && (end == url.size() || url[end] == '/');
    if (!known || !whole || url.find_first_of("{}", end) != npos)
        return std::nullopt;
    return tenant_pattern{std::string(url.substr(0, begin)), std::string(url.substr(end))};
}

} // namespace scopegate::policy
