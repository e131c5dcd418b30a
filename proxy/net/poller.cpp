#include "net/poller.hpp"

#include "net/stream.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

namespace scopegate::net {

namespace {

constexpr std::uint32_t all_changes = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

// While there is traffic we wait ourselves, and so long at most is what Asio waits for kept waiting: timers
// and what other threads post. A wait by way of Asio costs two system calls more.
constexpr std::chrono::milliseconds longest_stay{1};

// Of dear work, between two looks: two or three RSA signatures. A look costs a system call.
constexpr std::chrono::microseconds turns_for{50};
// Of long transfers, between two looks: one stretch of one or two of them.
constexpr std::chrono::microseconds continued_for{50};
// What comes of so many such stretches of turns is sent together.
constexpr int stretches_sent_together = 8;

int make_set()
{
    const int made = ::epoll_create1(EPOLL_CLOEXEC);
    if (made < 0)
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
    return made;
}

} // namespace

asio::execution_context::id poller::id;

poller::poller(asio::execution_context& context)
    : service(context), set_(make_set()),
      waiting_(static_cast<asio::io_context&>(context).get_executor(), set_)
{
    of_events_.reserve(2 * batch); // who reads and who writes: joining never fails
    of_turns_.reserve(batch);
    wait();
}

poller::~poller() = default;

poller& poller::of(asio::io_context& context)
{
    return asio::use_service<poller>(context);
}

void poller::shutdown() noexcept
{
    error_code ignored;
    waiting_.close(ignored);
}

bool poller::add(int descriptor, stream& told) noexcept
{
    epoll_event event{};
    event.events = all_changes;
    event.data.ptr = &told;
    return ::epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void poller::ask_again(int descriptor, stream& told) noexcept
{
    epoll_event event{};
    event.events = all_changes;
    event.data.ptr = &told;
    ::epoll_ctl(set_, EPOLL_CTL_MOD, descriptor, &event);
}

void poller::forget(const stream& told) noexcept
{
    // A descriptor that somebody has duplicated would not leave the set by being closed.
    epoll_event unused{};
    ::epoll_ctl(set_, EPOLL_CTL_DEL, told.native_handle(), &unused);
    for (auto at = next_; at < count_; ++at)
        if (fetched_[at].data.ptr == &told)
            fetched_[at].data.ptr = nullptr;
}

void poller::yield_to(int descriptor) noexcept
{
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET; // of no stream
    ::epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &event);
}

void poller::tell_closed(stream& told) noexcept
{
    yielding_ = true;
    try {
        asio::post(waiting_.get_executor(), [keep = stream_ptr(&told)] { keep->on_closed(); });
    } catch (const std::bad_alloc&) { // revive() tells it
        intrusive_ptr_add_ref(&told);
        told.next_untold_ = std::exchange(untold_, &told);
    }
}

void poller::revive()
{
    while (untold_ != nullptr) {
        const stream_ptr told(untold_, false);
        untold_ = std::exchange(told->next_untold_, nullptr);
        told->on_closed();
    }
    continue_soon();
    if (!awaited_)
        wait();
}

void poller::wait()
{
    if (has_work())
        asio::post(waiting_.get_executor(), [this] { serve(); });
    else
        waiting_.async_wait(asio::posix::descriptor_base::wait_read, [this](const error_code& stopped) {
            if (!stopped)
                serve();
        });
    awaited_ = true;
}

void poller::serve()
{
    awaited_ = false;
    serving_ = true;
    yielding_ = false;
    bool more = fetch(0);
    for (const auto until = now_ + longest_stay; more || has_work();
         more = fetch(has_work() ? 0 : static_cast<int>(longest_stay.count()))) {
        tell();
        if (!awaiting_turn_.empty())
            give_turns();
        if (!later_.empty())
            let_continue();
        if (yielding_ || now_ >= until)
            break;
    }
    serving_ = false;
    wait();
}

void poller::await_turn(std::coroutine_handle<> awaiting)
{
    if (serving_)
        awaiting_turn_.push_back(awaiting);
    else // Asio's own work, which nobody gives turns for
        asio::post(waiting_.get_executor(), [awaiting] { awaiting.resume(); });
}

// In the order in which they came; what is told meanwhile was told first.
void poller::give_turns()
{
    const auto until = std::chrono::steady_clock::now() + turns_for;
    joining_ = &of_turns_;
    do {
        const auto next = awaiting_turn_.front();
        awaiting_turn_.pop_front();
        turn_taken_ = true; // also for what else it comes to do
        next.resume();
    } while (!awaiting_turn_.empty() && of_turns_.size() < batch && std::chrono::steady_clock::now() < until);
    joining_ = nullptr;
    if (awaiting_turn_.empty() || of_turns_.size() >= batch || ++stretches_ == stretches_sent_together) {
        stretches_ = 0;
        let_send(of_turns_);
    }
}

void poller::continue_later(later_reader& told) noexcept
{
    if (told.is_linked())
        return;
    later_.push_back(told);
    if (!serving_)
        continue_soon();
}

// From outside serve(), which Asio may call much later. One such call is posted at a time: each stream that
// reads later would otherwise post one more, and Asio would get to nothing else. Without memory for it,
// revive() tries again.
void poller::continue_soon() noexcept
{
    if (continues_soon_ || later_.empty())
        return;
    try {
        asio::post(waiting_.get_executor(), [this] {
            continues_soon_ = false;
            if (!later_.empty())
                let_continue();
            continue_soon();
        });
        continues_soon_ = true;
    } catch (const std::bad_alloc&) {
        return;
    }
}

// A stream that reads later once more joins the end of the list.
void poller::let_continue() noexcept
{
    const auto until = std::chrono::steady_clock::now() + continued_for;
    do {
        auto& next = later_.front();
        later_.pop_front();
        static_cast<stream&>(next).on_continue();
    } while (!later_.empty() && std::chrono::steady_clock::now() < until);
}

bool poller::fetch(int milliseconds) noexcept
{
    const int n = ::epoll_wait(set_, fetched_.data(), static_cast<int>(fetched_.size()), milliseconds);
    now_ = std::chrono::steady_clock::now();
    turn_taken_ = !awaiting_turn_.empty(); // who came first goes first
    next_ = 0;
    count_ = static_cast<std::size_t>(std::max(n, 0));
    return n > 0;
}

void poller::tell() noexcept
{
    joining_ = &of_events_;
    while (next_ < count_) {
        const auto& event = fetched_[next_++];
        if (event.data.ptr != nullptr)
            static_cast<stream*>(event.data.ptr)->on_events(event.events);
        else
            yielding_ = true; // or of a stream that has gone meanwhile
    }
    joining_ = nullptr;
    let_send(of_events_);
}

void poller::let_send(sender_list& waiting) noexcept
{
    if (waiting.empty())
        return;
    now_ = std::chrono::steady_clock::now();
    for (const auto sender : waiting) // nobody joins them now
        sender.resume();
    waiting.clear();
}

} // namespace scopegate::net
