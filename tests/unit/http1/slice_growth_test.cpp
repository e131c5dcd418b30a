#include "http1/slice_growth.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace scopegate::http1 {
namespace {

constexpr auto largest = net::buffer_pool::slice_bytes;

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

} // namespace
} // namespace scopegate::http1
