#include "net/resolved_name.hpp"

#include "net/completion.hpp"
#include "net/name_lookup.hpp"

#include <utility>

namespace scopegate::net {

namespace {

// Registers a timer that a finished lookup cancels, for as long as this object lives.
class sleeper final {
public:
    sleeper(std::vector<asio::steady_timer*>& all, asio::steady_timer& timer) : all_(all), timer_(timer)
    {
        all_.push_back(&timer_);
    }
    ~sleeper() { std::erase(all_, &timer_); }
    sleeper(const sleeper&) = delete;
    sleeper& operator=(const sleeper&) = delete;

private:
    std::vector<asio::steady_timer*>& all_;
    asio::steady_timer& timer_;
};

} // namespace

resolved_name::resolved_name(asio::io_context& context, look_up starts)
    : context_(context), start_(std::move(starts))
{
}

task<resolved_name::addresses> resolved_name::find(steady_time now, steady_time deadline)
{
    const auto state = state_;
    if (state->known_until > now)
        co_return state->known;
    if (!state->asking)
        ask();
    asio::steady_timer timer(context_, deadline);
    const sleeper listed(state->sleepers, timer);
    auto sleep = [&timer](auto handler) { timer.async_wait(std::move(handler)); };
    static_cast<void>(co_await completion<error_code>(sleep));
    co_return state->asking ? addresses() : state->known;
}

resolved_name::addresses resolved_name::refresh(steady_time now)
{
    auto last = state_->known;
    if (!state_->asking && state_->known_until <= now)
        ask();
    return last;
}

void resolved_name::ask()
{
    state_->known.clear();
    start_([state = state_](addresses found) {
        state->asking = false;
        state->known = std::move(found);
        if (!state->known.empty())
            state->known_until = std::chrono::steady_clock::now() + remembered;
        for (auto* timer : state->sleepers)
            timer->cancel();
    });
    state_->asking = true; // after start_, which may throw
}

resolved_name::look_up system_resolver(asio::io_context& context, std::string host, std::uint16_t port)
{
    return [executor = asio::any_io_executor(context.get_executor()), host = std::move(host),
            port](resolved_name::look_up_handler told) {
        auto done = [told = std::move(told)](const found_addresses& found) {
            resolved_name::addresses all;
            if (found)
                all.assign(found->begin(), found->end());
            told(std::move(all));
        };
        look_up_name(executor, host, port, std::move(done));
    };
}

} // namespace scopegate::net
