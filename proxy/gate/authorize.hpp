// Steps 2 to 6 of a request's way as one plain function without sockets: normalise, match, take the token,
// validate it, decide. The proxy, `explain` and `test` all go through here, so that they can't disagree.
#pragma once

#include "http/head_parser.hpp"
#include "http/target.hpp"
#include "policy/decide.hpp"
#include "tokens/validator.hpp"

#include <string>
#include <string_view>

namespace scopegate::gate {

// What is asked. Views: must outlive the verdict.
struct access_request {
    std::string_view method;
    std::string_view target; // as sent
    std::string_view host; // the Host field: an absolute-form target must agree with it; empty: not compared
    const http::field_list* fields = nullptr; // where the token is taken from; null: there are none
};

// Where claims come from: a worker's validator, or (explain --scope, --claims) a token that is given as valid
// already.
struct token_authority {
    tokens::validator* validator = nullptr;
    tokens::token_ptr given;
    bool waited = false; // the caller has awaited the keys that an earlier verdict on this request asked for
};

// Kept by the caller between requests, so that nothing is allocated once warm.
struct authorize_scratch {
    std::string target;
    std::string folded;
};

struct verdict {
    http::request_target target; // views into the request or the scratch; empty where step 2 failed
    policy::route_match match;
    tokens::token_ptr token; // where a valid one was presented and looked at
    policy::decision outcome = policy::denial{};
    int wait_for_issuer =
        -1; // >= 0: not decided yet; await that issuer's keys (key_store::await_refresh), ask again
};

// Allocates nothing where the request is allowed, its token was seen before and its path needs no rewriting.
[[nodiscard]] verdict authorize(const policy::policy& p, const access_request& request,
                                token_authority& tokens, wall_time now, authorize_scratch& scratch,
                                policy::steps* trace = nullptr);

} // namespace scopegate::gate
