// The issuers' verification keys for one policy generation, process-wide: fetched before readiness, refreshed
// in the background, refetched once for an unknown `kid`, last good ones kept, also in a folder where the
// policy names one. Workers read immutable snapshots without a lock (an epoch counter tells them when to look
// again); all I/O runs on the control io_context.
#pragma once

#include "base/clock.hpp"
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

// How often keys are looked for. The defaults are production's; tests shorten them.
struct key_timing {
    using ms = std::chrono::milliseconds;
    ms first_retry{100}, longest_retry{1'000}; // while an issuer has no keys: doubling from the first on
    ms refresh{600'000};                       // where the answer's Cache-Control says nothing
    ms shortest_refresh{60'000},
        longest_refresh{3'600'000}; // whatever it says; the shortest too after a failure
    ms cooldown{10'000};            // between two fetches for unknown kids
    ms file_poll{1'000};
    bool cached = true; // whether keys_cache is read and written
};

class key_store : public std::enable_shared_from_this<key_store> {
public:
    // Reads files and secrets at once; starts fetching the others on `control`, which must outlive the
    // store's work (stop()). Warnings (a broken key, a failed fetch) go to the log. `previous`: the store of
    // the generation before; issuers whose name and key location stayed keep its keys from the first moment
    // on, so that a reload refuses nobody.
    static std::shared_ptr<key_store> start(boost::asio::io_context& control,
                                            std::shared_ptr<const policy::policy> p,
                                            const key_store* previous = nullptr,
                                            const key_timing& timing = {});
    // Without network, for `explain` and tests: files and secrets only; the others have no keys.
    static std::shared_ptr<key_store> offline(std::shared_ptr<const policy::policy> p);

    virtual ~key_store() = default;

    // Grows whenever any key set was replaced by one that differs. A relaxed load: cheap enough for every
    // request.
    [[nodiscard]] virtual std::uint64_t epoch() const noexcept = 0;
    // The issuer's present keys; null: none yet. Any thread; takes a short lock, so call it only when the
    // epoch moved.
    [[nodiscard]] virtual std::shared_ptr<const jose::jwk_set> keys(std::size_t issuer) const = 0;
    // Whether a key that the present ones lack may come soon: a fetch is under way, or one is allowed now.
    // False for an issuer without any keys (it is retried anyway, but nobody should wait for it), for files
    // and secrets. Any thread.
    [[nodiscard]] virtual bool may_refresh(std::size_t issuer) const = 0;
    // Whether the last attempt to get the issuer's keys went well; whether one has failed since. Any thread.
    [[nodiscard]] virtual bool up_to_date(std::size_t issuer) const = 0;
    [[nodiscard]] virtual bool has_failed(std::size_t issuer) const = 0;
    // Asks for a refetch (shared by all who wait; at most one per 10 s and issuer) and calls `done` from the
    // control thread once it ended, well or not, or at once where there is none to wait for. Any thread.
    virtual void await_refresh(std::size_t issuer, std::function<void()> done) = 0;
    // Asks for a refetch under the same rule, and waits for nothing. Any thread.
    virtual void request_refresh(std::size_t issuer) = 0;
    // Remembers, and returns, whether a finished fetch has shown that the issuer has no key of this `kid`
    // (issuer_keys). Any thread.
    virtual void note_absent(std::size_t issuer, std::string_view kid) = 0;
    [[nodiscard]] virtual bool is_absent(std::size_t issuer, std::string_view kid, wall_time now) const = 0;
    // The issuers that have no keys (for /readyz): none so far, or none that are young enough. Those that
    // only introspect need none. Any thread.
    [[nodiscard]] virtual std::vector<std::string> without_keys() const = 0;
    // Ends all I/O; waiting callers are called. Control thread. Without it the store lives as long as the
    // io_context.
    virtual void stop() = 0;

protected:
    key_store() = default;
};

} // namespace scopegate::tokens
