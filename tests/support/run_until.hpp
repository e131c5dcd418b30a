// A loop that the test runs itself: nothing happens between two lines of the test.
#pragma once

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>

namespace scopegate::test {

// Runs the loop until the predicate holds, for ten seconds at most, and returns whether it holds. Another
// thread may make the predicate true.
template <class Predicate>
[[nodiscard]] bool run_until(boost::asio::io_context& loop, Predicate&& holds)
{
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds() && std::chrono::steady_clock::now() < deadline) {
        loop.restart();
        loop.run_one_until(
            std::min(deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds(10)));
    }
    return holds();
}

} // namespace scopegate::test
