// Effective scopes (spec 2.4): a token's scopes with all that they imply, cut down to what the user's
// permissions and roles allow. Pure; serves the proxy, explain and the admin listener's /limit alike.
#pragma once

#include "base/json.hpp"
#include "policy/scopes.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::policy {

struct limit {
    struct roles {
        json::path claim; // a string, or an array of strings
        std::map<std::string, scope_set, std::less<>>
            allow; // role -> the scopes it allows, with what they imply
    };
    std::optional<json::path> permissions; // a claim that lists scopes (array, or string split at spaces)
    std::optional<roles> by_role;
    bool absent_allows_all = false; // `absent: all`: a token without the claim keeps its scopes

    [[nodiscard]] bool active() const noexcept { return permissions || by_role; }
};

// The scopes that the claims allow, or nothing where no limit applies (none configured, or the claim is
// absent or null and `absent: all`). Both permissions and roles: what both allow.
[[nodiscard]] std::optional<scope_set> allowed_scopes(const limit& rules, const scope_registry& scopes,
                                                      const json::value& claims);

struct granted_scopes {
    scope_set token;     // the token's declared scopes, with what they imply
    scope_set effective; // those that the limit leaves
};

// `token_scopes`: the names in the token; those that the file does not declare play no part.
[[nodiscard]] granted_scopes grant(const limit& rules, const scope_registry& scopes,
                                   const json::value& claims, std::span<const std::string_view> token_scopes);

struct cut_scopes {
    std::vector<std::string> scopes;  // to issue, each once
    std::vector<std::string> removed; // asked for and not allowed
};

// The rule behind `POST /limit`, for an authorization server while it issues a token: of the scopes asked
// for, those that the claims allow. In the place of one that falls away comes what it implies and is allowed,
// in the order of the file. Scopes that the file does not declare (`openid`) pass.
[[nodiscard]] cut_scopes cut_down(const limit& rules, const scope_registry& scopes, const json::value& claims,
                                  const std::vector<std::string>& asked);

} // namespace scopegate::policy
