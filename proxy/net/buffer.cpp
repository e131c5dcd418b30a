#include "net/buffer.hpp"

namespace scopegate::net {

buffer_pool::~buffer_pool()
{
    scratch_.reset();
    for (std::size_t i = 0; i < sizes.size(); ++i)
        while (shelves_[i].count > 0)
            free(shelves_[i].spare[--shelves_[i].count], sizes[i]);
}

buffer buffer_pool::take(std::size_t at_least)
{
    const auto* const fits = std::lower_bound(sizes.begin(), sizes.end(), at_least);
    const auto place = static_cast<std::size_t>(fits - sizes.begin());
    // A head beyond the usual limit has a buffer of just its size.
    return fits == sizes.end() ? make(place, at_least) : take_of(place);
}

buffer buffer_pool::make(std::size_t place, std::size_t size)
{
    if (place < sizes.size())
        shelves_[place].unused = 0;
    auto* const bytes = new char[size];
    count(size);
    return {*this, bytes, size, place};
}

void buffer_pool::free(char* bytes, std::size_t size) noexcept
{
    delete[] bytes;
    uncount(size);
}

void buffer_pool::free_unused() noexcept
{
    const bool all = pressure() >= memory_pressure::high;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        auto& from = shelves_[i];
        auto surplus = all ? from.count : (from.unused + 1) / 2;
        for (; surplus > 0; --surplus)
            free(from.spare[--from.count], sizes[i]);
        from.unused = from.count;
    }
}

} // namespace scopegate::net
