#include "gate/workspace.hpp"

#include "support/allocations.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace scopegate::gate {
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

TEST(workspace, grows_with_its_input_and_keeps_the_bytes)
{
    buffer_pool pool;
    workspace space(pool);
    std::string sent;
    for (int i = 0; i < 700; ++i) {
        const std::string piece = std::to_string(i) + std::string(80, static_cast<char>('a' + i % 26));
        space.append_request(sent.size(), piece);
        sent += piece;
        ASSERT_LE(space.request_bytes.size(), std::max<std::size_t>(4096, 2 * sent.size()));
        ASSERT_EQ(std::string_view(space.request_bytes.data(), sent.size()), sent);
    }
}

TEST(workspace, moves_bytes_behind_an_upload_to_the_next_request)
{
    buffer_pool pool;
    workspace space(pool);
    space.upload_bytes = pool.take_slice();
    const std::string next = "GET /next HTTP/1.1\r\n";
    std::copy(next.begin(), next.end(), space.upload_bytes.data() + 1000);
    space.append_request(0, {space.upload_bytes.data() + 1000, next.size()});
    EXPECT_EQ(std::string_view(space.request_bytes.data(), next.size()), next);
}

TEST(workspace, returns_large_buffers_when_its_request_has_ended)
{
    memory_budget budget;
    memory_account account(budget);
    workspace_pool pool(&account);
    {
        auto space = pool.take();
        space->append_request(0, std::string(30'000, 'x'));
        space->response.fields.resize(1000);
        space->lines.assign(100'000, 'x');
        space->upload_bytes = pool.buffers().take_slice();
        space->received = "left unread";
        pool.give(std::move(space));
    }
    const auto again = pool.take();
    EXPECT_TRUE(again->received.empty());
    EXPECT_FALSE(again->request_bytes);
    EXPECT_FALSE(again->upload_bytes);
    EXPECT_EQ(again->response.fields.capacity(), 0U);
    EXPECT_LT(again->lines.capacity(), 100U);
}

} // namespace
} // namespace scopegate::gate
