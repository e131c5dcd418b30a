#include "net/buffer.hpp"

#include "support/allocations.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace scopegate::net {
namespace {

constexpr std::size_t mib = 1024UL * 1024;

TEST(buffer_pool, takes_the_smallest_size_that_fits)
{
    struct row {
        std::size_t wanted, size;
    };
    buffer_pool pool;
    for (const auto& r :
         std::vector<row>{{1, 4096}, {4096, 4096}, {4097, 8192}, {40'000, 64'512}, {100'000, 100'000}})
        EXPECT_EQ(pool.take(r.wanted).size(), r.size) << r.wanted;
}

TEST(buffer_pool, reuses_returned_pieces)
{
    buffer_pool pool;
    const char* const first = pool.take(4096).data();
    const test::allocation_scope heap;
    EXPECT_EQ(pool.take(4000).data(), first);
    EXPECT_EQ(heap.count(), 0U);
}

TEST(buffer_pool, frees_unused_pieces_and_counts_the_others)
{
    memory_budget budget;
    memory_account account(budget);
    buffer_pool pool(&account);
    {
        std::vector<buffer> taken;
        for (int i = 0; i < 60; ++i)
            taken.push_back(pool.take_slice());
        EXPECT_GE(budget.counted(), 60 * buffer_pool::slice_bytes - memory_account::batch);
    }
    EXPECT_GE(budget.counted(), 3 * mib) << "spare pieces must be kept and counted";
    for (int i = 0; i < 10; ++i)
        pool.free_unused();
    EXPECT_LE(budget.counted(), static_cast<std::size_t>(memory_account::batch));
}

TEST(buffer_pool, keeps_pieces_that_are_used_again_and_again)
{
    buffer_pool pool;
    for (int i = 0; i < 10; ++i) {
        static_cast<void>(pool.take_slice());
        pool.free_unused();
        const auto taken = pool.take_slice(); // used since the last call
        pool.free_unused();
    }
    static_cast<void>(pool.take_slice());
    const test::allocation_scope heap;
    static_cast<void>(pool.take_slice());
    EXPECT_EQ(heap.count(), 0U);
}

TEST(buffer_pool, hands_out_smaller_slices_and_keeps_no_spare_ones_when_memory_is_short)
{
    struct row {
        const char* what;
        std::size_t held, slice;
        bool keeps_spare;
    };
    const row rows[] = {
        {"plenty", 0, buffer_pool::slice_bytes, true},
        {"half of the limit", 50 * mib, 16384, true},
        {"80 % of it", 80 * mib, 4096, false},
        {"all of it", 100 * mib, 4096, false},
    };
    for (const auto& r : rows) {
        memory_budget budget;
        budget.set_limit(100 * mib);
        budget.set_uncounted(r.held);
        memory_account account(budget);
        buffer_pool pool(&account);
        EXPECT_EQ(pool.take_slice().size(), r.slice) << r.what;
        const test::allocation_scope heap;
        static_cast<void>(pool.take_slice());
        EXPECT_EQ(heap.count() == 0, r.keeps_spare) << r.what;
    }
}

} // namespace
} // namespace scopegate::net
