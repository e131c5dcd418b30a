// The hot path's allocation budget: a valid, already seen token on a kept-alive connection. The test counts
// and does not measure times. tests/bench/syscall_budget_test.cpp counts system calls.
#include "support/allocations.hpp"
#include "support/raw_client.hpp"
#include "unit/gate/running_worker.hpp"

#include <gmock/gmock.h>

namespace scopegate::gate {
namespace {

TEST(hot_path, allocates_nothing_for_a_token_seen_before_on_a_kept_alive_connection)
{
    const test::recording_upstream upstream;
    running_worker gate(upstream);
    test::raw_client client(gate.address());
    const auto request = test::get("/appointments/17", reader_token());
    for (int warm = 0; warm < 20; ++warm)
        ASSERT_EQ(client.exchange(request).status, 200U);

    const auto counting = gate.on_thread([] { return std::make_shared<test::allocation_scope>(); });
    constexpr int requests = 100;
    for (int i = 0; i < requests; ++i)
        ASSERT_EQ(client.exchange(request).status, 200U);
    const auto taken = gate.on_thread([&counting] { return counting->count(); });
#ifdef SCOPEGATE_SANITIZED
    static_cast<void>(taken); // each frame is allocated, so that a use after free shows
#else
    // The sweep of the deadlines and the two calls above may allocate a little. A hundred requests add
    // nothing.
    EXPECT_LT(taken, requests / 4U);
#endif
    EXPECT_EQ(upstream.connections(), 1U) << "the upstream connection was not kept";
}

} // namespace
} // namespace scopegate::gate
