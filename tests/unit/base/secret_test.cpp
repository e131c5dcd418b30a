#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <string>

namespace scopegate {
namespace {

const std::string long_text(200, 'S'), short_text = "SSSSSSSS";

// Memory that outlives the secret in it, so that a test can inspect what remains.
struct place {
    alignas(secret) std::byte bytes[sizeof(secret)]{};
    [[nodiscard]] bool shows(char c, std::size_t times) const
    {
        return std::search_n(std::begin(bytes), std::end(bytes), static_cast<int>(times), std::byte(c)) !=
               std::end(bytes);
    }
};

TEST(secret, leaves_no_bytes_of_a_short_text_in_its_place)
{
    place p;
    auto* made = new (p.bytes) secret(std::string{short_text});
    ASSERT_TRUE(p.shows('S', 8));
    std::destroy_at(made);
    EXPECT_FALSE(p.shows('S', 2));
}

TEST(secret, leaves_no_bytes_behind_when_moved_or_replaced)
{
    place p;
    auto* made = new (p.bytes) secret(std::string{short_text});
    secret taken(std::move(*made));
    EXPECT_EQ(taken.reveal(), short_text);
    EXPECT_FALSE(p.shows('S', 2));
    *made = secret(std::string(8, 'T'));
    *made = secret("u");
    EXPECT_EQ(made->reveal(), "u");
    EXPECT_FALSE(p.shows('T', 2));
    std::destroy_at(made);
}

TEST(secret, has_independent_copies)
{
    auto first = std::make_unique<secret>(std::string{long_text});
    const auto second = *first;
    first.reset();
    EXPECT_EQ(second.reveal(), long_text);
    secret third;
    third = second;
    EXPECT_EQ(third.reveal(), second.reveal());
    auto& same = third;
    third = same;
    EXPECT_EQ(third.reveal(), long_text);
}

TEST(secret, wipes_all_memory_that_a_text_owns)
{
    auto text = long_text;
    text.resize(20); // the old bytes are still there, behind its end
    const auto* const memory = text.data();
    const auto capacity = text.capacity();
    wipe(text);
    EXPECT_TRUE(text.empty());
    ASSERT_EQ(text.data(), memory) << "the text must keep its memory";
    EXPECT_TRUE(std::all_of(memory, memory + capacity, [](char c) { return c == '\0'; }));
}

TEST(secret, wipes_a_text_at_the_end_of_a_scope)
{
    auto text = long_text;
    const auto* const memory = text.data();
    {
        const wiped_at_end wiped(text);
    }
    EXPECT_TRUE(std::all_of(memory, memory + long_text.size(), [](char c) { return c == '\0'; }));
}

} // namespace
} // namespace scopegate
