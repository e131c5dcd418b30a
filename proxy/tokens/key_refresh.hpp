// Keeps one issuer's keys fresh: the loop that fetches them again and again on the control io_context, and
// the callers who wait for the next fetch. There is one loop for an issuer and so never more than one fetch
// at a time.
#pragma once

#include "tokens/issuer_keys.hpp"
#include "tokens/key_cache.hpp"
#include "tokens/key_fetch.hpp"
#include "tokens/key_store.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace scopegate::tokens {

class key_refresh final {
public:
    // `keys` must outlive it; where they have none yet, those that `folder` (keys_cache; empty: none) has of
    // an earlier process are taken at once. Without a fetch that goes well, keys are dropped at `max_age`; 0:
    // never.
    key_refresh(boost::asio::io_context& control, issuer_keys& keys, const key_timing& timing,
                const std::string& folder, std::chrono::seconds max_age);

    // Starts the loop, which keeps `owner` (of this object and the keys) alive until stop(). Once.
    void start(std::shared_ptr<const void> owner);
    // As key_store says. Any thread.
    [[nodiscard]] bool may_refresh() const;
    // Whether a fetch that is asked for now would begin now. Any thread.
    [[nodiscard]] bool is_idle() const { return !fetching_ && !cooling_ && keys_.present() != nullptr; }
    // As key_store says. Control thread.
    void await_next(std::function<void()> done);
    // Control thread.
    void stop();

private:
    [[nodiscard]] boost::asio::awaitable<void> run();
    [[nodiscard]] std::chrono::milliseconds settle(const fetched_keys& got);
    void release_waiting();
    void watch_age();

    boost::asio::io_context& control_;
    issuer_keys& keys_;
    key_fetch fetch_;
    key_cache cache_;
    const key_timing timing_;
    const std::chrono::seconds max_age_;
    boost::asio::steady_timer next_;
    boost::asio::steady_timer cooldown_;
    boost::asio::steady_timer too_old_;
    std::weak_ptr<const void> owner_;
    boost::asio::cancellation_signal cancel_;
    std::chrono::milliseconds retry_;
    std::vector<std::function<void()>> waiting_;
    bool awaited_ = false;     // callers wait for what the next fetch brings
    bool unconfirmed_ = false; // the keys are an earlier process's, and none have come since
    bool stopped_ = false;
    std::atomic<bool> fetching_{true}; // from start() on
    std::atomic<bool> cooling_{false};
};

} // namespace scopegate::tokens
