// The names of an authorization server's tenants: `https://login.example.com/{tenant}/v2.0`, where one whole
// segment of the path stands for the tenant. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::policy {

inline constexpr std::size_t longest_tenant = 64;

// Returns whether the text can be a tenant: one to 64 characters of `A-Z a-z 0-9 . _ -`. Dots alone are
// refused, because a URL with `..` leads elsewhere. So are the names of endpoints that serve several tenants
// (`common`, `organizations`, `consumers`): no tenant has them.
[[nodiscard]] bool is_tenant(std::string_view text) noexcept;

// A name or URL with a placeholder.
struct tenant_pattern {
    std::string before, after; // the text around the placeholder

    // Returns the tenant of a name that fits the pattern byte for byte: a view into `name`.
    [[nodiscard]] std::optional<std::string_view> tenant_in(std::string_view name) const noexcept;
    // Returns the name of this tenant.
    [[nodiscard]] std::string name_of(std::string_view tenant) const;
    // Returns whether `text` is the pattern itself, with one of the placeholders that servers use.
    [[nodiscard]] bool is_written_as(std::string_view text) const;
    bool operator==(const tenant_pattern&) const = default;
};

// Finds `{tenant}` or `{tenantid}` in a URL. Returns it only if it occurs once, as a whole segment of the
// path.
[[nodiscard]] std::optional<tenant_pattern> tenant_pattern_of(std::string_view url);

} // namespace scopegate::policy
