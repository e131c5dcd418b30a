#include "net/background.hpp"

#include "support/allocations.hpp"

#include <gmock/gmock.h>

#include <coroutine>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace scopegate::net {
namespace {

using ::testing::ElementsAre;

// A wait that the test ends.
struct gate {
    std::coroutine_handle<> waiter;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) noexcept { waiter = awaiting; }
    void await_resume() const noexcept {}
    void open() { std::exchange(waiter, {}).resume(); }
};

class background_test : public ::testing::Test, public background_observer {
public:
    struct local {
        std::vector<std::string>& log;
        ~local() { log.push_back("freed"); }
    };

    background::work pause()
    {
        const local freed_last{log_};
        log_.push_back("started");
        co_await gate_;
        log_.push_back("continued");
    }
    background::work do_nothing() { co_return; }
    detached wait()
    {
        co_await work_->ended();
        log_.push_back("joined");
    }
    void on_background_end() noexcept override { log_.push_back("observed"); }

    std::vector<std::string> log_;
    gate gate_;
    std::optional<background> work_{std::in_place};
};

TEST_F(background_test, resumes_the_waiter_after_the_coroutine_was_freed)
{
    EXPECT_FALSE(work_->running());
    work_->start(pause());
    EXPECT_TRUE(work_->running());
    wait();
    EXPECT_THAT(log_, ElementsAre("started"));
    gate_.open();
    EXPECT_FALSE(work_->running());
    EXPECT_THAT(log_, ElementsAre("started", "continued", "freed", "joined"));
}

TEST_F(background_test, does_not_wait_for_a_coroutine_that_has_ended_or_never_started)
{
    wait();
    EXPECT_THAT(log_, ElementsAre("joined"));
    work_->start(do_nothing());
    EXPECT_FALSE(work_->running());
    wait();
    EXPECT_THAT(log_, ElementsAre("joined", "joined"));
}

TEST_F(background_test, can_start_again_after_its_end)
{
    for (int n = 0; n < 2; ++n) {
        work_->start(pause());
        wait();
        gate_.open();
    }
    EXPECT_THAT(log_, ElementsAre("started", "continued", "freed", "joined", "started", "continued", "freed",
                                  "joined"));
}

// A use after free shows under AddressSanitizer.
TEST_F(background_test, lets_the_waiter_free_it)
{
    const auto free_after = [](background_test& test) -> detached {
        co_await test.work_->ended();
        test.work_.reset();
        test.log_.push_back("reset");
    };
    work_->start(pause());
    free_after(*this);
    gate_.open();
    EXPECT_THAT(log_, ElementsAre("started", "continued", "freed", "reset"));
}

TEST_F(background_test, tells_its_observer_of_an_end_that_nobody_awaits)
{
    work_.emplace(this);
    work_->start(pause());
    gate_.open();
    EXPECT_THAT(log_, ElementsAre("started", "continued", "freed", "observed"));
    log_.clear();
    work_->start(pause());
    wait();
    gate_.open();
    EXPECT_THAT(log_, ElementsAre("started", "continued", "freed", "joined"));
}

TEST_F(background_test, leaves_a_coroutine_running_whose_owner_is_gone)
{
    work_->start(pause());
    work_.reset();
    gate_.open();
    EXPECT_THAT(log_, ElementsAre("started", "continued", "freed"));
}

// The frame of a coroutine that never runs has no locals yet. AddressSanitizer reports it if it leaks.
TEST_F(background_test, frees_a_coroutine_that_is_never_started)
{
    {
        const auto unused = pause();
    }
    EXPECT_THAT(log_, ElementsAre());
}

#ifndef SCOPEGATE_SANITIZED // a sanitizer build recycles no frames
TEST_F(background_test, allocates_nothing_but_recycled_frames)
{
    log_.reserve(16);
    for (int n = 0; n < 2; ++n) {
        const test::allocation_scope counted;
        work_->start(pause());
        wait();
        gate_.open();
        EXPECT_TRUE(n == 0 || counted.count() == 0) << counted.count();
    }
}
#endif

} // namespace
} // namespace scopegate::net
