// Step 6: THE decision. One pure function decides for the proxy and for every command; time comes in as an
// argument. Only it makes a permit, and only a permit opens the way to the upstream: forgetting the check
// does not compile.
#pragma once

#include "base/cause.hpp"
#include "base/clock.hpp"
#include "policy/policy.hpp"

#include <string>
#include <variant>
#include <vector>

namespace scopegate::policy {

// A validated token as the decision sees it. Views: must outlive the call only.
struct bearer {
    const json::value& claims;
    const granted_scopes& scopes;
};

class permit final {
public:
    [[nodiscard]] bool observed() const noexcept
    {
        return observed_;
    } // made by observe_instead, not by a decision

private:
    explicit permit(bool observed) noexcept : observed_(observed) {}
    friend struct permit_maker; // decide.cpp only
    bool observed_;
};

// A refusal is more than its reason. Pointers live as long as the policy.
struct denial {
    failure why = reason::internal_error; // its cause is for the operator; the response does not tell it
    const requirement* needs = nullptr; // the requirement in question, where the route was found
    const route* matched = nullptr;     // the matched template, for Allow and the log
    // Of an `any`: the one that lacks fewest, the first of equals; behind them all: none.
    std::size_t alternative = 0;
    scope_set missing;        // of insufficient_scope and scope_limited: what that alternative lacks
    unsigned retry_after = 0; // seconds; of keys_unavailable and the like
    bool dpop = false;        // the token came under the scheme DPoP, or should have: the challenge names it
};

using decision = std::variant<permit, denial>;

// One line of how a decision came about, for `explain`: what was asked and how it came out.
struct step {
    std::string what;
    bool holds = true;
};
using steps = std::vector<step>;

// Whether a token has to be looked at at all: false for `public`, and where no route matched (the answer is
// certain).
[[nodiscard]] bool needs_token(const route_match& match) noexcept;

// Decides. `token` is null where none was taken (then a requirement other than public is no_token). The
// order: route and method, token, scopes, where, acr, max_age; the first that fails is the reason. Where the
// limit took one of the missing scopes from the token the reason is scope_limited: no scope to ask for would
// help; otherwise insufficient_scope. The issuer's clock skew is not granted to max_age: it says how old a
// login may be, not when a token ends; one that lies in the future (by more than a minute) is none. `trace`,
// where given, receives every step; without it an allowing decision allocates nothing.
[[nodiscard]] decision decide(const policy& p, const route_match& match, const bearer* token, wall_time now,
                              steps* trace = nullptr);

// A refusal of what was matched, by someone who did not come to ask decide().
[[nodiscard]] denial refuse(const route_match& match, failure why);

// The second, named maker of permits: observe mode (`mode: observe`, of the file or of the requirement)
// forwards what would be refused. Nothing where the mode is enforce, or where the refusal stays in force
// whatever the mode: step 1's, CONNECT and TRACE, step 4's (malformed credentials, several tokens), a method
// override, step 7's and our own faults. `needs` may be null (a refusal of step 2 or 3): then only the file's
// own mode counts.
[[nodiscard]] std::optional<permit> observe_instead(const policy& p, const requirement* needs, reason why,
                                                    std::string_view method) noexcept;

} // namespace scopegate::policy
