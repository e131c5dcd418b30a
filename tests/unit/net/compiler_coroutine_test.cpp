// The compiler's handling of coroutines. g++ 12 miscompiles several forms, which net/task.hpp lists; the code
// uses only the forms below. If a form fails here after a change of compiler, the code must avoid it.
#include "net/task.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace scopegate::net {
namespace {

// Counts the objects that are alive.
struct counted {
    counted() { ++alive; }
    counted(const counted&) { ++alive; }
    counted(counted&&) noexcept { ++alive; }
    counted& operator=(const counted&) = default;
    counted& operator=(counted&&) = default;
    ~counted() { --alive; }
    static inline int alive = 0;
};

struct options {
    explicit options(int n) : number(n) {}
    int number;
    counted held;
};

task<int> take_value(counted, int n)
{
    co_return n;
}
task<int> take_options(options o)
{
    co_return o.number;
}
task<int> take_reference(const options& o)
{
    co_return o.number;
}
counted make()
{
    return {};
}

detached named_then_moved(int& out)
{
    counted named;
    out = co_await take_value(std::move(named), 1);
}
detached constructed_argument(int& out)
{
    out = co_await take_options(options(2));
}
detached bound_to_reference(int& out)
{
    const options named(3);
    out = co_await take_reference(named);
}
detached from_a_factory(int& out)
{
    out = co_await take_value(make(), 4);
}
detached chosen_by_condition(int& out, bool first)
{
    out = first ? co_await take_value(make(), 5) : co_await take_options(options(6));
}
detached in_a_case(int& out, int which)
{
    switch (which) {
    case 1: {
        const int got = co_await take_value(make(), 7);
        out = got;
        break;
    }
    default:
        out = 0;
    }
}
detached in_a_loop_condition(int& out)
{
    int left = 3;
    while (co_await take_value(make(), left) > 0)
        --left;
    out = 8 + left;
}
task<int> early_return(bool early)
{
    if (early)
        co_return co_await take_value(make(), 9);
    co_return 0;
}
detached of_an_early_return(int& out)
{
    out = co_await early_return(true);
}

template <class Start>
void expect_result(Start start, int wanted)
{
    int out = -1;
    start(out);
    EXPECT_EQ(out, wanted);
    EXPECT_EQ(counted::alive, 0) << "destroyed twice, or not at all";
}

TEST(compiler_coroutine, runs_and_destroys_the_forms_in_use_once)
{
    expect_result([](int& out) { named_then_moved(out); }, 1);
    expect_result([](int& out) { constructed_argument(out); }, 2);
    expect_result([](int& out) { bound_to_reference(out); }, 3);
    expect_result([](int& out) { from_a_factory(out); }, 4);
    expect_result([](int& out) { chosen_by_condition(out, true); }, 5);
    expect_result([](int& out) { chosen_by_condition(out, false); }, 6);
    expect_result([](int& out) { in_a_case(out, 1); }, 7);
    expect_result([](int& out) { in_a_loop_condition(out); }, 8);
    expect_result([](int& out) { of_an_early_return(out); }, 9);
}

} // namespace
} // namespace scopegate::net
