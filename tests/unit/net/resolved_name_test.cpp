// One look-up serves all that wait for a name, and its result is cached. Look-ups are scripted.
#include "net/resolved_name.hpp"

#include "net/address.hpp"

#include <gmock/gmock.h>

#include <deque>
#include <optional>

namespace scopegate::net {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

steady_time now()
{
    return std::chrono::steady_clock::now();
}

class resolved_name_test : public ::testing::Test {
protected:
    // Starts a waiting coroutine and returns its result, which is empty until it has one.
    std::optional<resolved_name::addresses>& come(std::chrono::milliseconds test_timeout = 1h,
                                                  std::chrono::milliseconds later = 0ms)
    {
        auto& given = given_.emplace_back();
        find(given, now() + later, now() + test_timeout);
        run();
        return given;
    }
    detached find(std::optional<resolved_name::addresses>& given, steady_time at, steady_time deadline)
    {
        given = co_await name_->find(at, deadline);
    }
    void answer(std::size_t look_up, bool found)
    {
        resolved_name::addresses all;
        if (found)
            all.push_back(*literal_endpoint("127.0.0.1", static_cast<std::uint16_t>(1000 + look_up)));
        look_ups_[look_up](std::move(all));
        run();
    }
    void run()
    {
        context_.restart();
        context_.poll();
    }

    asio::io_context context_{1};
    std::deque<std::optional<resolved_name::addresses>> given_;
    std::deque<resolved_name::look_up_handler> look_ups_;
    std::optional<resolved_name> name_{std::in_place, context_, [this](resolved_name::look_up_handler told) {
                                           look_ups_.push_back(std::move(told));
                                       }};
};

TEST_F(resolved_name_test, makes_one_look_up_for_all_that_wait)
{
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(come());
    ASSERT_EQ(look_ups_.size(), 1U);
    answer(0, true);
    for (const auto& given : given_)
        EXPECT_EQ(given, resolved_name::addresses{*literal_endpoint("127.0.0.1", 1000)});
}

TEST_F(resolved_name_test, caches_the_addresses_for_a_second)
{
    come();
    answer(0, true);
    EXPECT_TRUE(come(1h, 900ms));
    EXPECT_EQ(look_ups_.size(), 1U);
    EXPECT_FALSE(come(1h, 1100ms));
    EXPECT_EQ(look_ups_.size(), 2U);
    answer(1, true);
    EXPECT_EQ(given_.back(), resolved_name::addresses{*literal_endpoint("127.0.0.1", 1001)});
}

TEST_F(resolved_name_test, shares_a_failure_and_does_not_cache_it)
{
    const auto& first = come();
    const auto& second = come();
    answer(0, false);
    ASSERT_TRUE(first && second);
    EXPECT_THAT(*first, IsEmpty());
    EXPECT_THAT(*second, IsEmpty());
    EXPECT_FALSE(come());
    EXPECT_EQ(look_ups_.size(), 2U);
    answer(1, true);
    EXPECT_EQ(given_.back()->size(), 1U);
}

TEST_F(resolved_name_test, waits_no_longer_than_the_deadline)
{
    const auto& late = come(0ms);
    const auto& patient = come();
    while (!late)
        context_.run_one();
    EXPECT_THAT(*late, IsEmpty());
    EXPECT_FALSE(patient);
    EXPECT_FALSE(come());
    EXPECT_EQ(look_ups_.size(), 1U) << "the look-up goes on for the others";
    answer(0, true);
    EXPECT_EQ(patient->size(), 1U);
}

TEST_F(resolved_name_test, refreshes_without_waiting)
{
    EXPECT_THAT(name_->refresh(now()), IsEmpty());
    EXPECT_THAT(name_->refresh(now()), IsEmpty());
    EXPECT_EQ(look_ups_.size(), 1U) << "one runs already";
    answer(0, true);
    EXPECT_THAT(name_->refresh(now()), testing::SizeIs(1));
    EXPECT_EQ(look_ups_.size(), 1U) << "the last one is recent";
    EXPECT_THAT(name_->refresh(now() + 2s), testing::SizeIs(1));
    EXPECT_EQ(look_ups_.size(), 2U);
    answer(1, false);
    EXPECT_THAT(name_->refresh(now() + 2s), IsEmpty());
}

TEST_F(resolved_name_test, may_be_destroyed_before_a_look_up_ends)
{
    const auto& late = come(0ms);
    while (!late)
        context_.run_one();
    name_.reset();
    answer(0, true);
}

TEST_F(resolved_name_test, resolves_the_systems_own_name)
{
    name_.emplace(context_, system_resolver(context_, "localhost", 80));
    const auto& given = come();
    context_.restart();
    while (!given)
        context_.run_one();
    EXPECT_THAT(*given, testing::Not(IsEmpty()));
}

} // namespace
} // namespace scopegate::net
