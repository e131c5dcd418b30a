// A bounded queue of log lines, kept in blocks of whole lines so that a writer takes many at once. Memory
// comes and goes with the lines, but for one spare block. Not thread-safe.
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

    // `bound`: the most bytes that are kept.
    explicit line_queue(std::size_t bound) : bound_(bound) {}

    // Adds the line and a newline. Where the bound or the memory does not allow it, counts the line as
    // dropped.
    void add(std::string_view line) noexcept;
    // Takes the oldest block; empty without lines. Its bytes count until they are given back.
    [[nodiscard]] std::string take() noexcept;
    // Gives a block back that has been written.
    void give_back(std::string block) noexcept;

    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::size_t bound() const noexcept { return bound_; }
    // How many lines were dropped since this was last forgotten.
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
