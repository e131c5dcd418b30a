#include "gate/buffer.hpp"

#include <algorithm>

namespace scopegate::gate {

buffer buffer_pool::take(std::size_t at_least)
{
    const auto* const fits = std::lower_bound(sizes.begin(), sizes.end(), at_least);
    if (fits == sizes.end()) { // a head beyond the usual limit
        auto made = std::make_unique_for_overwrite<char[]>(at_least);
        count(at_least);
        return {*this, std::move(made), at_least};
    }
    const auto place = static_cast<std::size_t>(fits - sizes.begin());
    auto& spare = spare_[place];
    if (spare.empty()) {
        unused_[place] = 0;
        auto made = std::make_unique_for_overwrite<char[]>(*fits);
        count(*fits);
        return {*this, std::move(made), *fits};
    }
    auto taken = std::move(spare.back());
    spare.pop_back();
    unused_[place] = std::min(unused_[place], spare.size());
    return {*this, std::move(taken), *fits};
}

buffer buffer_pool::take_slice()
{
    switch (pressure()) {
    case memory_pressure::low:
        break;
    case memory_pressure::raised:
        return take(16384);
    case memory_pressure::high:
    case memory_pressure::full:
        return take(least_bytes);
    }
    return take(slice_bytes);
}

std::span<char> buffer_pool::scratch()
{
    if (!scratch_)
        scratch_ = take(slice_bytes);
    return scratch_.bytes();
}

void buffer_pool::give(std::unique_ptr<char[]> bytes, std::size_t size) noexcept
{
    const auto* const fits = std::lower_bound(sizes.begin(), sizes.end(), size);
    if (fits != sizes.end()) {
        auto& spare = spare_[static_cast<std::size_t>(fits - sizes.begin())];
        if (spare.size() < spare_most && pressure() < memory_pressure::high) {
            spare.push_back(std::move(bytes));
            return;
        }
    }
    uncount(size);
}

void buffer_pool::free_unused() noexcept
{
    const bool all = pressure() >= memory_pressure::high;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        auto& spare = spare_[i];
        const auto surplus = all ? spare.size() : std::min((unused_[i] + 1) / 2, spare.size());
        for (std::size_t n = 0; n < surplus; ++n)
            spare.pop_back();
        uncount(surplus * sizes[i]);
        unused_[i] = spare.size();
    }
}

} // namespace scopegate::gate
