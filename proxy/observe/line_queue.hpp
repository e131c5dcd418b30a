// A bounded queue of log lines. It stores them in blocks of whole lines, so that one write takes many. Its
// memory grows and shrinks with the lines, except for one spare block. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace scopegate::observe {

class line_queue final {
public:
    static constexpr std::size_t block_bytes = 64UL * 1024;

    // `bound` is the maximum number of bytes kept.
    explicit line_queue(std::size_t bound) : bound_(bound) {}

    // Adds the line and a newline. If the bound or the available memory does not allow it, counts the line as
    // dropped.
    void add(std::string_view line) noexcept;
    // Takes the oldest block; empty if the queue is empty. Its bytes count until they are given back.
    [[nodiscard]] std::string take() noexcept;
    // Gives back a block that has been written.
    void give_back(std::string block) noexcept;

    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::size_t bound() const noexcept { return bound_; }
    // Returns how many lines were dropped since forget_dropped().
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
    void forget_dropped() noexcept { dropped_ = 0; }

private:
    [[nodiscard]] std::string& block_for(std::size_t size);

    const std::size_t bound_;
    std::deque<std::string> blocks_;
    std::string spare_;
    std::size_t bytes_ = 0;
    std::uint64_t dropped_ = 0;
};

} // namespace scopegate::observe
