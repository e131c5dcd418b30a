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

// Memory that outlives the secret in it, so that a test may look at what is left.
struct place {
    alignas(secret) std::byte bytes[sizeof(secret)]{};
    [[nodiscard]] bool shows(char c, std::size_t times) const
    {
        return std::search_n(std::begin(bytes), std::end(bytes), static_cast<int>(times), std::byte(c)) !=
               std::end(bytes);
    }
};

TEST(secret, short_ones_leave_nothing_in_their_place)
{
    place p;
    auto* made = new (p.bytes) secret(std::string{short_text});
    ASSERT_TRUE(p.shows('S', 8));
    std::destroy_at(made);
    EXPECT_FALSE(p.shows('S', 2));
}

TEST(secret, moved_and_replaced_ones_leave_nothing_behind)
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

TEST(secret, copies_are_independent)
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

TEST(secret, wiping_reaches_all_that_a_text_owns)
{
    auto text = long_text;
    text.resize(20); // the rest is still there, behind its end
    const auto* const memory = text.data();
    const auto capacity = text.capacity();
    wipe(text);
    EXPECT_TRUE(text.empty());
    ASSERT_EQ(text.data(), memory) << "it stays where it was";
    EXPECT_TRUE(std::all_of(memory, memory + capacity, [](char c) { return c == '\0'; }));
}

TEST(secret, a_text_is_wiped_at_the_end_of_a_scope)
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
