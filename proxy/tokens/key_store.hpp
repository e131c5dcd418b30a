// The issuers' verification keys for one policy generation, process-wide: fetched before readiness, refreshed in the
// background, refetched once for an unknown `kid`, last good ones kept. Workers read immutable snapshots without a lock
// (an epoch counter tells them when to look again); all I/O runs on the control io_context.
#pragma once

#include "base/clock.hpp"
#include "policy/policy.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}
namespace scopegate::jose {
class jwk_set;
}

namespace scopegate::tokens {

class key_store : public std::enable_shared_from_this<key_store> {
public:
    // Reads files and secrets at once; starts fetching the others on `control`. Warnings (a broken key, a failed fetch)
    // go to the log.
    static std::shared_ptr<key_store> start(boost::asio::io_context& control, std::shared_ptr<const policy::policy> p);
    // Without I/O, for `explain` and tests: files and secrets only; the others have no keys.
    static std::shared_ptr<key_store> offline(std::shared_ptr<const policy::policy> p);

    virtual ~key_store() = default;

    // Grows whenever any key set was replaced. A relaxed load: cheap enough for every request.
    [[nodiscard]] virtual std::uint64_t epoch() const noexcept = 0;
    // The issuer's present keys; null: none yet. Any thread; takes a short lock, so call it only when the epoch moved.
    [[nodiscard]] virtual std::shared_ptr<const jose::jwk_set> keys(std::size_t issuer) const = 0;
    // Whether keys of the issuer may still come (none yet, or an unknown kid and a refetch is allowed or under way).
    [[nodiscard]] virtual bool may_refresh(std::size_t issuer) const = 0;
    // Asks for a refetch (shared by all who wait; at most one per 10 s and issuer) and calls `done` from the control thread
    // once it ended, well or not, or at once where there is none to wait for. Any thread.
    virtual void await_refresh(std::size_t issuer, std::function<void()> done) = 0;
    // The issuers that have had no keys so far (for /readyz).
    [[nodiscard]] virtual std::vector<std::string> without_keys() const = 0;
    // Ends all I/O; waiting callers are called. Control thread.
    virtual void stop() = 0;
};

} // namespace scopegate::tokens
