// The decision. One pure function decides for the proxy and for every command; time is an argument. Only
// decide() and observe_instead() make a permit, and only a permit gives access to the upstream: code that
// skips the check does not compile.
#pragma once

#include "base/cause.hpp"
#include "base/clock.hpp"
#include "policy/policy.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace scopegate::policy {

// A validated token as the decision sees it. The views must outlive only the call.
struct bearer {
    const json::value& claims;
    const granted_scopes& scopes;
    std::size_t issuer = 0;         // index into policy::issuers
    std::string_view issuer_name{}; // of a tenant of `tenants: any`; empty: the name in policy::issuers
    std::uint64_t resources = ~std::uint64_t{0}; // bit n: its audience fits requirement::resource n
};

// The input of a decision besides the request and its token.
struct circumstances {
    circumstances(wall_time at, const client_address* from = nullptr) noexcept // NOLINT: implicit
        : now(at), client(from)
    {
    }
    wall_time now;
    const client_address* client; // null: not known; it is in no network
};

class permit final {
public:
    // Returns whether observe_instead made it rather than a decision.
    [[nodiscard]] bool observed() const noexcept { return observed_; }

private:
    explicit permit(bool observed) noexcept : observed_(observed) {}
    friend struct permit_maker; // decide.cpp only
    bool observed_;
};

// A refusal with everything that the response and the log need. Pointers live as long as the policy.
struct denial {
    failure why = reason::internal_error; // its cause is for the operator; not part of the response
    const requirement* needs = nullptr;   // the requirement in question, if the route was found
    const route* matched = nullptr;       // the matched template, for Allow and the log
    // For an `any`: the alternative that lacks the fewest scopes, the first of equals. An index past the end
    // means none.
    std::size_t alternative = 0;
    scope_set missing; // for insufficient_scope and scope_limited: what that alternative lacks
    bool dpop = false; // the token used the scheme DPoP, or should have: the challenge names it
};

using decision = std::variant<permit, denial>;

// One line of the explanation of a decision, for `explain`: the check and its result.
struct step {
    std::string what;
    bool holds = true;
};
using steps = std::vector<step>;

// Returns whether a token must be read at all. False for `public`, and if no route matched (the response is
// certain).
[[nodiscard]] bool needs_token(const route_match& match) noexcept;

// Returns why a match that has no requirement is refused.
[[nodiscard]] reason why_unmatched(const route_match& match) noexcept;

// Decides. `token` is null if the request has none; requirements other than public then yield no_token. The
// checks run in this order: route and method, ip, token, resource, scopes, where, client, issuer, acr,
// max_age. The first failure is the reason. If the scope cap or the issuer's grants removed a missing scope
// from the token, the reason is scope_limited, because no scope to ask for would help; for the grants its
// cause is scope_not_granted. Otherwise it is insufficient_scope. max_age grants
// no clock skew: it limits the age of a login, not the end of a token. A login more than a minute in the
// future is invalid. `trace`, if given, receives every step. Without it, a permit allocates nothing.
[[nodiscard]] decision decide(const policy& p, const route_match& match, const bearer* token,
                              const circumstances& around, steps* trace = nullptr);

// Returns whether decide() refuses the match whatever token comes, so that no token needs to be verified.
[[nodiscard]] bool is_refused_without_token(const route_match& match, const circumstances& around) noexcept;

// Makes a denial for code that refuses a match without calling decide().
[[nodiscard]] denial refuse(const route_match& match, failure why);

// Makes a permit in observe mode (`mode: observe`, of the file or of the requirement), which forwards
// requests that would be refused. Returns nothing in enforce mode. These refusals are enforced in any mode:
// - refusals of the head and the framing;
// - CONNECT and TRACE, and method overrides;
// - malformed credentials, and several tokens;
// - errors of the upstream, and our own limits and errors.
// `needs` is null for refusals by target normalization or the route match. Only the file's own mode counts
// then.
[[nodiscard]] std::optional<permit> observe_instead(const policy& p, const requirement* needs, reason why,
                                                    std::string_view method) noexcept;

} // namespace scopegate::policy
