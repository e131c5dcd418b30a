#include "tokens/key_refresh.hpp"

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

key_refresh::key_refresh(asio::io_context& control, issuer_keys& keys, const key_timing& timing,
                         const std::string& folder)
    : control_(control), keys_(keys), fetch_(keys.settings()), cache_(folder, keys.settings()),
      timing_(timing), next_(control), cooldown_(control), retry_(timing.first_retry)
{
    if (keys_.present())
        return;
    if (const auto saved = cache_.load())
        unconfirmed_ = keys_.take_saved(*saved);
}

void key_refresh::start(std::shared_ptr<const void> owner)
{
    auto ended = [this, owner = std::move(owner)](std::exception_ptr failure) {
        if (failure && !stopped_)
            observe::log_event(observe::level::error, "key_refresh_ended",
                               {{"issuer", keys_.settings().issuer}});
    };
    asio::co_spawn(
        control_, [this] { return run(); }, asio::bind_cancellation_slot(cancel_.slot(), std::move(ended)));
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
    // Random kids cost nothing to make up: however many come, the issuer sees one fetch for each cooldown.
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
    keys_.abandon(); // who is let go without a fetch must not take it for one that went well
    fetching_ = false;
    cooling_ = true;
    cancel_.emit(asio::cancellation_type::terminal);
    next_.cancel();
    cooldown_.cancel();
    release_waiting();
}

asio::awaitable<void> key_refresh::run()
{
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

// Takes over what a fetch brought and says when the next one is due.
std::chrono::milliseconds key_refresh::settle(const fetched_keys& got)
{
    if (!got.ok)
        keys_.fail(got.text);
    if (got.ok && keys_.take(got.text)) {
        cache_.save(got.text);
        unconfirmed_ = false;
        retry_ = timing_.first_retry;
        const auto age = max_age_of(got.cache_control);
        return age ? std::clamp<std::chrono::milliseconds>(*age, timing_.shortest_refresh,
                                                           timing_.longest_refresh)
                   : timing_.refresh;
    }
    if (keys_.present() && !unconfirmed_)
        return timing_.shortest_refresh;
    return std::exchange(retry_, std::min(retry_ * 2, timing_.longest_retry));
}

void key_refresh::release_waiting()
{
    for (const auto& done : std::exchange(waiting_, {}))
        done();
}

} // namespace scopegate::tokens
