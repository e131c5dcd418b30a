#include "base/memory_budget.hpp"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

namespace scopegate {
namespace {

constexpr std::size_t mib = 1024UL * 1024;

TEST(memory_budget, raises_the_pressure_near_the_limit)
{
    struct row {
        const char* what;
        std::size_t counted, uncounted;
        memory_pressure pressure;
    };
    const row rows[] = {
        {"nothing is held", 0, 0, memory_pressure::low},
        {"just below half", 49 * mib, 0, memory_pressure::low},
        {"half, counted and uncounted together", 30 * mib, 20 * mib, memory_pressure::raised},
        {"just below 80 %", 59 * mib, 20 * mib, memory_pressure::raised},
        {"80 %", 60 * mib, 20 * mib, memory_pressure::high},
        {"the limit", 60 * mib, 40 * mib, memory_pressure::full},
        {"beyond the limit", 80 * mib, 40 * mib, memory_pressure::full},
    };
    for (const auto& r : rows) {
        memory_budget budget;
        memory_account account(budget);
        account.take(r.counted);
        budget.set_uncounted(r.uncounted);
        EXPECT_EQ(budget.pressure(), memory_pressure::low) << r.what << ": without a limit";
        budget.set_limit(100 * mib);
        EXPECT_EQ(budget.pressure(), r.pressure) << r.what;
        EXPECT_EQ(budget.excess() > 0, r.pressure >= memory_pressure::high) << r.what;
    }
}

TEST(memory_budget, sums_the_accounts_of_all_threads_and_drops_ended_ones)
{
    memory_budget budget;
    memory_account own(budget);
    own.take(mib);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&budget] {
            memory_account account(budget);
            for (int n = 0; n < 100'000; ++n) {
                account.take(2000);
                account.give_back(1000);
            }
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(budget.counted(), mib);
}

TEST(memory_budget, counts_small_changes_in_batches)
{
    memory_budget budget;
    memory_account account(budget);
    account.take(1000);
    EXPECT_EQ(budget.counted(), 0U);
    for (int i = 0; i < 100; ++i)
        account.take(1000);
    EXPECT_NEAR(static_cast<double>(budget.counted()), 101'000, memory_account::batch);
}

} // namespace
} // namespace scopegate
