#include "gate/workspace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace scopegate::gate {
namespace {

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
        space->request.fields.resize(1000);
        space->request_lines.assign(100'000, 'x');
        space->upload_bytes = pool.buffers().take_slice();
        space->received = "left unread";
        pool.give(std::move(space));
    }
    const auto again = pool.take();
    EXPECT_TRUE(again->received.empty());
    EXPECT_FALSE(again->request_bytes);
    EXPECT_FALSE(again->upload_bytes);
    EXPECT_EQ(again->request.fields.capacity(), 0U);
    EXPECT_LT(again->request_lines.capacity(), 100U);
}

} // namespace
} // namespace scopegate::gate
