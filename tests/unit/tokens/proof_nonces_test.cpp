#include "tokens/proof_nonces.hpp"

#include <gtest/gtest.h>

namespace scopegate::tokens {
namespace {

using std::chrono::seconds;
constexpr wall_time start{seconds(1'800'000'000)}; // the start of a period

TEST(proof_nonces, are_valid_for_a_while)
{
    const proof_nonces nonces;
    const auto first = nonces.current(start);
    EXPECT_GE(first.size(), 20U);
    EXPECT_EQ(nonces.current(start + seconds(59)), first);
    EXPECT_TRUE(nonces.accepts(first, start + seconds(59)));
    EXPECT_NE(nonces.current(start + seconds(60)), first);
    EXPECT_TRUE(nonces.accepts(first, start + seconds(119)));
    EXPECT_FALSE(nonces.accepts(first, start + seconds(120)));
    EXPECT_FALSE(nonces.accepts(first, start - seconds(1))) << "the nonce is from the future";
}

TEST(proof_nonces, depend_on_the_key)
{
    const proof_nonces nonces, other;
    EXPECT_NE(nonces.current(start), other.current(start));
    EXPECT_FALSE(other.accepts(nonces.current(start), start));
    EXPECT_FALSE(nonces.accepts("", start));
    EXPECT_FALSE(nonces.accepts(nonces.current(start) + "A", start));
    const proof_nonces same(secret("k")), twin(secret("k"));
    EXPECT_TRUE(twin.accepts(same.current(start), start));
}

} // namespace
} // namespace scopegate::tokens
