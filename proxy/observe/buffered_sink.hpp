// An spdlog sink that keeps lines in memory and writes them in large pieces. Logging takes a short lock and
// never writes; drain writes what the reader takes without blocking. A pipe that nobody reads must not stop
// the proxy: beyond the bound lines are dropped, counted, and the count is logged when there is room again.
#pragma once

#include <spdlog/sinks/sink.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

namespace scopegate::observe {

class buffered_sink final : public spdlog::sinks::sink {
public:
    // `descriptor` stays the caller's and must outlive the sink. `bound`: bytes kept while nobody reads.
    explicit buffered_sink(int descriptor, std::size_t bound = 16 * 1024 * 1024);

    // Adds a line; a newline is put behind it. Any thread.
    void log(const spdlog::details::log_msg& message) override;
    void flush() override { drain(std::chrono::milliseconds(0)); }
    // Lines come ready made: there is no pattern.
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

    // Writes what is kept, waiting up to `patience` each time that the reader takes nothing. Any thread.
    void drain(std::chrono::milliseconds patience) noexcept;

private:
    bool take_kept() noexcept;

    const int descriptor_;
    const std::size_t
        piece_; // bytes that one write may carry without blocking once poll said that there is room
    const std::size_t bound_;

    std::mutex keeping_; // of what follows
    std::string kept_;
    std::uint64_t dropped_ = 0;

    std::mutex writing_; // of what follows; taken before keeping_
    std::string sending_;
    std::size_t sent_ = 0;
};

} // namespace scopegate::observe
