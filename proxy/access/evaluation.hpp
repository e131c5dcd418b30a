// The decision about one request, from its target to a permit, as a state machine without sockets, coroutines
// or clocks. The proxy and every command go through it, so that they cannot disagree.
//
//   target -> own document? -> route -> host -> lookalikes -> method override -> token -> binding ->
//   origin -> requirement
//
// The first step that fails is the reason. An evaluation that needs something returns that, and continues
// where it stopped: nothing is normalized, matched or marked as used a second time.
#pragma once

#include "access/question.hpp"
#include "http/target.hpp"
#include "policy/decide.hpp"
#include "responses/response_book.hpp"
#include "tokens/proof_memory.hpp"
#include "tokens/token_source.hpp"
#include "tokens/validator.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace scopegate::access {

// Where claims come from: a worker's validator, or a token that is taken as valid (explain --scope,
// --claims).
struct token_authority {
    tokens::validator* validator = nullptr;
    tokens::token_ptr given;                // with everything that it may be bound to proven
    tokens::proof_memory* proofs = nullptr; // null: no DPoP proof is accepted
    bool slot_free = true;                  // whether a new token may be verified at once
};

// The reason why an evaluation has to wait.
struct need {
    enum class kind : std::uint8_t {
        verification_slot, // to verify a new token: costs as much as many other requests
        issuer,            // the issuer's keys or introspection result: see validator::await
    };
    kind of = kind::verification_slot;
    std::size_t issuer = 0;                   // index into policy::issuers
    failure unmet = reason::keys_unavailable; // the refusal if nobody waits
};

// The complete result: Scopegate does one of these with every request. The response is a document of its own,
// or the one to a CORS preflight.
using outcome = std::variant<policy::denial, policy::permit, responses::response, need>;

// The findings of an evaluation so far. Views live as long as the question and the scratch.
struct findings {
    http::request_target target; // empty if the target is malformed
    policy::route_match match;
    std::optional<tokens::taken_token> taken; // the token as the client sent it
    tokens::token_ptr token;                  // the same, if it is valid and its binding is proven
    bool dpop = false;                        // it came under the scheme DPoP, or should have
    bool nonce = false;                       // the client's next proof needs a fresh nonce of ours
    bool verified = false;                    // a token was checked that no cache knew
    cause no_token = cause::none;             // the fault in the token's place
    std::unique_ptr<const tokens::unverified> unverified_claims; // of a refused token; null: not for the log
    std::optional<policy::denial> observed; // the refusal that observe mode does not enforce
};

// Kept by the worker between requests, so that nothing is allocated once warm.
struct access_scratch {
    std::string target;
    std::string folded;
    std::string token; // decoded
};

// A permit that lasts: a tunnel's or an event stream's.
struct standing_permit {
    std::string_view method;
    std::string_view path;                          // normalized
    std::string_view token;                         // as it came; empty: no token was looked at
    wall_time since;                                // when it was given
    std::optional<policy::client_address> client{}; // the client's address then
};

// One request's. Everything that it is made of outlives it. Confined to the validator's thread. A permit for
// a token that was seen before allocates nothing.
class evaluation final {
public:
    evaluation(const policy::policy& p, const responses::response_book& book, access_scratch& scratch,
               policy::steps* trace = nullptr) noexcept
        : policy_(p), book_(book), scratch_(scratch), trace_(trace)
    {
    }

    // Decides as far as possible. Called once. `now` judges times in the token.
    [[nodiscard]] outcome start(const question& q, const token_authority& authority, wall_time now);
    // Goes on after a need: `came` is what validator::await brought; false for a verification slot.
    [[nodiscard]] outcome resume(const tokens::validator::awaited& came, wall_time now);
    // Decides without what an issuer was needed for. Never returns a need.
    [[nodiscard]] outcome give_up(wall_time now);

    // Judges a permit that lasts under this policy. The token is validated again; its binding was proven at
    // the beginning. The age of a login counts as of then. Called once, in place of start(); `came` as in
    // resume().
    [[nodiscard]] outcome review(const standing_permit& permit, tokens::validator& validator, wall_time now,
                                 const tokens::validator::awaited& came = false);

    [[nodiscard]] const findings& found() const& noexcept { return found_; }
    [[nodiscard]] findings found() && noexcept { return std::move(found_); }

private:
    // Whether the token decides, or is only looked at: observe mode forwards a path that no route permits,
    // but not with two tokens, and it strips a token that must not go on.
    enum class token_use : std::uint8_t { unused, examined, required };

    [[nodiscard]] std::optional<outcome> own_response(const result<http::request_target>& target) const;
    [[nodiscard]] result<void> examine_target(const result<http::request_target>& target);
    [[nodiscard]] result<void> check_override() const;
    [[nodiscard]] std::optional<policy::client_address> address_of_client() const noexcept;
    [[nodiscard]] policy::circumstances circumstances_at(wall_time now) const noexcept;
    [[nodiscard]] std::string_view sent_query() const noexcept;
    [[nodiscard]] token_use use_of_token() const noexcept;
    [[nodiscard]] outcome take_token(wall_time now);
    [[nodiscard]] outcome validate(const tokens::validator::awaited& came, bool may_verify, wall_time now);
    [[nodiscard]] outcome refuse_token(failure why, wall_time now);
    [[nodiscard]] outcome conclude(wall_time now);
    [[nodiscard]] outcome refuse(failure why);
    [[nodiscard]] outcome enforce(policy::denial d);
    [[nodiscard]] cause cause_of(reason why) const noexcept;
    void trace_refusal(failure why) const;

    const policy::policy& policy_;
    const responses::response_book& book_;
    access_scratch& scratch_;
    policy::steps* trace_;
    question question_;
    token_authority authority_;
    findings found_;
    std::optional<policy::client_address> client_; // where a condition asks for it
    std::optional<failure> path_refusal_;          // decided, but the token is looked at first
    token_use use_ = token_use::unused;
    bool from_cookie_ = false;                  // of the token
    failure unmet_ = reason::keys_unavailable;  // of the need that is open
    std::optional<wall_time> conditions_as_of_; // of a review
};

} // namespace scopegate::access
