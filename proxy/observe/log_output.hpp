// Where log lines go: two bounded queues, and a thread that writes them. Adding a line takes a short lock and
// never waits for the reader. Events go first and have room of their own, so that no flood of requests
// displaces them. Lines beyond a bound are dropped, and a line tells how many.
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
    struct bounds { // bytes kept while nobody reads
        std::size_t events = 1024UL * 1024;
        std::size_t requests = 16UL * 1024 * 1024;
    };

    // `descriptor` stays the caller's and must outlive the output.
    log_output(int descriptor, const bounds& most);

    // Adds a line; a newline is put behind it. An urgent one is written at once, others within 20 ms, if the
    // writer runs. Any thread.
    void add(line_kind kind, std::string_view line, bool urgent) noexcept;

    // Writes what is kept, waiting up to `timeout` each time that the reader takes nothing, but not for a
    // reader that an earlier call has waited for in vain. Does nothing while another thread writes. Any
    // thread.
    void drain(std::chrono::milliseconds timeout) noexcept;

    // Starts the writer, which also calls `each_second`. Owned by a shared_ptr.
    void start(std::function<void()> each_second);
    // Stops it. A writer that the descriptor holds up for longer than 2 s is left behind.
    void stop() noexcept;

    [[nodiscard]] bool has_writer() const noexcept { return has_writer_.load(std::memory_order_relaxed); }

    // Bytes that are kept now, and the most that ever are.
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
    const std::size_t piece_; // bytes that one write may carry without blocking once poll has told of room

    mutable std::mutex keeping_; // of what follows
    line_queue events_;
    line_queue requests_;
    bool urgent_ = false;
    bool stopping_ = false;
    bool ended_ = false;             // the writer has
    bool writing_ = false;           // some thread owns `sending_`
    std::condition_variable wake_;   // the writer
    std::condition_variable waiter_; // for its end, or to write

    std::string sending_; // a block, or our own line about dropped ones
    std::size_t sent_ = 0;
    bool gave_up_ = false; // on the reader
    line_queue* sending_from_ = nullptr;
    clock::time_point told_of_drops_{};

    std::thread writer_;
    std::atomic<bool> has_writer_ = false;
};

} // namespace scopegate::observe
