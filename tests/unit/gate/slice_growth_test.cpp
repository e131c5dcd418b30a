// How the slices of an upload grow, and how many bytes a body still lacks.
#include "gate/slice_growth.hpp"

#include "gate/relay.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace scopegate::gate {
namespace {

constexpr auto largest = buffer_pool::slice_bytes;

TEST(slice_growth, begins_small_and_grows_while_it_is_filled)
{
    slice_growth upload(true);
    std::vector<std::size_t> sizes;
    for (int i = 0; i < 4; ++i) {
        sizes.push_back(upload.next());
        upload.filled(sizes.back(), sizes.back());
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{4096, 16384, largest, largest}));
}

TEST(slice_growth, keeps_its_size_while_less_arrives)
{
    slice_growth upload(true);
    upload.filled(4096, 4096);
    upload.filled(100, 16384);
    EXPECT_EQ(upload.next(), 16384U);
    upload.filled(4096, 4096); // fills a slice that was small because memory was short
    EXPECT_EQ(upload.next(), 16384U);
}

TEST(slice_growth, begins_again_when_the_upstream_is_slow)
{
    slice_growth upload(true);
    upload.filled(4096, 4096);
    upload.blocked();
    EXPECT_EQ(upload.next(), 4096U);
}

TEST(slice_growth, gives_a_response_the_largest_slices)
{
    slice_growth response(false);
    response.blocked();
    EXPECT_EQ(response.next(), largest);
}

TEST(body_relay, knows_how_many_bytes_it_lacks_at_least)
{
    const auto relay = [](http::body_framing framing, std::string_view received) {
        body_relay body(framing, false, 0);
        net::gather out;
        std::size_t used = 0;
        if (!received.empty()) {
            EXPECT_TRUE(body.unframe(received, used, out));
        }
        return body;
    };
    using kind = http::body_kind;
    const auto half = relay({kind::length, 10}, "12345");
    EXPECT_TRUE(half.lacks_more_than(4));
    EXPECT_FALSE(half.lacks_more_than(5)) << "the rest may be bytes that have not been read yet";
    EXPECT_FALSE(relay({kind::length, 5}, "12345").lacks_more_than(0));
    EXPECT_FALSE(relay({kind::none, 0}, "").lacks_more_than(0));
    EXPECT_TRUE(relay({kind::chunked, 0}, "5\r\n123").lacks_more_than(0));
    EXPECT_FALSE(relay({kind::chunked, 0}, "5\r\n123").lacks_more_than(1))
        << "chunks do not say how much follows";
    EXPECT_FALSE(relay({kind::chunked, 0}, "3\r\n123\r\n0\r\n\r\n").lacks_more_than(0));
}

} // namespace
} // namespace scopegate::gate
