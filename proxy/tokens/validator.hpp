// Validates tokens, cheap checks first, and caches the claims of valid ones. Each worker has one validator
// per policy snapshot, confined to the worker's thread. Claims are cached, decisions never.
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
#include <limits>
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
struct tenant_keys;
class token_cache;

// A valid token: its claims, and their meaning under one policy snapshot. Immutable. The counter is not
// atomic because the token belongs to the worker that made it.
class validated_token final
    : public boost::intrusive_ref_counter<validated_token, boost::thread_unsafe_counter> {
public:
    // From a validator, only the claims that conditions read: its cache holds thousands of tokens.
    json::value claims;
    std::size_t issuer = 0;     // index into policy::issuers
    std::size_t key_source = 0; // the issuer's index, or the source of a tenant's keys: see key_store::tenant
    std::string issuer_name;    // of a tenant of `tenants: any`; empty: the name in policy::issuers
    jose::confirmation bound_to; // what each request must prove; see access/binding.hpp
    policy::granted_scopes scopes;
    std::uint64_t resources = ~std::uint64_t{0}; // see policy::bearer
    std::vector<std::string> undeclared_scopes;  // in the token, but not declared by the policy
    wall_time expires;                           // exp plus the clock skew; refused from then on
    std::string identity_lines;     // the identity header lines, each with CRLF, ready to forward
    std::string subject, client_id; // for the log; client_id falls back to azp
    cause oddity = cause::none;     // set if a scope, role or permission claim can't be read

    [[nodiscard]] policy::bearer as_bearer() const noexcept
    {
        return {claims, scopes, issuer, issuer_name, resources};
    }
    // Returns the exact name of its issuer. A view into this token or the policy.
    [[nodiscard]] std::string_view name_of_issuer(const policy::policy& p) const noexcept
    {
        return issuer_name.empty() ? std::string_view(p.issuers[issuer].issuer) : issuer_name;
    }
};
using token_ptr = boost::intrusive_ptr<const validated_token>;

// Evaluates claims under a policy: scopes, scope caps, identity lines. `explain --claims` uses it too, with
// claims and no signature. `expires` comes from `exp`; without it the token never expires. `bound_to` is what
// the caller has read from `cnf`.
[[nodiscard]] boost::intrusive_ptr<validated_token> interpret_claims(const policy::policy& p,
                                                                     std::size_t issuer, json::value claims,
                                                                     jose::confirmation bound_to = {});

class validator final {
public:
    // `keys` and `introspection` are shared by all workers and thread-safe. `cache_bytes` bounds the memory
    // of cached claims, and `account` is charged for it. Without `introspection`, tokens that need it are
    // refused as introspection_unavailable.
    validator(std::shared_ptr<const policy::policy> p, std::shared_ptr<key_store> keys,
              std::size_t cache_bytes, std::shared_ptr<introspector> introspection = nullptr,
              memory_account* account = nullptr);
    ~validator();

    struct outcome {
        result<token_ptr> token = failure(reason::keys_unavailable); // or why it is not valid
        // Names the issuer whose keys or result may still arrive: its index, or another number that only
        // await() understands; -1 if the outcome is final. The caller may wait (see await()) and then check
        // again with what arrived. A JWT that is introspected too may need a second wait. The failure is the
        // one to respond with if the caller does not wait.
        int wait_for_issuer = -1;
        bool wait_for_slot = false; // not checked: the token was not cached, and verifying was not allowed
        bool verified = false;      // whether it took more than a cache lookup
        // Describes a refused token if the log may contain that; null otherwise.
        std::unique_ptr<const unverified> unverified_claims = nullptr;
    };
    // The result of a wait.
    struct awaited {
        // A plain bool converts to the result of a wait for keys.
        awaited(bool has_waited = true, introspection_ptr result = nullptr)
            : waited(has_waited), answer(std::move(result))
        {
        }
        bool waited;
        introspection_ptr answer; // the introspection result; null if keys were waited for
    };
    // Checks a token. Allocates nothing and takes no lock if the token is cached and nothing has changed. A
    // text that is not a b64token is refused as malformed_credentials.
    //
    // `ended` is the result of the wait that an earlier outcome for this token asked for. An unknown key is
    // refused (unknown_key) after a successful fetch. Until then a newer key may be missing here: the reason
    // is key_pending if the issuer was reached last time, and keys_unavailable otherwise. An introspection
    // without a result is introspection_unavailable.
    //
    // If `may_verify` is false, only a cached token is accepted now; any other sets wait_for_slot.
    [[nodiscard]] outcome check(std::string_view token, wall_time now, const awaited& ended = false,
                                bool may_verify = true);
    // Calls `done` once that outcome's wait is over, whether its result arrived or not: on another thread, or
    // within this call. `client` presented the token; it decides the token's order among those that wait.
    void await(int issuer, std::string_view token, std::function<void(awaited)> done,
               const client_network& client = {});
    // Makes every refusal describe its token, whether or not its signature is good. For `explain`.
    void describe_everything() noexcept { described_ = described::everything; }
    // Frees the cache once a later policy snapshot has its own. From then on each use of a token is verified.
    void forget_tokens() noexcept;

private:
    // Given to await() in place of an issuer's index: a JWT is valid, and is to be introspected too.
    static constexpr int jwt_introspection = std::numeric_limits<int>::max();

    // Selects which refused tokens are described: none, those that a configured issuer signed, or all.
    enum class described : std::uint8_t { nothing, signed_only, everything };

    void take_new_keys();
    [[nodiscard]] outcome check_new(std::string_view token, wall_time now, const awaited& ended);
    // `by` are the keys that did not fit.
    [[nodiscard]] outcome unfitting_key(std::size_t issuer, const tenant_keys& by, failure why,
                                        const std::optional<std::string>& kid, wall_time now,
                                        bool waited) const;
    [[nodiscard]] tenant_keys keys_of(std::size_t issuer, const json::value& claims);
    [[nodiscard]] outcome lacking_keys(std::size_t issuer, const tenant_keys& none, const refused_token& seen,
                                       wall_time now, bool waited) const;
    [[nodiscard]] outcome check_introspected(std::string_view token, wall_time now, const awaited& ended);
    [[nodiscard]] bool is_introspected(std::string_view token) const;
    [[nodiscard]] bool introspects_jwts_of(std::size_t issuer) const noexcept;
    [[nodiscard]] result<void> check_also(const awaited& ended, const json::value& own,
                                          const jose::confirmation& bound_to, wall_time now) const;
    [[nodiscard]] int ask_again(int issuer, std::string_view token, const awaited& ended, failure why) const;
    [[nodiscard]] result<void> accept_result(const introspection_result& result, wall_time now) const;
    void cache(std::string_view token, const token_ptr& valid, const tenant_keys& by, wall_time now,
               wall_time until);
    [[nodiscard]] outcome refuse(failure why, const refused_token& seen, wall_time now,
                                 bool is_proven = false) const;
    [[nodiscard]] bool is_signed_by(const jose::compact_jws& jws, const refused_token& seen, wall_time now);
    void keep_needed_claims(validated_token& token) const;

    std::shared_ptr<const policy::policy> policy_;
    std::vector<std::string> kept_claims_; // claims kept after a token's evaluation
    std::shared_ptr<key_store> keys_;
    std::uint64_t key_epoch_ = 0;
    std::vector<std::shared_ptr<const jose::jwk_set>> key_sets_; // by key source; null: none yet
    std::unique_ptr<token_cache> cache_;
    std::shared_ptr<introspector> introspection_;
    std::optional<std::size_t> introspecting_; // the issuer whose tokens may be opaque
    described described_;
    wall_time described_since_{}; // begins the second in which described_count_ counts verifications
    unsigned described_count_ = 0;
};

} // namespace scopegate::tokens
