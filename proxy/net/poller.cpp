#include "net/poller.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace scopegate::net {

namespace {

constexpr std::uint32_t all_changes = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

// While there is traffic the poller waits by itself, because a wait through Asio costs two more system calls.
// This is how long Asio's own work (timers, posted handlers) may wait meanwhile.
constexpr std::chrono::milliseconds longest_stay{1};

int make_set()
{
    const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0)
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
    return descriptor;
}

} // namespace

asio::execution_context::id poller::id;

poller::poller(asio::execution_context& context)
    : service(context), set_(make_set()),
      waiting_(static_cast<asio::io_context&>(context).get_executor(), set_)
{
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

bool poller::add(int descriptor, pollable& owner) noexcept
{
    epoll_event event{};
    event.events = all_changes;
    event.data.ptr = &owner;
    return ::epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void poller::ask_again(int descriptor, pollable& owner) noexcept
{
    epoll_event event{};
    event.events = all_changes;
    event.data.ptr = &owner;
    ::epoll_ctl(set_, EPOLL_CTL_MOD, descriptor, &event);
}

void poller::forget(int descriptor, const pollable& owner) noexcept
{
    // Closing a descriptor that has a duplicate would leave it in the set.
    epoll_event unused{};
    ::epoll_ctl(set_, EPOLL_CTL_DEL, descriptor, &unused);
    for (auto at = next_; at < count_; ++at)
        if (fetched_[at].data.ptr == &owner)
            fetched_[at].data.ptr = nullptr;
}

void poller::yield_to(int descriptor) noexcept
{
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET; // without an owner
    ::epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &event);
}

void poller::revive()
{
    if (!awaited_)
        wait();
}

void poller::wait()
{
    if (has_work())
        asio::post(waiting_.get_executor(), [this] { run_polls(); });
    else
        waiting_.async_wait(asio::posix::descriptor_base::wait_read, [this](const error_code& stopped) {
            if (!stopped)
                run_polls();
        });
    awaited_ = true;
}

void poller::run_polls()
{
    awaited_ = false;
    polling_ = true;
    returning_ = false;
    bool work = has_work();
    bool more = fetch(0);
    for (const auto until = now_ + longest_stay; more || work;
         more = fetch(work ? 0 : static_cast<int>(longest_stay.count()))) {
        if (hooks_ != nullptr)
            hooks_->before_events();
        dispatch();
        work = hooks_ != nullptr && hooks_->after_events();
        if (returning_ || now_ >= until)
            break;
    }
    polling_ = false;
    wait();
}

bool poller::fetch(int milliseconds) noexcept
{
    const int n = ::epoll_wait(set_, fetched_.data(), static_cast<int>(fetched_.size()), milliseconds);
    refresh_clock();
    next_ = 0;
    count_ = static_cast<std::size_t>(std::max(n, 0));
    return n > 0;
}

void poller::dispatch() noexcept
{
    while (next_ < count_) {
        const auto& event = fetched_[next_++];
        if (event.data.ptr != nullptr)
            static_cast<pollable*>(event.data.ptr)->on_events(event.events);
        else
            returning_ = true; // a descriptor of yield_to(), or of an owner that was forgotten meanwhile
    }
}

} // namespace scopegate::net
