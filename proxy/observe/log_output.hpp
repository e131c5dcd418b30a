// Queues log lines in two bounded queues, which a thread writes out. Adding a line takes a short lock and
// never waits for the reader. Events go first and have their own queue, so that a flood of requests can't
// displace them. Lines beyond a bound are dropped, and a line reports their number.
#pragma once

#include "observe/line_queue.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace scopegate::observe {

enum class line_kind : std::uint8_t { event, request };

class log_output final : public std::enable_shared_from_this<log_output> {
public:
    struct bounds { // bytes kept while the reader accepts nothing
        std::size_t events = 1024UL * 1024;
        std::size_t requests = 16UL * 1024 * 1024;
    };

    // Does not own `descriptor`, which must outlive the output.
    log_output(int descriptor, const bounds& most);

    // Adds a line and a newline. If the writer runs, it writes urgent lines at once and others within 20 ms.
    // May be called on any thread.
    void add(line_kind kind, std::string_view line, bool urgent) noexcept;

    // Writes what is queued, and waits up to `timeout` whenever the reader accepts nothing. If an earlier
    // call has timed out, it no longer waits. Does nothing if another thread keeps writing for longer than
    // `timeout`. May be called on any thread.
    void drain(std::chrono::milliseconds timeout) noexcept;

    // Starts the writer thread, which also calls `each_second`. Requires ownership by a shared_ptr.
    void start(std::function<void()> each_second);
    // Stops the writer. If the descriptor blocks it for longer than 2 s, it is detached.
    void stop() noexcept;

    [[nodiscard]] bool has_writer() const noexcept { return has_writer_.load(std::memory_order_relaxed); }

    // The bytes kept now, and the maximum.
    struct usage {
        std::size_t bytes = 0;
        std::size_t bound = 0;
    };
    [[nodiscard]] usage memory() const noexcept;

private:
    using clock = std::chrono::steady_clock;
    enum class step : std::uint8_t { wrote, nothing_left, no_room, nobody_reads };

    void run(const std::function<void()>& each_second) noexcept;
    [[nodiscard]] bool wait_for_lines(clock::time_point until);
    void write_until(clock::time_point until) noexcept;
    [[nodiscard]] step write_some(std::chrono::milliseconds timeout) noexcept;
    [[nodiscard]] bool take_block() noexcept;
    [[nodiscard]] std::string lines_dropped(bool at_once) noexcept;
    [[nodiscard]] bool begin_writing(std::chrono::milliseconds timeout) noexcept;
    void end_writing() noexcept;
    [[nodiscard]] std::size_t bytes_kept() const noexcept { return events_.bytes() + requests_.bytes(); }

    const int descriptor_;
    const std::size_t piece_; // bytes that one write may carry without blocking after poll reports room

    mutable std::mutex keeping_; // guards the members up to writing_
    line_queue events_;
    line_queue requests_;
    bool urgent_ = false;
    bool stopping_ = false;
    bool ended_ = false;             // whether the writer has ended
    bool writing_ = false;           // whether a thread owns `sending_`
    std::condition_variable wake_;   // wakes the writer
    std::condition_variable waiter_; // waits for the writer's end, or to write

    std::string sending_; // a block, or our own line about dropped ones
    std::size_t sent_ = 0;
    bool gave_up_ = false; // whether drain() has given up on the reader
    line_queue* sending_from_ = nullptr;
    clock::time_point told_of_drops_{};

    std::thread writer_;
    std::atomic<bool> has_writer_ = false;
};

} // namespace scopegate::observe
