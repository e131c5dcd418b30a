#include "observe/log_output.hpp"

#include "observe/log_line.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <new>
#include <utility>

namespace scopegate::observe {

namespace {

using namespace std::chrono_literals;

constexpr auto gather_time = 20ms; // a line waits this long for more lines
constexpr auto poll_time = 100ms;  // how often the writer checks whether to stop
constexpr auto stop_time = 2s;

// When poll reports a pipe as writable, only PIPE_BUF bytes are guaranteed not to block.
std::size_t piece_of(int descriptor) noexcept
{
    struct stat status {};
    const bool file = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    return file ? line_queue::block_bytes : PIPE_BUF;
}

// The control thread handles signals. No thread may receive SIGPIPE, whatever its disposition is.
void block_signals() noexcept
{
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

std::string drop_line(std::uint64_t all, std::uint64_t events)
{
    std::string line;
    auto json = open_line(line, wall_now(), "error", "log_lines_dropped");
    json.member("count", all);
    if (events > 0)
        json.member("events", events);
    json.close_object();
    return line += '\n';
}

} // namespace

log_output::log_output(int descriptor, const bounds& most)
    : descriptor_(descriptor), piece_(piece_of(descriptor)), events_(most.events), requests_(most.requests)
{
}

void log_output::add(line_kind kind, std::string_view line, bool urgent) noexcept
{
    const std::lock_guard lock(keeping_);
    const auto before = bytes_kept();
    (kind == line_kind::event ? events_ : requests_).add(line);
    urgent_ = urgent_ || urgent;
    // While the writer is busy, no thread waits on wake_, and notifying costs no system call.
    if (before == 0 || urgent ||
        (before < line_queue::block_bytes && bytes_kept() >= line_queue::block_bytes))
        wake_.notify_one();
}

log_output::usage log_output::memory() const noexcept
{
    const std::lock_guard lock(keeping_);
    return {bytes_kept(), events_.bound() + requests_.bound()};
}

// --- Writing: one thread at a time.

bool log_output::begin_writing(std::chrono::milliseconds timeout) noexcept
{
    std::unique_lock lock(keeping_);
    if (!waiter_.wait_for(lock, timeout, [this] { return !writing_; }))
        return false;
    return writing_ = true;
}

void log_output::end_writing() noexcept
{
    const std::lock_guard lock(keeping_);
    writing_ = false;
    waiter_.notify_all();
}

void log_output::drain(std::chrono::milliseconds timeout) noexcept
{
    if (!begin_writing(timeout))
        return;
    step done = step::wrote;
    while (done == step::wrote)
        done = write_some(gave_up_ ? 0ms : timeout);
    gave_up_ = done == step::no_room && (gave_up_ || timeout > 0ms);
    end_writing();
}

// Returns a line that reports the dropped lines: at most one per second, except for the last one after
// everything else.
std::string log_output::lines_dropped(bool at_once) noexcept
{
    const auto all = events_.dropped() + requests_.dropped();
    if (all == 0 || (!at_once && clock::now() - told_of_drops_ < 1s))
        return {};
    try {
        auto line = drop_line(all, events_.dropped());
        told_of_drops_ = clock::now();
        events_.forget_dropped();
        requests_.forget_dropped();
        return line;
    } catch (const std::bad_alloc&) { // the next call tries again
        return {};
    }
}

// Selects what is sent next. Blocks hold whole lines, so events can go between two blocks of requests.
bool log_output::take_block() noexcept
{
    const std::lock_guard lock(keeping_);
    if (sending_from_ != nullptr)
        std::exchange(sending_from_, nullptr)->give_back(std::move(sending_));
    sent_ = 0;
    sending_ = lines_dropped(bytes_kept() == 0);
    if (!sending_.empty())
        return true;
    sending_from_ = events_.bytes() > 0 ? &events_ : &requests_;
    sending_ = sending_from_->take();
    if (sending_.empty())
        sending_from_ = nullptr;
    return !sending_.empty();
}

log_output::step log_output::write_some(std::chrono::milliseconds timeout) noexcept
{
    if (sent_ == sending_.size() && !take_block())
        return step::nothing_left;
    pollfd asked{descriptor_, POLLOUT, 0};
    const auto ready = ::poll(&asked, 1, static_cast<int>(timeout.count()));
    if (ready == 0 || (ready < 0 && errno == EINTR))
        return step::no_room;
    if (asked.revents != POLLOUT)
        return step::nobody_reads;
    const auto size = std::min(piece_, sending_.size() - sent_);
    const auto written = ::write(descriptor_, sending_.data() + sent_, size);
    if (written < 0)
        return errno == EINTR || errno == EAGAIN ? step::no_room : step::nobody_reads;
    sent_ += static_cast<std::size_t>(written);
    return step::wrote;
}

// --- The writer.

void log_output::start(std::function<void()> each_second)
{
    if (!begin_writing(stop_time))
        return;
    writer_ = std::thread([self = shared_from_this(), task = std::move(each_second)] { self->run(task); });
    has_writer_ = true;
}

void log_output::stop() noexcept
{
    if (!writer_.joinable())
        return;
    std::unique_lock lock(keeping_);
    stopping_ = true;
    wake_.notify_one();
    const bool ended = waiter_.wait_for(lock, stop_time, [this] { return ended_; });
    lock.unlock();
    has_writer_ = false;
    if (ended)
        writer_.join();
    else
        writer_.detach(); // it keeps this object alive
}

void log_output::run(const std::function<void()>& each_second) noexcept
{
    block_signals();
    auto next_task = clock::now() + 1s;
    while (wait_for_lines(next_task)) {
        if (clock::now() >= next_task) {
            each_second();
            next_task = clock::now() + 1s;
        }
        write_until(next_task);
    }
    const std::lock_guard lock(keeping_);
    writing_ = false;
    ended_ = true;
    waiter_.notify_all();
}

// Returns false when the writer has to stop.
bool log_output::wait_for_lines(clock::time_point until)
{
    std::unique_lock lock(keeping_);
    wake_.wait_until(lock, until, [this] { return stopping_ || urgent_ || bytes_kept() > 0; });
    const auto gathered = std::min(until, clock::now() + gather_time);
    if (bytes_kept() > 0)
        wake_.wait_until(lock, gathered,
                         [this] { return stopping_ || urgent_ || bytes_kept() >= line_queue::block_bytes; });
    urgent_ = false;
    return !stopping_;
}

// Writes until nothing is left or `until` is reached. A failure is not final: a named pipe may get a new
// reader, and a full disk may get space again.
void log_output::write_until(clock::time_point until) noexcept
{
    while (clock::now() < until) {
        const auto done = write_some(poll_time);
        if (done == step::nothing_left)
            return;
        std::unique_lock lock(keeping_);
        if (done == step::nobody_reads)
            wake_.wait_until(lock, until, [this] { return stopping_; });
        if (stopping_)
            return;
    }
}

} // namespace scopegate::observe
