// Holds the keys of tenants whose issuer accepts any tenant (`tenants: any`). A tenant is discovered when a
// token first names it. Nothing has verified that name yet, so this code limits what made-up names can cause:
// the fetches in a minute, the memory, and the eviction of tenants that are in use.
#pragma once

#include "tokens/absent_tenants.hpp"
#include "tokens/issuer_keys.hpp"
#include "tokens/key_fetch.hpp"
#include "tokens/key_refresh.hpp"
#include "tokens/key_store.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::tokens {

// A tenant is confirmed once a token was verified with its keys. Only then is it fetched again and again, and
// never evicted. The functions may be called on any thread unless they say otherwise.
class tenant_table final {
public:
    // `control`, `p` and `epoch` outlive this object. Each change of a tenant's keys increments the epoch.
    tenant_table(boost::asio::io_context& control, const policy::policy& p, std::atomic<std::uint64_t>& epoch,
                 const key_timing& timing);
    ~tenant_table();

    // Returns the number of places for tenants. Each tenant in the table has one of them.
    [[nodiscard]] std::size_t places() const noexcept { return tenants_.size(); }
    // Returns the keys of the tenant in a place, or null.
    [[nodiscard]] std::shared_ptr<const jose::jwk_set> keys(std::size_t place) const;
    // Returns the loop that fetches a confirmed tenant's keys, or null. It lives as long as the pointer.
    [[nodiscard]] std::shared_ptr<key_refresh> refresh(std::size_t place) const;
    // Do what the functions of the key store with these names do; an empty place has no state.
    [[nodiscard]] bool up_to_date(std::size_t place) const;
    void note_absent_key(std::size_t place, std::string_view kid);
    [[nodiscard]] bool is_absent_key(std::size_t place, std::string_view kid, wall_time now) const;

    // Returns the present keys of a tenant of this name, or why they are missing. `source` is its place.
    [[nodiscard]] tenant_keys find(std::string_view name) const;
    // Fetches the keys of a tenant that is not in the table, and calls `done` once the fetch has ended; at
    // once if no fetch is allowed or needed. `owner` owns this object. Control thread.
    void await(std::size_t issuer, const std::string& name, std::function<void()> done,
               const std::shared_ptr<const void>& owner);
    // Notes that a token was verified with the keys of the tenant in this place.
    void confirm(std::size_t place, const jose::jwk_set* keys, const std::shared_ptr<const void>& owner);

    // Takes over the confirmed tenants of an earlier snapshot. Call start_inherited() afterwards: it fetches
    // their keys soon, as a reload does for other issuers.
    void inherit(const tenant_table& earlier);
    void start_inherited(const std::shared_ptr<const void>& owner); // control thread
    void stop();                                                    // control thread

private:
    struct tenant;
    using steady = std::chrono::steady_clock;

    [[nodiscard]] std::shared_ptr<tenant> at(std::size_t place) const;
    [[nodiscard]] bool is_usable(const tenant& t, steady::time_point now) const;
    [[nodiscard]] bool may_fetch(steady::time_point now) const noexcept;
    [[nodiscard]] std::shared_ptr<tenant> named(std::string_view name) const;
    [[nodiscard]] std::optional<std::size_t> free_place();
    [[nodiscard]] bool add(const std::shared_ptr<tenant>& t);
    void erase(const tenant& t);
    [[nodiscard]] boost::asio::awaitable<void> fetch(std::shared_ptr<tenant> t);
    void settle(const std::shared_ptr<tenant>& t, const fetched_keys& got);
    void sweep_later(const std::shared_ptr<const void>& owner);
    [[nodiscard]] std::optional<steady::time_point> drop_unusable(steady::time_point now);
    void refresh_later(const std::shared_ptr<tenant>& t, std::chrono::milliseconds first_wait,
                       const std::shared_ptr<const void>& owner);

    boost::asio::io_context& control_;
    const policy::policy& policy_;
    std::atomic<std::uint64_t>& epoch_;
    const key_timing timing_;
    const std::chrono::milliseconds unconfirmed_for_; // keys_max_age bounds it
    boost::asio::steady_timer next_sweep_;            // control thread, like the next one
    bool sweeping_ = false;

    mutable std::mutex mutex_;                     // guards all members below, and what tenants say
    std::vector<std::shared_ptr<tenant>> tenants_; // by place
    std::map<std::string, std::size_t, std::less<>> by_name_;
    std::size_t confirmed_ = 0;
    absent_tenants absent_;
    steady::time_point next_fetch_{}; // when the fetches that were made would be used up at a steady rate
    bool stopped_ = false;
};

} // namespace scopegate::tokens
