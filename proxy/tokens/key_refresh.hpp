// Keeps one issuer's keys fresh: a loop on the control io_context fetches them repeatedly, and callers can
// wait for the next fetch. Each issuer has one loop, so at most one fetch is in flight.
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

// Returns the time from a successful fetch to the next one. It depends on the Cache-Control of the response,
// and is half of `max_age` (keys_max_age; 0: no limit) at most.
[[nodiscard]] std::chrono::milliseconds wait_after(const fetched_keys& got, const key_timing& timing,
                                                   std::chrono::seconds max_age);

class key_refresh final {
public:
    // `keys` must outlive this object. If they are empty, the keys that an earlier process saved in `folder`
    // (keys_cache; empty: none) are loaded at once. Keys are dropped at `max_age` unless a fetch succeeds; 0
    // means never.
    key_refresh(boost::asio::io_context& control, issuer_keys& keys, const key_timing& timing,
                const std::string& folder, std::chrono::seconds max_age);

    // Starts the loop with a fetch, or with a wait if the keys were fetched not long ago. `owner` owns this
    // object and the keys; the loop keeps it alive until stop(). Call it once.
    void start(std::shared_ptr<const void> owner, std::chrono::milliseconds first_wait = {});
    // See key_store::may_refresh. May be called on any thread.
    [[nodiscard]] bool may_refresh() const;
    // Returns whether a fetch that is requested now would start now. May be called on any thread.
    [[nodiscard]] bool is_idle() const { return !fetching_ && !cooling_ && keys_.present() != nullptr; }
    // See key_store::await_refresh. Control thread.
    void await_next(std::function<void()> done);
    // Control thread.
    void stop();

private:
    [[nodiscard]] boost::asio::awaitable<void> run(std::chrono::milliseconds first_wait);
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
    bool awaited_ = false;     // callers wait for the next fetch
    bool unconfirmed_ = false; // the keys were saved by an earlier process, and no fetch has replaced them
    bool stopped_ = false;
    std::atomic<bool> fetching_{true}; // true from the beginning: start() fetches at once
    std::atomic<bool> cooling_{false};
};

} // namespace scopegate::tokens
