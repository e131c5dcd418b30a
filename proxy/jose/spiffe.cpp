#include "jose/spiffe.hpp"

#include <algorithm>

namespace scopegate::jose {

namespace {

constexpr std::string_view scheme = "spiffe://";
constexpr std::size_t max_trust_domain = 255;
constexpr std::size_t max_id = 2048; // bytes of a SPIFFE ID

bool is_small(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_segment(std::string_view text) noexcept
{
    const auto fits = [](char c) { return is_small(c) || (c >= 'A' && c <= 'Z'); };
    return !text.empty() && text != "." && text != ".." && std::all_of(text.begin(), text.end(), fits);
}

// Checks a path, which begins with `/`.
bool is_path(std::string_view path) noexcept
{
    while (path.starts_with('/')) {
        path.remove_prefix(1);
        const auto segment = path.substr(0, path.find('/'));
        if (!is_segment(segment))
            return false;
        path.remove_prefix(segment.size());
        if (path.empty())
            return true;
    }
    return false;
}

} // namespace

bool names_trust_domain(std::string_view issuer) noexcept
{
    return issuer.starts_with(scheme);
}

bool is_trust_domain(std::string_view text) noexcept
{
    if (!names_trust_domain(text))
        return false;
    text.remove_prefix(scheme.size());
    return !text.empty() && text.size() <= max_trust_domain &&
           std::all_of(text.begin(), text.end(), is_small);
}

result<void> check_trust_domain(const json::value& claims, std::string_view trust_domain)
{
    const auto* sub = claims.find("sub");
    const auto* id = sub != nullptr ? sub->if_string() : nullptr;
    if (id == nullptr || id->size() > max_id || !id->starts_with(trust_domain) ||
        !is_path(std::string_view(*id).substr(trust_domain.size())))
        return failure(reason::unknown_issuer, cause::not_in_trust_domain);
    return {};
}

} // namespace scopegate::jose
