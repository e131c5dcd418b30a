// Steps 2 to 6 of a request's way as one plain function without sockets: normalise, match, take the token,
// validate it, decide. The proxy, `explain` and `test` all go through here, so that they can't disagree.
#pragma once

#include "answers/answer_book.hpp"
#include "http/head_parser.hpp"
#include "http/target.hpp"
#include "net/address.hpp"
#include "policy/decide.hpp"
#include "tokens/proof_memory.hpp"
#include "tokens/token_source.hpp"
#include "tokens/validator.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::gate {

// Who asks, as far as the connection shows it. None of it: nobody's proxy, without TLS.
struct access_caller {
    const net::peer* peer = nullptr;
    bool tls = false;
    std::string_view certificate; // tls_channel::peer_certificate
};

// What is asked. Views: must outlive the verdict.
struct access_request {
    std::string_view method;
    std::string_view target; // as sent
    std::string_view host;   // what the caller called us, by Host or an absolute-form target; may be empty
    const http::field_list* fields = nullptr; // where the token is taken from; null: there are none
    bool websocket = false;                   // it would open a WebSocket
    access_caller caller{};
};

// Where claims come from: a worker's validator, or (explain --scope, --claims) a token that is given as valid
// already.
struct token_authority {
    tokens::validator* validator = nullptr;
    tokens::token_ptr given; // with all that it may be bound to proven
    tokens::validator::awaited came =
        false; // what an earlier verdict on this request asked the caller to wait for
    tokens::proof_memory* proofs = nullptr; // null: no DPoP proof can count
    bool may_verify = true;                 // false: a token that is new has to wait for its turn
};

// Kept by the caller between requests, so that nothing is allocated once warm.
struct authorize_scratch {
    std::string target;
    std::string folded;
    std::string token; // decoded
};

struct verdict {
    http::request_target target; // views into the request or the scratch; empty where step 2 failed
    policy::route_match match;
    std::optional<tokens::taken_token> taken; // what was presented, where it was looked at
    tokens::token_ptr token;                  // the same, where it is valid and proven
    bool dpop = false;                        // it came under the scheme DPoP, or has to
    bool nonce = false;                       // its client uses nonces of ours, or has to
    policy::decision outcome = policy::denial{};
    int wait_for_issuer = -1;     // >= 0: not decided yet; wait (validator::await), ask again with what came
    bool wait_for_turn = false;   // not decided yet either: the token is new, and may_verify was not set
    bool verified = false;        // a token was checked that is new
    cause no_token = cause::none; // what the request has in a token's place
    std::unique_ptr<const tokens::unverified>
        said; // what a refused token says; null: not for the operator's eyes
};

// Allocates nothing where the request is allowed, its token was seen before and its path needs no rewriting.
[[nodiscard]] verdict authorize(const policy::policy& p, const access_request& request,
                                token_authority& tokens, wall_time now, authorize_scratch& scratch,
                                policy::steps* trace = nullptr);

// Returns the path of the metadata document (RFC 9728) where the target asks for it, in whichever spelling;
// otherwise nothing. It comes before every route, so that one with {name...} never gets what Scopegate
// answers. A view into `target` or `scratch`.
[[nodiscard]] std::string_view metadata_path(const policy::policy& p, const answers::answer_book& book,
                                             std::string_view method, std::string_view target,
                                             std::string& scratch);

} // namespace scopegate::gate
