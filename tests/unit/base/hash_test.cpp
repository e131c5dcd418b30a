#include "base/hash.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace scopegate {
namespace {

// The key 00 01 .. 0f and the input 00 01 .. of the SipHash paper's appendix A.
constexpr hash_key paper_key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

std::string counting(std::size_t size)
{
    std::string text;
    for (std::size_t i = 0; i < size; ++i)
        text += static_cast<char>(i);
    return text;
}

TEST(hash, matches_the_published_siphash_vectors)
{
    EXPECT_EQ((siphash<2, 4>(paper_key, counting(15))), 0xa129ca6149be45e5U);
    EXPECT_EQ((siphash<2, 4>(paper_key, "")), 0x726fdb47dd0e0e31U);
    EXPECT_EQ((siphash<2, 4>(paper_key, counting(8))), 0x93f5f5799a932462U);
    EXPECT_EQ((siphash<1, 3>(paper_key, "")), 0xabac0158050fc4dcU);
}

TEST(hash, depends_on_every_byte_on_the_length_and_on_the_key)
{
    std::string token(800, 'a');
    std::set<std::uint64_t> seen{keyed_hash(paper_key, token)};
    for (std::size_t i = 0; i < token.size(); ++i) {
        token[i] = 'b';
        EXPECT_TRUE(seen.insert(keyed_hash(paper_key, token)).second) << "byte " << i;
        token[i] = 'a';
    }
    for (std::size_t size = 0; size < 64; ++size)
        EXPECT_TRUE(seen.insert(keyed_hash(paper_key, std::string(size, '\0'))).second) << "length " << size;
    EXPECT_TRUE(seen.insert(keyed_hash({paper_key[0], paper_key[1] + 1}, token)).second);
    EXPECT_TRUE(seen.insert(keyed_hash({paper_key[0] + 1, paper_key[1]}, token)).second);
}

} // namespace
} // namespace scopegate
