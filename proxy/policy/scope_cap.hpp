// Effective scopes: a token's scopes with all that they imply, reduced by the scope cap (`limit:` in the
// file) to what the user's permissions and roles allow. Pure. Used by the proxy, explain and the admin
// listener's /limit alike.
#pragma once

#include "jose/names_claim.hpp"
#include "policy/scopes.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::policy {

struct scope_cap {
    struct roles {
        roles() : claim(json::path(), jose::names_claim::form::text_or_keys) {}

        jose::names_claim claim;
        // role -> the scopes it allows, with what they imply
        std::map<std::string, scope_set, std::less<>> allow;
    };
    std::optional<jose::names_claim> permissions; // a claim that lists scopes
    std::optional<roles> by_role;
    bool absent_allows_all = false; // `absent: all`: a token without the claim keeps its scopes

    [[nodiscard]] bool active() const noexcept { return permissions || by_role; }
};

// Returns the scopes that the claims allow. If both permissions and roles are configured, both must allow a
// scope. Returns nothing if no cap applies: none is configured, or `absent: all` is set and the claim is
// absent or null.
[[nodiscard]] std::optional<scope_set> allowed_scopes(const scope_cap& cap, const scope_registry& scopes,
                                                      const json::value& claims);

struct granted_scopes {
    scope_set token;     // the token's declared scopes, with what they imply
    scope_set effective; // those that the cap leaves
};

// Returns the scopes that the token grants. `token_scopes` are the names in the token. Names that the file
// does not declare are ignored. `grants` are the scopes that the token's issuer may grant, with what they
// imply; null: all.
[[nodiscard]] granted_scopes grant(const scope_cap& cap, const scope_registry& scopes,
                                   const json::value& claims, std::span<const std::string_view> token_scopes,
                                   const scope_set* grants = nullptr);

struct capped_scopes {
    std::vector<std::string> scopes;  // to issue, each once
    std::vector<std::string> removed; // asked for but not allowed
};

// Implements `POST /limit`, for an authorization server that is issuing a token. Returns those of the
// requested scopes that the claims allow. A removed scope is replaced by the scopes that it implies and that
// are allowed, in the order of the file. Scopes that the file does not declare (`openid`) pass.
[[nodiscard]] capped_scopes cap_scopes(const scope_cap& cap, const scope_registry& scopes,
                                       const json::value& claims, const std::vector<std::string>& asked);

} // namespace scopegate::policy
