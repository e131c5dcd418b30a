#include "upstream/limit.hpp"

#include "net/completion.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace scopegate::upstream {

namespace asio = net::asio;

namespace {

// The queue holds as many requests as may be served at a time, but at least this many.
constexpr std::size_t queue_least = 16;

} // namespace

// Allocates the memory within a waiter, and keeps the waiter alive meanwhile.
template <class T>
class slot_limit::wake_allocator {
public:
    using value_type = T;
    explicit wake_allocator(std::shared_ptr<waiter> w) noexcept : waiter_(std::move(w)) {}
    template <class U>
    wake_allocator(const wake_allocator<U>& other) noexcept : waiter_(other.waiter_) // NOLINT: implicit
    {
    }
    [[nodiscard]] T* allocate(std::size_t n)
    {
        if (n * sizeof(T) > waiter_->wake_memory.size())
            throw std::bad_alloc();
        return reinterpret_cast<T*>(waiter_->wake_memory.data());
    }
    void deallocate(T*, std::size_t) noexcept {}
    template <class U>
    bool operator==(const wake_allocator<U>& other) const noexcept
    {
        return waiter_ == other.waiter_;
    }

private:
    template <class U>
    friend class wake_allocator;
    std::shared_ptr<waiter> waiter_;
};

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

// Waking a waiter needs no memory that it does not have. Otherwise a free slot could wait for a request, and
// the first request in the queue for a slot, until its timeout.
void slot_limit::hand_out() noexcept
{
    while (!queue_.empty() && has_room()) {
        auto& first = queue_.front();
        const wake_allocator<std::byte> memory(first.shared_from_this());
        asio::post(first.own, asio::bind_allocator(
                                  memory, [woken = first.shared_from_this()] { woken->timer.cancel(); }));
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
