#include "tokens/used_proofs.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace scopegate::tokens {
namespace {

constexpr wall_time noon{std::chrono::seconds(1'800'000'000)};
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(used_proofs, takes_each_proof_of_a_key_once)
{
    used_proofs used;
    EXPECT_EQ(used.use("key", "1", noon), reason::allowed);
    EXPECT_EQ(used.use("key", "1", noon), reason::invalid_proof);
    EXPECT_EQ(used.use("key", "2", noon), reason::allowed);
    EXPECT_EQ(used.use("other", "1", noon), reason::allowed) << "whose proof it is counts";
    EXPECT_EQ(used.use("other", "1", noon), reason::invalid_proof);
    EXPECT_EQ(used.size(), 3U);
}

TEST(used_proofs, remembers_for_as_long_as_a_proof_could_count_and_not_for_ever)
{
    // At whatever point of a period it was used.
    for (int offset = 0; offset < 14'000; offset += 500) {
        used_proofs used;
        const auto first = noon + milliseconds(offset);
        ASSERT_EQ(used.use("key", "1", first), reason::allowed);
        for (int later = 0; later <= 65; ++later)
            ASSERT_EQ(used.use("key", "1", first + seconds(later)), reason::invalid_proof)
                << offset << ' ' << later;
        EXPECT_EQ(used.use("key", "1", first + seconds(80)), reason::allowed);
        EXPECT_EQ(used.size(), 1U);
    }
}

TEST(used_proofs, forgets_nothing_early_when_the_clock_is_set_back)
{
    used_proofs used;
    ASSERT_EQ(used.use("key", "1", noon), reason::allowed);
    ASSERT_EQ(used.use("key", "2", noon - seconds(300)), reason::allowed);
    EXPECT_EQ(used.use("key", "1", noon - seconds(300)), reason::invalid_proof);
    EXPECT_EQ(used.use("key", "2", noon - seconds(299)), reason::invalid_proof);
    EXPECT_EQ(used.use("key", "2", noon), reason::invalid_proof);
    EXPECT_EQ(used.use("key", "1", noon + seconds(60)), reason::invalid_proof);
}

TEST(used_proofs, a_key_that_floods_it_spoils_its_own_requests_only)
{
    used_proofs used({100, 10});
    for (int i = 0; i < 10; ++i)
        ASSERT_EQ(used.use("flood", std::to_string(i), noon + seconds(i)), reason::allowed);
    for (int i = 10; i < 200; ++i)
        ASSERT_EQ(used.use("flood", std::to_string(i), noon + seconds(10)), reason::proof_memory_full);
    EXPECT_EQ(used.use("flood", "3", noon + seconds(10)), reason::invalid_proof)
        << "nothing was given up for it";
    EXPECT_EQ(used.use("other", "1", noon + seconds(10)), reason::allowed);
    EXPECT_EQ(used.use("flood", "new", noon + seconds(90)), reason::allowed);
}

TEST(used_proofs, where_it_is_full_nothing_is_given_up_for_what_is_new)
{
    used_proofs used({20, 10});
    for (int i = 0; i < 20; ++i)
        ASSERT_EQ(used.use("key" + std::to_string(i), "1", noon), reason::allowed);
    EXPECT_EQ(used.use("late", "1", noon), reason::proof_memory_full);
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(used.use("key" + std::to_string(i), "1", noon), reason::invalid_proof);
    EXPECT_EQ(used.size(), 20U);
    EXPECT_EQ(used.use("late", "1", noon + seconds(80)), reason::allowed)
        << "what is old makes room, whoever's it is";
    EXPECT_EQ(used.size(), 1U);
}

TEST(used_proofs, holds_many)
{
    used_proofs used;
    for (int i = 0; i < 20'000; ++i)
        ASSERT_EQ(used.use("key" + std::to_string(i % 7), std::to_string(i), noon), reason::allowed);
    for (int i = 0; i < 20'000; ++i)
        ASSERT_EQ(used.use("key" + std::to_string(i % 7), std::to_string(i), noon), reason::invalid_proof);
    EXPECT_EQ(used.size(), 20'000U);
}

TEST(used_proofs, of_threads_that_use_one_at_once_one_is_first)
{
    used_proofs used;
    constexpr int proofs = 2'000;
    std::atomic<int> allowed{0}, refused{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < proofs; ++i) {
                const auto why =
                    used.use("key" + std::to_string(i % 3), std::to_string(i), noon + milliseconds(i * 20));
                ++(why == reason::allowed ? allowed : refused);
            }
        });
    for (auto& t : threads)
        t.join();
    EXPECT_EQ(allowed, proofs);
    EXPECT_EQ(refused, 3 * proofs);
}

} // namespace
} // namespace scopegate::tokens
