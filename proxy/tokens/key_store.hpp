// Holds the issuers' verification keys for one policy snapshot, process-wide. They are fetched before
// readiness, refreshed in the background, and fetched once more for an unknown `kid`. The last good ones are
// kept, also on disk if the policy names a folder. Workers read immutable snapshots without a lock; an epoch
// counter tells them when to read again. All I/O runs on the control io_context.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "policy/policy.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace boost::asio {
class io_context;
}
namespace scopegate::jose {
class jwk_set;
}

namespace scopegate::tokens {

// Bounds of the tenants of `tenants: any`. A tenant is confirmed once a token was verified with its keys.
struct tenant_bounds {
    using ms = std::chrono::milliseconds;
    std::size_t confirmed = 1'000; // never evicted
    std::size_t unconfirmed = 128; // evicted by others, and dropped after unconfirmed_for
    std::size_t absent = 4'096;    // names that have no keys
    ms unconfirmed_for{300'000};
    ms absent_for{300'000};     // if the issuer says that there is no such tenant
    ms unreachable_for{10'000}; // after any other failure
    // New tenants that are fetched at once, and the time until one more may be: 120 in any minute.
    std::size_t fetches = 60;
    ms per_fetch{1'000};
    ms reload_spread{5'000}; // after a reload all confirmed ones are fetched within this time
};

// How often keys are fetched and files are polled. The defaults are production's; tests shorten them.
struct key_timing {
    using ms = std::chrono::milliseconds;
    ms first_retry{100}, longest_retry{1'000}; // while an issuer has no keys; doubles from the first on
    ms refresh{600'000};                       // if the response has no usable Cache-Control
    // Bounds of its max-age; the shortest also applies after a failure.
    ms shortest_refresh{60'000}, longest_refresh{3'600'000};
    ms cooldown{10'000}; // between two fetches for unknown kids
    ms file_poll{1'000};
    bool cached = true; // whether keys_cache is read and written
    tenant_bounds tenants{};
};

// The keys of one tenant of an issuer whose tenants have keys of their own.
struct tenant_keys {
    std::size_t source = 0;                    // stands for the issuer's index in the other functions
    std::shared_ptr<const jose::jwk_set> keys; // null: not known
    failure lacking{reason::keys_unavailable, cause::keys_never_fetched}; // why, then
    bool may_come = false;                                                // whether await_tenant may help
};
// Returns whether keys that were fetched for `a` are also valid for `b`.
[[nodiscard]] bool same_key_source(const policy::issuer_settings& a, const policy::issuer_settings& b);

class key_store : public std::enable_shared_from_this<key_store> {
public:
    // Reads files and secrets at once, and starts fetching the other keys on `control`, which must outlive
    // the store's work (see stop()). Logs warnings such as a broken key or a failed fetch. `previous` is the
    // store of the previous policy snapshot. An issuer whose name and key location are unchanged keeps its
    // keys from the start, so that a reload refuses nobody.
    static std::shared_ptr<key_store> start(boost::asio::io_context& control,
                                            std::shared_ptr<const policy::policy> p,
                                            const key_store* previous = nullptr,
                                            const key_timing& timing = {});
    // Returns a store without network access, for `explain` and tests. It has keys from files and secrets
    // only.
    static std::shared_ptr<key_store> offline(std::shared_ptr<const policy::policy> p);

    virtual ~key_store() = default;

    // Increments when any key set is replaced by a different one. A relaxed load, cheap enough for every
    // request.
    [[nodiscard]] virtual std::uint64_t epoch() const noexcept = 0;
    // Returns the issuer's present keys, or null while it has no keys. May be called on any thread.
    // Takes a short lock, so call it only when the epoch has changed.
    [[nodiscard]] virtual std::shared_ptr<const jose::jwk_set> keys(std::size_t issuer) const = 0;
    // Returns whether a missing key may arrive soon: a fetch is in flight, or one is allowed now. False for
    // files and secrets, and for an issuer without any keys: it is retried anyway, but no request should wait
    // for it. May be called on any thread.
    [[nodiscard]] virtual bool may_refresh(std::size_t issuer) const = 0;
    // Return whether the last attempt to fetch the issuer's keys succeeded, and whether one has failed since
    // the last success. May be called on any thread.
    [[nodiscard]] virtual bool up_to_date(std::size_t issuer) const = 0;
    [[nodiscard]] virtual bool has_failed(std::size_t issuer) const = 0;
    // Requests a fetch, shared by all waiting callers; each issuer is fetched at most once per 10 s for this.
    // Calls `done` on the control thread once the fetch has ended, successfully or not, or at once if there
    // is no fetch to wait for. May be called on any thread.
    virtual void await_refresh(std::size_t issuer, std::function<void()> done) = 0;
    // Requests a fetch under the same rule without waiting for it. May be called on any thread.
    virtual void request_refresh(std::size_t issuer) = 0;
    // Record, and return, whether a completed fetch has shown that the issuer has no key with this `kid` (see
    // issuer_keys). May be called on any thread.
    virtual void note_absent(std::size_t issuer, std::string_view kid) = 0;
    [[nodiscard]] virtual bool is_absent(std::size_t issuer, std::string_view kid, wall_time now) const = 0;
    // Tenants of issuers with keys_per_tenant(). Their sources follow the issuers' indexes;
    // places_of_tenants() returns how many there are. `iss` is a tenant's full name. await_tenant() fetches
    // its keys if a fetch is allowed, and calls `done` on the control thread. confirm_tenant() notes that a
    // token was verified with these keys: from then on they are kept and refreshed. May be called on any
    // thread.
    [[nodiscard]] virtual std::size_t places_of_tenants() const noexcept { return 0; }
    [[nodiscard]] virtual tenant_keys tenant(std::string_view /*iss*/) const { return {}; }
    virtual void await_tenant(std::size_t /*issuer*/, std::string /*iss*/, std::function<void()> done)
    {
        done();
    }
    virtual void confirm_tenant(const tenant_keys& /*used*/) {}
    // Returns the issuers that have no keys, for /readyz: none were fetched yet, or all are too old. Issuers
    // that only introspect need no keys, and tenants are fetched later. May be called on any thread.
    [[nodiscard]] virtual std::vector<std::string> without_keys() const = 0;
    // Ends all I/O and calls the waiting callers. Call it on the control thread. Without this call the store
    // lives as long as the io_context.
    virtual void stop() = 0;

protected:
    key_store() = default;
};

} // namespace scopegate::tokens
