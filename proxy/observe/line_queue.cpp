#include "observe/line_queue.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace scopegate::observe {

void line_queue::add(std::string_view line) noexcept
{
    const auto size = line.size() + 1;
    if (size > bound_ - std::min(bytes_, bound_)) {
        ++dropped_;
        return;
    }
    try {
        auto& block = block_for(size);
        block += line;
        block += '\n';
        bytes_ += size;
    } catch (const std::bad_alloc&) {
        ++dropped_;
    }
}

// Returns the newest block if the line fits, otherwise a new one. A block never reallocates, and a line
// longer than a block gets one of its own.
std::string& line_queue::block_for(std::size_t size)
{
    if (!blocks_.empty() && blocks_.back().capacity() - blocks_.back().size() >= size)
        return blocks_.back();
    std::string block = std::exchange(spare_, {});
    block.reserve(std::max(size, block_bytes));
    return blocks_.emplace_back(std::move(block));
}

std::string line_queue::take() noexcept
{
    if (blocks_.empty())
        return {};
    std::string oldest = std::move(blocks_.front());
    blocks_.pop_front();
    return oldest;
}

void line_queue::give_back(std::string block) noexcept
{
    bytes_ -= block.size();
    block.clear();
    if (spare_.capacity() < block_bytes && block.capacity() < 2 * block_bytes)
        spare_ = std::move(block);
}

} // namespace scopegate::observe
