// Divides the time of one worker between its connections. It gives out verification slots for expensive work,
// sends the output of a poll in one batch, and continues postponed readers. The poller calls it around each
// poll. A service of the io_context, made with the first stream; confined to the thread that runs it.
#pragma once

#include "net/asio.hpp"
#include "net/poller.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>

#include <coroutine>
#include <deque>
#include <vector>

namespace scopegate::net {

// A reader that has transferred much without a pause, and continues after others were served. It leaves the
// scheduler by itself when it is destroyed or unlinked.
class postponed_reader
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    virtual void on_continue() noexcept = 0;

protected:
    ~postponed_reader() = default;
};

class scheduler final : public asio::execution_context::service, private poll_hooks {
public:
    using key_type = scheduler;
    static asio::execution_context::id id; // NOLINT: so Asio finds its services

    // Called by use_service() only. Throws what the poller's constructor throws.
    explicit scheduler(asio::execution_context& context);
    ~scheduler() override;
    [[nodiscard]] static scheduler& of(asio::io_context& context);

    [[nodiscard]] net::poller& poller() noexcept { return poller_; }
    [[nodiscard]] asio::io_context::executor_type executor() const noexcept { return executor_; }

    // A verification slot permits work that costs as much as many other requests, such as verifying a
    // signature. A flood of such work then delays nobody else: a poll has one free slot, and a budget of
    // about three verifications for those that wait. Waiters are served in the order in which they came.
    // A caller either finds a slot free and says that it takes it, or awaits one.
    [[nodiscard]] bool slot_free() const noexcept { return !poller_.polling() || !slot_taken_; }
    void take_slot() noexcept { slot_taken_ = true; }
    class slot_wait;
    [[nodiscard]] slot_wait verification_slot() noexcept;
    // Awaited after much work without a pause. The caller continues after the events that are ready, on an
    // empty stack, and in the same order as those that wait for a slot.
    [[nodiscard]] slot_wait yield() noexcept;

    // Awaited before sending. Returns when every socket that the poll found ready has been read, so that the
    // output goes out in one batch: the same work for one request after the other finds its code in the cache
    // (the kernel's too), and the receiver is woken for many requests at once. A proxied request costs 3 %
    // less. Output of verifications waits until several budgets are spent (half a millisecond), because
    // waking a receiver costs as much as half a verification; this saves 19 %. Output of events does not wait
    // for verifications.
    class flush_wait;
    [[nodiscard]] flush_wait flush_point() noexcept;

    // Calls reader.on_continue() after the events that are ready. Postponed readers continue in the order in
    // which they came, a few between two polls. Does nothing if the reader is postponed already.
    void postpone(postponed_reader& reader) noexcept;
    // Continues what an exception has interrupted, or what there was no memory to continue. Called now and
    // then. Throws std::bad_alloc.
    void revive();

private:
    using sender_list = std::vector<std::coroutine_handle<>>;

    void shutdown() noexcept override {}
    void before_events() noexcept override;
    [[nodiscard]] bool after_events() noexcept override;
    [[nodiscard]] bool has_work() const noexcept override
    {
        return !slot_waiters_.empty() || !postponed_.empty();
    }
    void await_slot(std::coroutine_handle<> awaiting);
    void serve_slot_waiters() noexcept;
    void continue_postponed() noexcept;
    void post_postponed() noexcept;
    void flush(sender_list& senders) noexcept;

    net::poller& poller_;
    asio::io_context::executor_type executor_;
    bool slot_taken_ = false; // since the last poll, or reserved for those that wait
    std::deque<std::coroutine_handle<>> slot_waiters_;
    boost::intrusive::list<postponed_reader, boost::intrusive::constant_time_size<false>> postponed_;
    bool postponed_posted_ = false;
    sender_list event_senders_;      // have output that came of the poll's events
    sender_list slot_senders_;       // have output that came of verification slots
    sender_list* joining_ = nullptr; // the list that senders join now; null: they need not wait
    int unflushed_rounds_ = 0;       // of serve_slot_waiters(), since slot_senders_ were flushed
};

// The awaitable of verification_slot() and yield().
class [[nodiscard]] scheduler::slot_wait final {
public:
    [[nodiscard]] bool await_ready() const noexcept { return ready_; }
    void await_suspend(std::coroutine_handle<> awaiting) { scheduler_.await_slot(awaiting); }
    void await_resume() const noexcept {}

private:
    friend class scheduler;
    slot_wait(scheduler& s, bool ready) noexcept : scheduler_(s), ready_(ready) {}
    scheduler& scheduler_;
    bool ready_;
};

// The awaitable of flush_point().
class [[nodiscard]] scheduler::flush_wait final {
public:
    [[nodiscard]] bool await_ready() const noexcept { return scheduler_.joining_ == nullptr; }
    void await_suspend(std::coroutine_handle<> awaiting) { scheduler_.joining_->push_back(awaiting); }
    void await_resume() const noexcept {}

private:
    friend class scheduler;
    explicit flush_wait(scheduler& s) noexcept : scheduler_(s) {}
    scheduler& scheduler_;
};

inline scheduler::slot_wait scheduler::verification_slot() noexcept
{
    return {*this, slot_free()};
}

inline scheduler::slot_wait scheduler::yield() noexcept
{
    return {*this, false};
}

inline scheduler::flush_wait scheduler::flush_point() noexcept
{
    return flush_wait(*this);
}

} // namespace scopegate::net
