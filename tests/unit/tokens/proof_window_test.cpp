#include "tokens/proof_window.hpp"

#include <gtest/gtest.h>

namespace {

using namespace scopegate;
using namespace std::chrono_literals;
using tokens::proof_window;

constexpr wall_time noon{1'800'000'000s};

TEST(proof_window, needs_no_nonce_in_a_process_that_was_always_alone)
{
    const proof_window window;
    EXPECT_FALSE(window.needs_nonce(noon - 60s, noon));
    EXPECT_FALSE(window.needs_nonce(noon + 5s, noon));
}

// The previous process accepted proofs of clocks that are five seconds ahead, until the moment when this one
// started.
TEST(proof_window, begins_behind_proofs_that_the_previous_process_may_have_accepted)
{
    proof_window window;
    window.open(noon + 300ms);
    struct row {
        const char* sentence;
        wall_time issued;
        bool needs;
    };
    const row rows[] = {{"before the start", noon - 1s, true},
                        {"in the second of the start", noon, true},
                        {"as far ahead as the process before allowed", noon + 5s, true},
                        {"the same to a fraction", noon + 5s + 300ms, true},
                        {"later", noon + 5s + 301ms, false},
                        {"the next second", noon + 6s, false}};
    for (const auto& r : rows) {
        EXPECT_EQ(window.needs_nonce(r.issued, noon + 1s), r.needs) << r.sentence;
        EXPECT_EQ(window.needs_nonce(r.issued, noon + 60s), r.needs) << r.sentence << ", a minute later";
    }
}

TEST(proof_window, needs_a_nonce_until_a_minute_after_a_shared_period)
{
    proof_window window;
    window.open(noon);
    window.share();
    EXPECT_TRUE(window.needs_nonce(noon + 1h, noon + 1h)) << "for as long as the other process runs";
    window.unshare(noon + 1h);
    EXPECT_TRUE(window.needs_nonce(noon + 1h + 59s, noon + 1h + 59s));
    EXPECT_FALSE(window.needs_nonce(noon + 1h + 60s, noon + 1h + 60s));
    EXPECT_TRUE(window.needs_nonce(noon + 1h + 5s, noon + 1h + 60s))
        << "the other process may have seen this proof";
}

// At most one of two processes accepts a proof without a nonce, whenever the handover happens.
TEST(proof_window, lets_only_one_of_two_processes_accept_a_proof)
{
    for (const std::chrono::milliseconds pause : {0ms, 1ms, 700ms, 4000ms, 20000ms}) {
        proof_window before, after;
        before.close(noon);
        after.open(noon + pause);
        for (auto issued = noon - 60s; issued < noon + 60s; issued += 100ms)
            EXPECT_TRUE(before.needs_nonce(issued, issued) || after.needs_nonce(issued, issued))
                << (issued - noon).count();
        EXPECT_FALSE(before.needs_nonce(noon, noon)) << "requests in progress end as they would have";
    }
}

} // namespace
