#include "gate/workspace.hpp"

#include <utility>

namespace scopegate::gate {

namespace {

// One long request must not make this memory large for good.
template <class List>
void shrink(List& grown) noexcept
{
    constexpr std::size_t usual_bytes = 8192;
    if (grown.capacity() * sizeof(typename List::value_type) > usual_bytes)
        List().swap(grown);
}

} // namespace

void workspace::clear() noexcept
{
    received = {};
    upload_bytes.reset();
    if (request_bytes.size() <= buffer_pool::min_bytes)
        return;
    request_bytes.reset();
    shrink(request.fields);
    for (auto* text : {&scratch.target, &scratch.folded, &scratch.token, &request_lines, &response_lines,
                       &response_own_lines, &query})
        shrink(*text);
}

std::unique_ptr<workspace> workspace_pool::take()
{
    if (spare_.empty()) {
        unused_ = 0;
        return std::make_unique<workspace>(buffers_);
    }
    auto taken = std::move(spare_.back());
    spare_.pop_back();
    unused_ = std::min(unused_, spare_.size());
    return taken;
}

void workspace_pool::give(std::unique_ptr<workspace> w) noexcept
{
    w->end();
    w->clear();
    if (spare_.size() < max_spare && buffers_.pressure() < memory_pressure::high)
        spare_.push_back(std::move(w));
}

void workspace_pool::free_unused() noexcept
{
    const bool all = buffers_.pressure() >= memory_pressure::high;
    const auto surplus = all ? spare_.size() : std::min((unused_ + 1) / 2, spare_.size());
    for (std::size_t n = 0; n < surplus; ++n)
        spare_.pop_back();
    unused_ = spare_.size();
    buffers_.free_unused();
}

} // namespace scopegate::gate
