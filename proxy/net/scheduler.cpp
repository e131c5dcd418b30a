#include "net/scheduler.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <new>

namespace scopegate::net {

namespace {

// Time for expensive work between two polls: about three RSA verifications. A poll costs a system call.
constexpr std::chrono::microseconds verification_budget{50};
// Time for postponed readers between two polls: one or two of them.
constexpr std::chrono::microseconds postponed_budget{50};
// The output of so many verification budgets is sent together.
constexpr int rounds_per_flush = 8;

} // namespace

asio::execution_context::id scheduler::id;

scheduler::scheduler(asio::execution_context& context)
    : service(context), poller_(poller::of(static_cast<asio::io_context&>(context))),
      executor_(static_cast<asio::io_context&>(context).get_executor())
{
    event_senders_.reserve(2 * poller::batch); // a reader and a writer per event: joining never fails
    slot_senders_.reserve(poller::batch);
    poller_.attach(*this);
}

scheduler::~scheduler() = default;

scheduler& scheduler::of(asio::io_context& context)
{
    return asio::use_service<scheduler>(context);
}

void scheduler::revive()
{
    post_postponed();
    poller_.revive();
}

void scheduler::before_events() noexcept
{
    slot_taken_ = !slot_waiters_.empty(); // those that wait come first
    joining_ = &event_senders_;
}

bool scheduler::after_events() noexcept
{
    joining_ = nullptr;
    flush(event_senders_);
    if (!slot_waiters_.empty())
        serve_slot_waiters();
    if (!postponed_.empty())
        continue_postponed();
    return has_work();
}

void scheduler::await_slot(std::coroutine_handle<> awaiting)
{
    if (poller_.polling())
        slot_waiters_.push_back(awaiting);
    else // within a handler of Asio's, which needs no slot
        asio::post(executor_, [awaiting] { awaiting.resume(); });
}

// Resumes waiters in the order in which they came, until the budget is spent.
void scheduler::serve_slot_waiters() noexcept
{
    const auto until = std::chrono::steady_clock::now() + verification_budget;
    joining_ = &slot_senders_;
    do {
        const auto next = slot_waiters_.front();
        slot_waiters_.pop_front();
        slot_taken_ = true; // the waiter needs another slot for whatever else it does
        next.resume();
    } while (!slot_waiters_.empty() && slot_senders_.size() < poller::batch &&
             std::chrono::steady_clock::now() < until);
    joining_ = nullptr;
    if (slot_waiters_.empty() || slot_senders_.size() >= poller::batch ||
        ++unflushed_rounds_ == rounds_per_flush) {
        unflushed_rounds_ = 0;
        flush(slot_senders_);
    }
}

void scheduler::postpone(postponed_reader& reader) noexcept
{
    if (reader.is_linked())
        return;
    postponed_.push_back(reader);
    if (!poller_.polling())
        post_postponed();
}

// Outside of a poll the next one may be far. At most one handler is posted at a time: if each postponed
// reader posted its own, Asio would get to nothing else. Without memory, revive() tries again.
void scheduler::post_postponed() noexcept
{
    if (postponed_posted_ || postponed_.empty())
        return;
    try {
        asio::post(executor_, [this] {
            postponed_posted_ = false;
            if (!postponed_.empty())
                continue_postponed();
            post_postponed();
        });
        postponed_posted_ = true;
    } catch (const std::bad_alloc&) {
        return;
    }
}

// A reader that is postponed again meanwhile joins the end of the list.
void scheduler::continue_postponed() noexcept
{
    const auto until = std::chrono::steady_clock::now() + postponed_budget;
    do {
        auto& next = postponed_.front();
        postponed_.pop_front();
        next.on_continue();
    } while (!postponed_.empty() && std::chrono::steady_clock::now() < until);
}

void scheduler::flush(sender_list& senders) noexcept
{
    if (senders.empty())
        return;
    poller_.refresh_clock();
    for (const auto sender : senders) // joining_ is null now, so that the list stays as it is
        sender.resume();
    senders.clear();
}

} // namespace scopegate::net
