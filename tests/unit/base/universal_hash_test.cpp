#include "base/universal_hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace scopegate {
namespace {

constexpr hash_key seed{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

// Computes the definition, one word at a time.
std::uint64_t naive(std::string_view text)
{
    std::uint64_t number = 0;
    const auto bytes = [](const auto& v) {
        return std::string_view(reinterpret_cast<const char*>(&v), sizeof v);
    };
    const auto next = [&] { return siphash<2, 4>(seed, bytes(++number)); };
    hash_key last;
    for (auto& half : last)
        half = next();
    std::vector<std::uint32_t> key(256);
    for (auto& word : key)
        word = static_cast<std::uint32_t>(next());

    std::uint64_t so_far = text.size();
    for (std::size_t from = 0; from == 0 || from < text.size(); from += 1024) {
        std::string block(text.substr(from, 1024));
        block.resize((block.size() + 15) / 16 * 16);
        std::uint64_t sum = 0;
        for (std::size_t at = 0; at < block.size(); at += 8) {
            std::uint32_t a = 0, b = 0;
            std::memcpy(&a, block.data() + at, 4);
            std::memcpy(&b, block.data() + at + 4, 4);
            sum += std::uint64_t{a + key[at / 4]} * (b + key[at / 4 + 1]);
        }
        so_far = siphash<1, 3>(last, bytes(hash_key{so_far, sum}));
    }
    return so_far;
}

TEST(universal_hash, agrees_with_its_definition_at_every_length)
{
    const universal_hash hash(seed);
    std::mt19937 random(1);
    std::string text;
    for (std::size_t size = 0; size <= 2100; ++size) {
        EXPECT_EQ(hash(text), naive(text)) << size;
        text += static_cast<char>(random());
    }
}

TEST(universal_hash, depends_on_every_byte_on_the_length_and_on_the_seed)
{
    const universal_hash hash(seed);
    for (const std::size_t size : {15U, 800U, 1024U, 1500U, 4000U}) {
        std::string token(size, 'a');
        std::set<std::uint64_t> seen{hash(token)};
        for (auto& c : token)
            for (const char other : {'b', 'A'}) {
                c = other;
                EXPECT_TRUE(seen.insert(hash(token)).second);
                c = 'a';
            }
    }
    std::set<std::uint64_t> seen;
    for (std::size_t size = 0; size < 64; ++size)
        EXPECT_TRUE(seen.insert(hash(std::string(size, '\0'))).second) << "length " << size;
    EXPECT_EQ(hash({}), hash("")) << "a null view hashes like an empty text";
    EXPECT_NE(hash("token"), universal_hash({seed[0], seed[1] + 1})("token"));
    EXPECT_NE(hash("token"), universal_hash({seed[0] + 1, seed[1]})("token"));
}

// Opaque tokens that differ in a few characters only and share a footer: the half of the hash that the cache
// uses must spread them like random values.
TEST(universal_hash, spreads_nearly_equal_texts)
{
    const universal_hash hash(seed);
    constexpr std::size_t count = 1U << 16U;
    std::vector<unsigned> slots(count);
    for (std::size_t i = 0; i < count; ++i)
        ++slots[hash("prefix." + std::to_string(i) + std::string(600, 'f')) % count];
    EXPECT_LT(*std::max_element(slots.begin(), slots.end()), 12U);
    const auto empty = std::count(slots.begin(), slots.end(), 0U);
    EXPECT_NEAR(static_cast<double>(empty) / count, 0.368, 0.01); // 1/e
}

} // namespace
} // namespace scopegate
