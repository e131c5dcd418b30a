#include "upstream/limit.hpp"

#include "net/completion.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>

namespace scopegate::upstream {

namespace asio = net::asio;

namespace {

// The queue holds as many requests as may be served at a time, but at least this many.
constexpr std::size_t queue_least = 16;

} // namespace

void slot_limit::set(std::size_t slots)
{
    const std::lock_guard lock(mutex_);
    slots_ = slots;
    hand_out();
}

void slot_limit::close() noexcept
{
    const std::lock_guard lock(mutex_);
    closed_ = true;
}

bool slot_limit::take_now()
{
    const std::lock_guard lock(mutex_);
    const bool taken = has_room();
    taken_ += taken ? 1 : 0;
    return taken;
}

void slot_limit::join(waiter& w)
{
    const std::lock_guard lock(mutex_);
    if (has_room()) { // a slot became free after take_now()
        w.granted = true;
        ++taken_;
    } else if (queue_.size() < std::max(slots_, queue_least)) {
        queue_.push_back(w);
    }
}

bool slot_limit::is_queued(waiter& w)
{
    const std::lock_guard lock(mutex_);
    return w.is_linked();
}

bool slot_limit::leave(waiter& w)
{
    const std::lock_guard lock(mutex_);
    if (w.is_linked())
        queue_.erase(queue_.iterator_to(w));
    return w.granted;
}

void slot_limit::release() noexcept
{
    const std::lock_guard lock(mutex_);
    --taken_;
    hand_out();
}

// If memory is short and a waiter cannot be woken, it stays first in the queue for the next slot.
void slot_limit::hand_out() noexcept
{
    while (!queue_.empty() && has_room()) {
        auto& first = queue_.front();
        try {
            asio::post(first.own, [woken = first.shared_from_this()] { woken->timer.cancel(); });
        } catch (const std::exception&) {
            return;
        }
        queue_.pop_front();
        first.granted = true;
        ++taken_;
    }
}

slot::~slot()
{
    if (waiter_) // an exception ended the wait
        taken_ = limit_->leave(*waiter_);
    if (taken_)
        limit_->release();
}

net::task<bool> slot::take(slot_limit& limit, asio::io_context& worker, steady_time until)
{
    limit_ = &limit;
    taken_ = limit.take_now();
    if (taken_)
        co_return true;
    until_ = until;
    waiter_ = std::make_shared<slot_limit::waiter>(worker);
    limit.join(*waiter_);
    auto sleep = [this](auto handler) { waiter_->timer.async_wait(std::move(handler)); };
    while (limit.is_queued(*waiter_) && std::chrono::steady_clock::now() < until_) {
        waiter_->timer.expires_at(until_);
        static_cast<void>(co_await net::completion<net::error_code>(sleep));
    }
    taken_ = limit.leave(*waiter_);
    waiter_.reset();
    co_return taken_;
}

void slot::wait_until(steady_time until) noexcept
{
    if (!waiter_ || until_ <= until)
        return;
    until_ = until;
    waiter_->timer.cancel();
}

} // namespace scopegate::upstream
