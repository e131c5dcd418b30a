// If memory runs out during the check of a signature, the signature is neither good nor bad: clients throw a
// bad token away.
#include "faults/failing_calls.hpp"
#include "jose/jws.hpp"
#include "support/reason_of.hpp"
#include "support/token_maker.hpp"

#include <gtest/gtest.h>

#include <new>
#include <optional>

namespace scopegate::jose {
namespace {

using test::fail_call;
using test::failure;

struct attempt {
    std::optional<reason> why; // nothing if memory ran out
    bool failed = false;       // whether an allocation failed
};

// Verifies with the n-th allocation failing.
attempt verify_with_failure(std::size_t n, const compact_jws& token, const jwk_set& keys)
{
    attempt made;
    fail_call(failure::no_memory, n);
    try {
        made.why = test::reason_of(verify(token, keys));
    } catch (const std::bad_alloc&) {
    }
    made.failed = !test::failed_call().empty();
    fail_call(failure::no_memory, 0);
    return made;
}

TEST(signature_memory, is_not_taken_for_a_bad_signature_when_it_runs_out)
{
    for (const auto a : {algorithm::hs256, algorithm::rs256, algorithm::es256}) {
        const auto text = test::make_token(R"({"sub":"ada"})", a);
        const auto token = split(text);
        const auto keys = test::keys_for({a});
        ASSERT_TRUE(token);
        ASSERT_TRUE(verify(*token, *keys)) << name(a);
        bool failed = true;
        for (std::size_t n = 1; failed && n < 1000; ++n) {
            const auto made = verify_with_failure(n, *token, *keys);
            failed = made.failed;
            if (made.why || !failed) {
                EXPECT_EQ(made.why, reason::allowed) << name(a) << ": allocation " << n << " fails";
            }
        }
        EXPECT_FALSE(failed) << name(a);
        EXPECT_TRUE(verify(*token, *keys)) << name(a) << ", afterwards";
    }
}

} // namespace
} // namespace scopegate::jose
