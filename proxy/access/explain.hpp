// How a decision came about, for people and programs: every step of the evaluation, the line of routes.yaml
// behind it, and the response that the proxy would give. No sockets; serves `explain` and the admin listener.
#pragma once

#include "access/evaluation.hpp"
#include "responses/response_book.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace scopegate::access {

struct explanation {
    std::string method, target; // as asked
    std::string path;           // as matched and forwarded; empty where the target is malformed
    bool allowed = false;
    bool observed = false;         // refused, and forwarded all the same: mode: observe
    failure why = reason::allowed; // with its cause, for the operator
    std::vector<std::string>
        near; // of a path without a route, or of another method: what may have been meant
    tokens::unverified::members unverified_claims; // the token's contents; unverified if it was refused
    std::string route;                             // the template; empty: none
    std::string file;                              // routes.yaml
    int line = 0;                                  // in it; 0: nothing in the file is behind it
    std::vector<std::vector<std::string>>
        alternatives;            // the scopes the route needs: one list, or one each of an `any`
    std::size_t alternative = 0; // which of them is meant: the closest, or the one that was met
    std::vector<std::string> missing_scopes;
    // The names that a client asks the issuer for to get the required scopes. Empty if they are the same.
    std::vector<std::string> requested_scopes;
    bool token_seen = false; // a valid token was looked at
    std::vector<std::string> token_scopes, effective_scopes, undeclared_scopes;
    policy::steps steps;
    std::optional<responses::response> answer; // ours; none where the request is forwarded
    bool undecided = false; // an issuer's keys or introspection result were needed, and not available

    // The scopes of the alternative that is meant; empty where the route needs none.
    [[nodiscard]] std::vector<std::string> required_scopes() const;
};

// Brings what an evaluation needs; nothing if that cannot be had.
using provider = std::function<std::optional<tokens::validator::awaited>(const need&)>;

// Without a provider nothing that is needed can be had.
[[nodiscard]] explanation explain(const policy::policy& p, const responses::response_book& book,
                                  const question& request, const token_authority& tokens, wall_time now,
                                  const provider& bring = {});

// Explains a request that the proxy refuses before any decision, because of its framing (`why`).
[[nodiscard]] explanation explain_unread(const policy::policy& p, const responses::response_book& book,
                                         std::string_view method, std::string_view target, failure why);

// Makes the explanation of an allowed request that of one that the proxy refuses to forward, because of its
// fields (`why`).
void refuse_to_forward(const policy::policy& p, const responses::response_book& book, failure why,
                       explanation& e);

// {"decision":"allow"|"deny","observed","status","reason","cause","method","target","path","route","file","line","required_scopes",
// "missing_scopes","requested_scopes","alternatives","token_scopes","effective_scopes","near","unverified","steps":[{"what","holds"}],"answer":{"status","headers",
// "body"}}. `status` and `answer` are null where the API answers; cause, route, file and line if they are
// unknown. `requested_scopes`, `near` and `unverified` are left out where they are empty.
[[nodiscard]] std::string to_json(const explanation& e);

} // namespace scopegate::access
