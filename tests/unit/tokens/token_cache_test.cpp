#include "tokens/token_cache.hpp"

#include "support/allocations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include <malloc.h>

namespace {

using namespace scopegate;
using namespace std::chrono_literals;

constexpr wall_time now{1'700'000'000s};

tokens::token_ptr made(std::size_t issuer = 0, wall_time expires = now + 1h,
                       const std::string& subject = "ann")
{
    const boost::intrusive_ptr<tokens::validated_token> token(new tokens::validated_token);
    token->issuer = token->key_source = issuer;
    token->expires = expires;
    token->subject = subject;
    return token;
}

std::string token_number(int i)
{
    return "header.payload-with-some-length-to-it." + std::to_string(i);
}

TEST(token_cache, returns_its_entries_and_nothing_else)
{
    tokens::token_cache cache(1 << 20, 1);
    const auto ann = made();
    cache.insert("token-a", ann, now);
    EXPECT_EQ(cache.find("token-a", now), ann);
    EXPECT_EQ(cache.find("token-b", now), nullptr);
    EXPECT_EQ(cache.find("token-a.", now), nullptr);
    EXPECT_EQ(cache.find("", now), nullptr);
}

TEST(token_cache, drops_a_token_exactly_at_its_expiry)
{
    tokens::token_cache cache(1 << 20, 1);
    cache.insert("token", made(0, now + 5s), now);
    EXPECT_NE(cache.find("token", now + 4999ms), nullptr);
    EXPECT_EQ(cache.find("token", now + 5s), nullptr);
    EXPECT_EQ(cache.size(), 0U) << "the entry must be removed";
}

TEST(token_cache, drops_the_tokens_of_one_issuer_only)
{
    tokens::token_cache cache(1 << 20, 2);
    cache.insert("a", made(0), now);
    cache.insert("b", made(1), now);
    cache.drop_key_source(0);
    EXPECT_EQ(cache.find("a", now), nullptr);
    EXPECT_NE(cache.find("b", now), nullptr);
    cache.insert("a", made(0), now);
    EXPECT_NE(cache.find("a", now), nullptr) << "later entries must count again";
}

TEST(token_cache, distinguishes_more_key_sources_than_16_bits_can)
{
    constexpr std::size_t many = 65'536;
    tokens::token_cache cache(1 << 20, many + 2);
    cache.insert("a", made(1), now);
    cache.insert("b", made(many + 1), now);
    cache.drop_key_source(1);
    EXPECT_EQ(cache.find("a", now), nullptr);
    EXPECT_NE(cache.find("b", now), nullptr);
    cache.drop_key_source(many + 1);
    EXPECT_EQ(cache.find("b", now), nullptr);
}

TEST(token_cache, distinguishes_thousands_of_tokens)
{
    tokens::token_cache cache(64 << 20, 1);
    for (int i = 0; i < 10'000; ++i)
        cache.insert(token_number(i), made(0, now + 1h, std::to_string(i)), now);
    for (int i = 0; i < 10'000; ++i) {
        const auto found = cache.find(token_number(i), now);
        ASSERT_NE(found, nullptr) << i;
        ASSERT_EQ(found->subject, std::to_string(i));
    }
    EXPECT_EQ(cache.size(), 10'000U);
}

// Tokens may differ anywhere: opaque ones may share their middle and their end.
TEST(token_cache, distinguishes_tokens_by_every_byte)
{
    std::string token(900, 'a');
    tokens::token_cache cache(1 << 20, 1);
    const auto ann = made();
    cache.insert(token, ann, now);
    for (auto& c : token) {
        c = 'b';
        EXPECT_EQ(cache.find(token, now), nullptr) << "byte " << &c - token.data();
        c = 'a';
    }
    EXPECT_EQ(cache.find(token, now), ann);
    EXPECT_EQ(cache.find(token.substr(1), now), nullptr);
    const auto bob = made(0, now + 1h, "bob");
    token.front() = 'b';
    cache.insert(token, bob, now);
    EXPECT_EQ(cache.find(token, now), bob);
    token.front() = 'a';
    EXPECT_EQ(cache.find(token, now), ann);
}

TEST(token_cache, stays_within_its_bytes_whatever_is_added)
{
    tokens::token_cache cache(100'000, 1);
    for (int i = 0; i < 5'000; ++i) {
        cache.insert(token_number(i), made(), now);
        ASSERT_LE(cache.bytes(), 100'000U);
    }
    EXPECT_GT(cache.size(), 50U);
    EXPECT_NE(cache.find(token_number(4'999), now), nullptr) << "the newest token must be there";
}

TEST(token_cache, counts_claims_and_lines_of_a_token)
{
    tokens::token_cache cache(1 << 20, 1);
    cache.insert("small", made(), now);
    const auto small = cache.bytes();
    const boost::intrusive_ptr<tokens::validated_token> large(new tokens::validated_token);
    large->expires = now + 1h;
    large->claims = *json::parse(R"({"groups":[")" + std::string(10'000, 'g') + R"("]})");
    large->identity_lines = std::string(5'000, 'x');
    cache.insert("large", large, now);
    EXPECT_GT(cache.bytes() - small, 15'000U);
}

TEST(token_cache, does_not_store_a_token_that_would_fill_it_alone)
{
    tokens::token_cache cache(10'000, 1);
    cache.insert("a", made(), now);
    cache.insert(std::string(20'000, 'x'), made(), now);
    EXPECT_NE(cache.find("a", now), nullptr);
    EXPECT_EQ(cache.size(), 1U);
    tokens::token_cache none(0, 1);
    none.insert("a", made(), now);
    EXPECT_EQ(none.find("a", now), nullptr);
}

TEST(token_cache, keeps_a_frequent_token_against_tokens_seen_once)
{
    tokens::token_cache cache(100'000, 1);
    cache.insert("often", made(), now);
    for (int i = 0; i < 5'000; ++i) {
        ASSERT_NE(cache.find("often", now), nullptr) << i;
        cache.insert(token_number(i), made(), now);
    }
}

TEST(token_cache, evicts_expired_tokens_first)
{
    tokens::token_cache cache(100'000, 1);
    int count = 0;
    for (; cache.bytes() < 80'000; ++count) {
        cache.insert(token_number(count), made(0, now + 5s), now);
        ASSERT_NE(cache.find(token_number(count), now), nullptr);
    }
    for (int i = 0; i < count / 2; ++i)
        cache.insert("late." + token_number(i), made(), now + 10s);
    for (int i = 0; i < count / 2; ++i)
        EXPECT_NE(cache.find("late." + token_number(i), now + 10s), nullptr) << i;
}

// Inserts and removes tokens in an order that leaves gaps in every probe sequence.
TEST(token_cache, finds_the_others_when_some_expire_between_them)
{
    tokens::token_cache cache(64 << 20, 1);
    for (int round = 0; round < 20; ++round)
        for (int i = 0; i < 500; ++i) {
            const auto id = token_number(round * 500 + i);
            cache.insert(id, made(0, i % 3 == 0 ? now + 1s : now + 1h, id), now);
        }
    for (int i = 0; i < 10'000; ++i)
        ASSERT_EQ(cache.find(token_number(i), now + 2s) == nullptr, i % 500 % 3 == 0) << i;
    for (int i = 0; i < 10'000; ++i) {
        const auto found = cache.find(token_number(i), now + 2s);
        ASSERT_EQ(found == nullptr, i % 500 % 3 == 0) << i;
        if (found) {
            ASSERT_EQ(found->subject, token_number(i));
        }
    }
}

TEST(token_cache, does_not_allocate_in_a_lookup)
{
    tokens::token_cache cache(1 << 20, 1);
    const auto token = token_number(1);
    cache.insert(token, made(), now);
    const test::allocation_scope heap;
    for (int i = 0; i < 100; ++i) {
        EXPECT_NE(cache.find(token, now), nullptr);
        EXPECT_EQ(cache.find("another", now), nullptr);
    }
    EXPECT_EQ(heap.count(), 0U);
}

#ifndef SCOPEGATE_SANITIZED // the sanitizer has another heap

TEST(token_cache, counts_its_memory_as_the_heap_does)
{
    struct row {
        const char* what;
        std::size_t token_bytes, lines_bytes;
        policy::scope_id last_scope;
    };
    const row rows[] = {
        {"short tokens", 40, 0, 3},
        {"usual ones", 900, 200, 100},
        {"long ones with scopes beyond those that need no heap", 4000, 1500, 1000},
    };
    constexpr std::size_t bound = 4UL << 20;
    for (const auto& r : rows) {
        const auto before = ::mallinfo2().uordblks;
        tokens::token_cache cache(bound, 1);
        for (int i = 0; i < 50'000 && i < static_cast<int>(3 * bound / r.token_bytes); ++i) {
            const boost::intrusive_ptr<tokens::validated_token> token(new tokens::validated_token);
            token->expires = now + 1h;
            token->subject = "auth0|0123456789abcdef0123456789";
            token->identity_lines.assign(r.lines_bytes, 'x');
            token->scopes.token.insert(r.last_scope);
            token->scopes.effective.insert(r.last_scope);
            auto text = token_number(i);
            text.resize(std::max(text.size(), r.token_bytes), 'x');
            cache.insert(text, token, now);
        }
        const auto held = ::mallinfo2().uordblks - before;
        EXPECT_LE(cache.bytes(), bound) << r.what;
        EXPECT_GT(cache.bytes(), bound / 5 * 4) << r.what << ": the cache is full";
        EXPECT_LE(held, cache.bytes() + bound / 16) << r.what;
        EXPECT_GE(held, cache.bytes() / 20 * 17) << r.what;
    }
}

#endif

TEST(token_cache, reports_its_size_to_an_account)
{
    memory_budget budget;
    memory_account account(budget);
    {
        tokens::token_cache cache(1 << 20, 1, &account);
        for (int i = 0; i < 5'000; ++i)
            cache.insert(token_number(i), made(0, i % 2 == 0 ? now + 1s : now + 1h), now);
        for (int i = 0; i < 5'000; ++i)
            static_cast<void>(cache.find(token_number(i), now + 2s));
        EXPECT_NEAR(static_cast<double>(budget.counted()), static_cast<double>(cache.bytes()),
                    memory_account::batch);
        cache.close();
        EXPECT_LE(budget.counted(), static_cast<std::size_t>(memory_account::batch));
        cache.insert("late", made(), now);
        EXPECT_EQ(cache.find("late", now), nullptr);
        EXPECT_EQ(cache.size(), 0U);
    }
    EXPECT_LE(budget.counted(), static_cast<std::size_t>(memory_account::batch));
}

} // namespace
