// Step 5: a token's validation, cheap checks first, and the cache of claims that were validated before. One
// validator per worker and policy generation, confined to the worker's thread. Claims are cached, decisions
// never.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "jose/confirmation.hpp"
#include "policy/decide.hpp"
#include "tokens/introspector.hpp"
#include "tokens/unverified.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate {
class memory_account;
}
namespace scopegate::jose {
class jwk_set;
struct compact_jws;
} // namespace scopegate::jose

namespace scopegate::tokens {

class key_store;
class token_cache;

// A token that passed: its claims, and what a policy generation makes of them. Immutable. The counter is not
// atomic: it belongs to the worker that made it.
class validated_token final
    : public boost::intrusive_ref_counter<validated_token, boost::thread_unsafe_counter> {
public:
    json::value claims; // a validator's: those that conditions look at, of thousands of tokens in its cache
    std::size_t issuer = 0;      // index into policy::issuers
    jose::confirmation bound_to; // what each request with it has to prove: see gate/binding.hpp
    policy::granted_scopes scopes;
    std::vector<std::string> undeclared_scopes; // in the token, not in the file
    wall_time expires;                          // exp with the clock skew: from here on it is refused
    std::string identity_lines;                 // the identity header lines, CRLF each, ready to forward
    std::string subject, client_id;             // for the log; client_id falls back to azp
    cause oddity =
        cause::none; // of a claim that says no scope, role or permission in any form that is understood

    [[nodiscard]] policy::bearer as_bearer() const noexcept { return {claims, scopes}; }
};
using token_ptr = boost::intrusive_ptr<const validated_token>;

// Builds what a validated token's claims mean under a policy (scopes, limits, identity lines). Also for
// `explain --claims`, which has claims and no signature. `expires` is taken from `exp`, or is the end of time
// without it. `bound_to` is what the caller has read of `cnf`.
[[nodiscard]] boost::intrusive_ptr<validated_token> interpret_claims(const policy::policy& p,
                                                                     std::size_t issuer, json::value claims,
                                                                     jose::confirmation bound_to = {});

class validator final {
public:
    // `keys` and `introspection` are shared by all workers and thread-safe. `cache_bytes` bounds the memory
    // of remembered claims; `account` counts it. Without `introspection` no token of its issuer can be
    // checked (introspection_unavailable).
    validator(std::shared_ptr<const policy::policy> p, std::shared_ptr<key_store> keys,
              std::size_t cache_bytes, std::shared_ptr<introspector> introspection = nullptr,
              memory_account* account = nullptr);
    ~validator();

    struct outcome {
        token_ptr token;               // where it is valid
        failure why = reason::allowed; // where it is not
        // What it is checked with may come: the issuer whose keys or whose word the caller may wait for
        // (await, below) before it asks again, once and with what came; -1: the outcome is final. `why` says
        // what to answer without waiting.
        int wait_for_issuer = -1;
        bool wait_for_turn = false; // not looked into: unknown, and verifying was not allowed
        bool verified = false;      // more than a look into the cache
        // The claims of a refused token, if the log may have them; null otherwise.
        std::unique_ptr<const unverified> said = nullptr;
    };
    // What a wait ended with; the outcome of the check that gets it is final.
    struct awaited {
        awaited(bool has_waited = true,
                introspection_ptr said = nullptr) // for a yes or no where keys were waited for
            : waited(has_waited), answer(std::move(said))
        {
        }
        bool waited;
        introspection_ptr answer; // what the issuer said of the token; null where its keys were waited for
    };
    // What is no b64token is none that anybody presented: malformed_credentials.
    // Allocates nothing and takes no lock where the token was seen before and nothing changed. `ended`: how
    // the wait that an earlier outcome for this very token asked for ended. An unknown key is refused
    // (unknown_key) after a fetch that went well. Until then a newer key may be missing here: key_pending
    // while the issuer was reached last time, keys_unavailable otherwise. An introspection that brought no
    // answer is introspection_unavailable. `may_verify`: false where only a token that was seen before is to
    // be checked now (wait_for_turn).
    [[nodiscard]] outcome check(std::string_view token, wall_time now, const awaited& ended = false,
                                bool may_verify = true);
    // Calls `done` once what that outcome waits for has come, or will not come: from another thread, or
    // within this call. `client`: whose token it is, for the order of those that wait.
    void await(int issuer, std::string_view token, std::function<void(awaited)> done,
               const client_network& client = {});
    // Has every refusal describe its token, whether its signature was good or not. For `explain`.
    void tell_everything() noexcept { telling_ = telling::everything; }
    // Frees the cache: a later policy has its own. From now on each use of a token verifies it.
    void forget_tokens() noexcept;

private:
    // Selects the refused tokens that are described: none, those that an issuer of ours has signed,
    // all.
    enum class telling : std::uint8_t { nothing, signed_only, everything };

    void take_new_keys();
    [[nodiscard]] outcome check_new(std::string_view token, wall_time now, const awaited& ended);
    [[nodiscard]] outcome unfitting_key(std::size_t issuer, failure why,
                                        const std::optional<std::string>& kid, wall_time now,
                                        bool waited) const;
    [[nodiscard]] outcome check_introspected(std::string_view token, wall_time now, const awaited& ended);
    [[nodiscard]] bool is_introspected(std::string_view token) const;
    [[nodiscard]] outcome refuse(failure why, const refused_token& seen, wall_time now,
                                 bool is_proven = false) const;
    [[nodiscard]] bool is_signed_by(const jose::compact_jws& jws, std::size_t issuer, wall_time now);
    [[nodiscard]] token_ptr make_token(std::size_t issuer, json::value claims,
                                       jose::confirmation bound_to) const;

    std::shared_ptr<const policy::policy> policy_;
    std::vector<std::string> kept_claims_; // what is left of a token's claims once it was interpreted
    std::shared_ptr<key_store> keys_;
    std::uint64_t key_epoch_ = 0;
    std::vector<std::shared_ptr<const jose::jwk_set>> key_sets_; // by issuer; null: none yet
    std::unique_ptr<token_cache> cache_;
    std::shared_ptr<introspector> introspection_;
    std::optional<std::size_t> introspecting_; // the issuer whose tokens may be opaque
    telling telling_;
    wall_time told_since_{}; // begins the second in which told_ signatures were checked for the log's sake
    unsigned told_ = 0;
};

} // namespace scopegate::tokens
