// Tells the streams of one io_context that their sockets became ready, without a system call for each wait:
// all sockets lie in one edge-triggered epoll set of ours, which Asio waits for as for any descriptor.
// (Asio's own wait re-arms a socket each time, by an epoll_ctl that costs a proxied request a tenth of its
// time.) A service of the io_context, made with the first stream; confined to the thread that runs it, and
// gone with it.
#pragma once

#include "base/clock.hpp"
#include "net/asio.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include <sys/epoll.h>

namespace scopegate::net {

class stream;

// A stream's place among those that read on later. The stream leaves by itself when it is closed.
class later_reader
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {};

class poller final : public asio::execution_context::service {
public:
    using key_type = poller;
    static asio::execution_context::id id; // NOLINT: so Asio finds its services

    // By use_service() only. Throws std::system_error where the kernel has no epoll set to give.
    explicit poller(asio::execution_context& context);
    ~poller() override;
    [[nodiscard]] static poller& of(asio::io_context& context);

    // From now on the stream is told (stream::on_events) of each change, and once of how things stand. False:
    // the kernel has no room for it.
    [[nodiscard]] bool add(int descriptor, stream& told) noexcept;
    // The stream is told once more how things stand, though nothing changes.
    void ask_again(int descriptor, stream& told) noexcept;
    // Before its descriptor is closed: what was fetched for it already is not told.
    void forget(const stream& told) noexcept;
    // Asio waits for this descriptor; while we wait in its place, it must not be kept waiting.
    void yield_to(int descriptor) noexcept;
    // The stream is told that it is readable, after what becomes ready meanwhile: it has transferred much at
    // a stretch. Such streams continue in the order in which they came, a few between two looks. Nothing
    // where it waits already.
    void continue_later(later_reader& told) noexcept;
    // The stream is told that it was closed (stream::on_closed), but not from within this call.
    void tell_closed(stream& told) noexcept;
    // Goes on where an exception has interrupted it, and tells what there was no memory to tell. Called now
    // and then. Throws std::bad_alloc.
    void revive();

    // The time, read once for all that one look found ready, and once more for all that is sent then.
    [[nodiscard]] steady_time now() const noexcept
    {
        return serving_ ? now_ : std::chrono::steady_clock::now();
    }

    // Work that costs as much as many other requests (a signature to verify) takes turns, so that a flood of
    // it keeps nobody else waiting: between two looks for what became ready there is one turn, and little
    // more than `turns_for` of such work if more is waiting. Who has taken its turn says so; who finds none
    // free awaits one.
    [[nodiscard]] bool is_turn_free() const noexcept { return !serving_ || !turn_taken_; }
    void take_turn() noexcept { turn_taken_ = true; }
    class turn_wait;
    [[nodiscard]] turn_wait turn() noexcept;
    // The same for who has done a lot at a stretch: what is ready meanwhile goes first, and the stack is
    // unwound.
    [[nodiscard]] turn_wait give_way() noexcept;

    // What became ready is all read and decided about first, and then what comes of it is sent: awaited by
    // who has something to send. The same work for one request after the other finds its code (the kernel's
    // above all) at hand, and whom we send to is woken for many at once: W1 costs 3 % less. While turns are
    // waited for, what came of earlier ones is kept until some have gone by (half a millisecond of them): to
    // wake somebody who sleeps costs as much as half a signature (W3: 19 % less). What was ready at a look
    // never waits for that.
    class all_read_wait;
    [[nodiscard]] all_read_wait all_read() noexcept;

private:
    using sender_list = std::vector<std::coroutine_handle<>>;

    void shutdown() noexcept override;
    void wait();
    void serve();
    void await_turn(std::coroutine_handle<> awaiting);
    void give_turns();
    void let_continue() noexcept;
    void continue_soon() noexcept;
    [[nodiscard]] bool has_work() const noexcept { return !awaiting_turn_.empty() || !later_.empty(); }
    [[nodiscard]] bool fetch(int milliseconds) noexcept; // false: nothing came
    void tell() noexcept;
    void let_send(sender_list& waiting) noexcept;

    static constexpr std::size_t batch = 128;

    int set_;
    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> waiting_;
    std::array<epoll_event, batch> fetched_{};
    std::size_t next_ = 0; // of those fetched
    std::size_t count_ = 0;
    bool yielding_ = false;
    bool serving_ = false;
    bool awaited_ = false;     // by Asio, which calls serve()
    stream* untold_ = nullptr; // a list of closed streams, each with a reference
    steady_time now_{};
    bool continues_soon_ = false; // posted
    bool turn_taken_ = false;     // since the last look, or others wait for it
    std::deque<std::coroutine_handle<>> awaiting_turn_;
    boost::intrusive::list<later_reader, boost::intrusive::constant_time_size<false>> later_;
    sender_list of_events_;          // who has something to send that came of what was fetched,
    sender_list of_turns_;           // and of turns
    sender_list* joining_ = nullptr; // the one being filled; null: who sends need not wait
    int stretches_ = 0;              // of turns, since who came of them was let send
};

// What co_await needs. Made by turn() and give_way() only.
class [[nodiscard]] poller::turn_wait final {
public:
    [[nodiscard]] bool await_ready() const noexcept { return ready_; }
    void await_suspend(std::coroutine_handle<> awaiting) { poller_.await_turn(awaiting); }
    void await_resume() const noexcept {}

private:
    friend class poller;
    turn_wait(poller& p, bool ready) noexcept : poller_(p), ready_(ready) {}
    poller& poller_;
    bool ready_;
};

// What co_await needs. Made by all_read() only.
class [[nodiscard]] poller::all_read_wait final {
public:
    [[nodiscard]] bool await_ready() const noexcept { return poller_.joining_ == nullptr; }
    void await_suspend(std::coroutine_handle<> awaiting) { poller_.joining_->push_back(awaiting); }
    void await_resume() const noexcept {}

private:
    friend class poller;
    explicit all_read_wait(poller& p) noexcept : poller_(p) {}
    poller& poller_;
};

inline poller::turn_wait poller::turn() noexcept
{
    return {*this, is_turn_free()};
}

inline poller::turn_wait poller::give_way() noexcept
{
    return {*this, false};
}

inline poller::all_read_wait poller::all_read() noexcept
{
    return all_read_wait(*this);
}

} // namespace scopegate::net
