#include "tokens/introspection_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace scopegate;
using namespace std::chrono_literals;
using tokens::introspection_cache;
using tokens::token_digest;

constexpr wall_time now{1'800'000'000s};

tokens::introspection_ptr until(wall_time end)
{
    tokens::introspection_result a;
    a.until = end;
    return std::make_shared<const tokens::introspection_result>(std::move(a));
}

TEST(token_digests, are_sha_256)
{
    const auto digest = token_digest("abc");
    EXPECT_EQ(digest[0], 0xBA);
    EXPECT_EQ(digest[31], 0xAD);
    EXPECT_NE(token_digest("abd"), digest);
}

TEST(introspection_cache, forgets_only_the_result_that_is_meant)
{
    introspection_cache cache(10, 1000);
    const auto first = until(now + 10s), second = until(now + 10s);
    cache.insert(token_digest("a"), first, 600, now);
    cache.insert(token_digest("a"), second, 600, now);
    cache.forget(token_digest("a"), first);
    EXPECT_EQ(cache.find(token_digest("a"), now), second);
    cache.forget(token_digest("a"), second);
    EXPECT_EQ(cache.find(token_digest("a"), now), nullptr);
    cache.insert(token_digest("b"), first, 1000, now);
    EXPECT_EQ(cache.find(token_digest("b"), now), first) << "a forgotten result takes no room";
    EXPECT_EQ(second.use_count(), 1) << "nor memory";
}

TEST(introspection_cache, keeps_a_result_until_it_expires)
{
    introspection_cache cache(10, 1000);
    const auto answer = until(now + 10s);
    cache.insert(token_digest("a"), answer, 10, now);
    EXPECT_EQ(cache.find(token_digest("a"), now), answer);
    EXPECT_EQ(cache.find(token_digest("a"), now + 9999ms), answer);
    EXPECT_EQ(cache.find(token_digest("a"), now + 10s), nullptr);
    EXPECT_EQ(cache.find(token_digest("b"), now), nullptr);
}

TEST(introspection_cache, does_not_accept_an_expired_result)
{
    introspection_cache cache(10, 1000);
    cache.insert(token_digest("a"), until(now), 10, now);
    EXPECT_EQ(cache.size(), 0U);
}

TEST(introspection_cache, replaces_an_older_result)
{
    introspection_cache cache(10, 1000);
    const auto newer = until(now + 20s);
    cache.insert(token_digest("a"), until(now + 10s), 10, now);
    cache.insert(token_digest("a"), newer, 10, now);
    EXPECT_EQ(cache.size(), 1U);
    EXPECT_EQ(cache.find(token_digest("a"), now + 15s), newer);
}

TEST(introspection_cache, is_bounded_in_results_and_in_bytes)
{
    introspection_cache few(3, 1'000'000);
    for (const auto* token : {"a", "b", "c", "d"})
        few.insert(token_digest(token), until(now + 10s), 10, now);
    EXPECT_EQ(few.size(), 3U);
    EXPECT_EQ(few.find(token_digest("a"), now), nullptr) << "the oldest is evicted first";
    EXPECT_NE(few.find(token_digest("d"), now), nullptr);

    introspection_cache small(1000, 100);
    for (const auto* token : {"a", "b", "c"})
        small.insert(token_digest(token), until(now + 10s), 40, now);
    EXPECT_EQ(small.size(), 2U);
    small.insert(token_digest("d"), until(now + 10s), 101, now);
    EXPECT_EQ(small.find(token_digest("d"), now), nullptr) << "the result is larger than the whole cache";
    EXPECT_EQ(small.size(), 2U) << "an oversized result must not evict others";
}

TEST(introspection_cache, does_not_grow_when_one_result_is_replaced_again_and_again)
{
    introspection_cache cache(3, 100);
    cache.insert(token_digest("other"), until(now + 1h), 10, now);
    for (int i = 0; i < 1000; ++i)
        cache.insert(token_digest("a"), until(now + 1min + std::chrono::milliseconds(i)), 40, now);
    EXPECT_LE(cache.size(), 2U);
    EXPECT_NE(cache.find(token_digest("a"), now), nullptr);
}

TEST(introspection_cache, evicts_expired_results_when_one_is_added)
{
    introspection_cache cache(100, 1000);
    for (int i = 0; i < 50; ++i)
        cache.insert(token_digest(std::to_string(i)), until(now + 1s), 10, now);
    EXPECT_EQ(cache.size(), 50U);
    cache.insert(token_digest("later"), until(now + 10s), 10, now + 2s);
    EXPECT_EQ(cache.size(), 1U);
}

} // namespace
