// A loop that is the test's own: nothing happens between two lines of the test.
#pragma once

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>

namespace scopegate::test {

// Runs it until the predicate holds, for ten seconds at most; the answer is whether it does. The predicate
// may also come true by what another thread does.
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
