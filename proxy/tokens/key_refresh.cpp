#include "tokens/key_refresh.hpp"

#include "observe/http_date.hpp"
#include "observe/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace scopegate::tokens {

namespace asio = boost::asio;

namespace {

using ms = std::chrono::milliseconds;

ms half_of(std::chrono::seconds max_age)
{
    return max_age.count() == 0 ? ms::max() : ms(max_age) / 2;
}

} // namespace

ms wait_after(const fetched_keys& got, const key_timing& timing, std::chrono::seconds max_age)
{
    const auto age = max_age_of(got.cache_control);
    const auto next =
        age ? std::clamp<ms>(*age, timing.shortest_refresh, timing.longest_refresh) : timing.refresh;
    return std::min(next, half_of(max_age));
}

key_refresh::key_refresh(asio::io_context& control, issuer_keys& keys, const key_timing& timing,
                         const std::string& folder, std::chrono::seconds max_age)
    : control_(control), keys_(keys), fetch_(keys.settings()), cache_(folder, keys.settings(), max_age),
      timing_(timing), max_age_(max_age), next_(control), cooldown_(control), too_old_(control),
      retry_(timing.first_retry)
{
    if (keys_.present())
        return;
    if (const auto saved = cache_.load(observe::wall_now()))
        unconfirmed_ = keys_.take_saved(saved->text, saved->confirmed);
}

void key_refresh::start(std::shared_ptr<const void> owner, std::chrono::milliseconds first_wait)
{
    auto ended = [this, owner = std::move(owner)](std::exception_ptr failure) {
        if (failure && !stopped_)
            observe::log_event(observe::level::error, "key_refresh_ended",
                               {{"issuer", keys_.settings().issuer}});
    };
    owner_ = owner;
    fetching_ = first_wait.count() == 0;
    watch_age();
    asio::co_spawn(
        control_, [this, first_wait] { return run(first_wait); },
        asio::bind_cancellation_slot(cancel_.slot(), std::move(ended)));
}

bool key_refresh::may_refresh() const
{
    return (fetching_ || !cooling_) && keys_.present() != nullptr;
}

void key_refresh::await_next(std::function<void()> done)
{
    if (stopped_ || (!fetching_ && cooling_)) {
        done();
        return;
    }
    waiting_.push_back(std::move(done));
    if (fetching_)
        return;
    // Anybody can make up random kids for free. However many arrive, the issuer sees one fetch per cooldown.
    cooling_ = true;
    cooldown_.expires_after(timing_.cooldown);
    cooldown_.async_wait([this](const boost::system::error_code& error) {
        if (!error)
            cooling_ = false;
    });
    awaited_ = true;
    fetching_ = true;
    next_.cancel();
}

void key_refresh::stop()
{
    stopped_ = true;
    // Callers released without a fetch must not mistake it for a successful one.
    keys_.abandon();
    fetching_ = false;
    cooling_ = true;
    cancel_.emit(asio::cancellation_type::terminal);
    next_.cancel();
    cooldown_.cancel();
    too_old_.cancel();
    release_waiting();
}

asio::awaitable<void> key_refresh::run(std::chrono::milliseconds first_wait)
{
    if (first_wait.count() > 0 && !awaited_) {
        next_.expires_after(first_wait);
        co_await next_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    while (!stopped_) {
        fetching_ = true;
        const auto got = co_await fetch_.run(std::exchange(awaited_, false));
        if (stopped_)
            co_return;
        next_.expires_after(settle(got));
        fetching_ = false;
        release_waiting();
        co_await next_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

// Drops keys at `max_age_`. While the issuer is reachable this never happens: the next fetch is due after
// half that age at the latest.
void key_refresh::watch_age()
{
    const auto confirmed = keys_.confirmed();
    if (max_age_.count() == 0 || !confirmed)
        return;
    const auto left = *confirmed + max_age_ - observe::wall_now();
    if (left.count() <= 0)
        return keys_.expire();
    too_old_.expires_after(left);
    too_old_.async_wait([this, owner = owner_.lock()](const boost::system::error_code& stopped) {
        if (!stopped && !stopped_)
            watch_age();
    });
}

// Takes over the result of a fetch. Returns the time until the next one.
std::chrono::milliseconds key_refresh::settle(const fetched_keys& got)
{
    if (!got.ok)
        keys_.fail(got.text, got.detail);
    const auto now = observe::wall_now();
    if (got.ok && keys_.take(got.text, now)) {
        cache_.save(got.text, now);
        watch_age();
        unconfirmed_ = false;
        retry_ = timing_.first_retry;
        return wait_after(got, timing_, max_age_);
    }
    if (keys_.present() && !unconfirmed_)
        return std::min(timing_.shortest_refresh, half_of(max_age_) / 2);
    return std::exchange(retry_, std::min(retry_ * 2, timing_.longest_retry));
}

void key_refresh::release_waiting()
{
    for (const auto& done : std::exchange(waiting_, {}))
        done();
}

} // namespace scopegate::tokens
