#include "tokens/used_proofs.hpp"

#include "support/reason_of.hpp"

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

TEST(used_proofs, accepts_each_proof_of_a_key_once)
{
    used_proofs used;
    EXPECT_EQ(test::reason_of(used.use("key", "1", noon)), reason::allowed);
    EXPECT_EQ(test::reason_of(used.use("key", "1", noon)), reason::invalid_proof);
    EXPECT_EQ(test::reason_of(used.use("key", "2", noon)), reason::allowed);
    EXPECT_EQ(test::reason_of(used.use("other", "1", noon)), reason::allowed)
        << "proofs of different keys are different";
    EXPECT_EQ(test::reason_of(used.use("other", "1", noon)), reason::invalid_proof);
    EXPECT_EQ(used.size(), 3U);
}

TEST(used_proofs, remembers_a_proof_exactly_as_long_as_it_could_count)
{
    // Covers any moment of a period at which a proof may be used.
    for (int offset = 0; offset < 14'000; offset += 500) {
        used_proofs used;
        const auto first = noon + milliseconds(offset);
        ASSERT_EQ(test::reason_of(used.use("key", "1", first)), reason::allowed);
        for (int later = 0; later <= 65; ++later)
            ASSERT_EQ(test::reason_of(used.use("key", "1", first + seconds(later))), reason::invalid_proof)
                << offset << ' ' << later;
        EXPECT_EQ(test::reason_of(used.use("key", "1", first + seconds(80))), reason::allowed);
        EXPECT_EQ(used.size(), 1U);
    }
}

TEST(used_proofs, forgets_nothing_early_when_the_clock_is_set_back)
{
    used_proofs used;
    ASSERT_EQ(test::reason_of(used.use("key", "1", noon)), reason::allowed);
    ASSERT_EQ(test::reason_of(used.use("key", "2", noon - seconds(300))), reason::allowed);
    EXPECT_EQ(test::reason_of(used.use("key", "1", noon - seconds(300))), reason::invalid_proof);
    EXPECT_EQ(test::reason_of(used.use("key", "2", noon - seconds(299))), reason::invalid_proof);
    EXPECT_EQ(test::reason_of(used.use("key", "2", noon)), reason::invalid_proof);
    EXPECT_EQ(test::reason_of(used.use("key", "1", noon + seconds(60))), reason::invalid_proof);
}

TEST(used_proofs, limits_the_damage_of_a_flooding_key_to_its_own_requests)
{
    used_proofs used({100, 10});
    for (int i = 0; i < 10; ++i)
        ASSERT_EQ(test::reason_of(used.use("flood", std::to_string(i), noon + seconds(i))), reason::allowed);
    for (int i = 10; i < 200; ++i)
        ASSERT_EQ(test::reason_of(used.use("flood", std::to_string(i), noon + seconds(10))),
                  reason::proof_memory_full);
    EXPECT_EQ(test::reason_of(used.use("flood", "3", noon + seconds(10))), reason::invalid_proof)
        << "a used proof may not be dropped for a new one";
    EXPECT_EQ(test::reason_of(used.use("other", "1", noon + seconds(10))), reason::allowed);
    EXPECT_EQ(test::reason_of(used.use("flood", "new", noon + seconds(90))), reason::allowed);
}

TEST(used_proofs, drops_no_entry_for_a_new_one_when_full)
{
    used_proofs used({20, 10});
    for (int i = 0; i < 20; ++i)
        ASSERT_EQ(test::reason_of(used.use("key" + std::to_string(i), "1", noon)), reason::allowed);
    EXPECT_EQ(test::reason_of(used.use("late", "1", noon)), reason::proof_memory_full);
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(test::reason_of(used.use("key" + std::to_string(i), "1", noon)), reason::invalid_proof);
    EXPECT_EQ(used.size(), 20U);
    EXPECT_EQ(test::reason_of(used.use("late", "1", noon + seconds(80))), reason::allowed)
        << "old entries must make room, whatever their key";
    EXPECT_EQ(used.size(), 1U);
}

TEST(used_proofs, holds_many_proofs)
{
    used_proofs used;
    for (int i = 0; i < 20'000; ++i)
        ASSERT_EQ(test::reason_of(used.use("key" + std::to_string(i % 7), std::to_string(i), noon)),
                  reason::allowed);
    for (int i = 0; i < 20'000; ++i)
        ASSERT_EQ(test::reason_of(used.use("key" + std::to_string(i % 7), std::to_string(i), noon)),
                  reason::invalid_proof);
    EXPECT_EQ(used.size(), 20'000U);
}

TEST(used_proofs, lets_one_of_several_threads_use_a_proof)
{
    used_proofs used;
    constexpr int proofs = 2'000;
    std::atomic<int> allowed{0}, refused{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < proofs; ++i) {
                const auto why = test::reason_of(
                    used.use("key" + std::to_string(i % 3), std::to_string(i), noon + milliseconds(i * 20)));
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
