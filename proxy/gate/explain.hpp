// How a decision came about, for people and programs: the verdict of gate::authorize, every step of it, the
// line of routes.yaml behind it, and the answer that the proxy would give. No sockets; serves `explain` and
// the admin listener.
#pragma once

#include "answers/answer_book.hpp"
#include "gate/authorize.hpp"

#include <optional>
#include <string>
#include <vector>

namespace scopegate::gate {

struct explanation {
    std::string method, target; // as asked
    std::string path;           // as matched and forwarded; empty where step 2 refused the target
    bool allowed = false;
    bool observed = false; // refused, and forwarded all the same: mode: observe
    reason why = reason::allowed;
    cause detail = cause::none; // of it, for the operator
    std::vector<std::string>
        near; // of a path without a route, or of another method: what may have been meant
    tokens::unverified::members said; // what the token says; of a refused one unverified
    std::string route;                // the template; empty: none
    std::string file;                 // routes.yaml
    int line = 0;                     // in it; 0: nothing in the file is behind it
    std::vector<std::vector<std::string>>
        alternatives;            // the scopes the route needs: one list, or one each of an `any`
    std::size_t alternative = 0; // which of them is meant: the closest, or the one that was met
    std::vector<std::string> missing_scopes;
    bool token_seen = false; // a valid token was looked at
    std::vector<std::string> token_scopes, effective_scopes, undeclared_scopes;
    policy::steps steps;
    std::optional<answers::answer> answer; // ours; none where the request is forwarded
    int wait_for_issuer = -1;              // >= 0: not decided: that issuer's keys are not at hand

    // The scopes of the alternative that is meant; empty where the route needs none.
    [[nodiscard]] std::vector<std::string> required_scopes() const;
};

[[nodiscard]] explanation explain(const policy::policy& p, const answers::answer_book& book,
                                  const access_request& request, token_authority& tokens, wall_time now);

// {"decision":"allow"|"deny","observed","status","reason","cause","method","target","path","route","file","line","required_scopes",
// "missing_scopes","alternatives","token_scopes","effective_scopes","near","unverified","steps":[{"what","holds"}],"answer":{"status","headers",
// "body"}}. `status` and `answer` are null where the API answers; cause, route, file and line if they are
// unknown. `near` and `unverified` are left out where they are empty.
[[nodiscard]] std::string to_json(const explanation& e);

} // namespace scopegate::gate
