// Awaits one of Asio's own asynchronous operations in a worker's task. For work off the hot path, such as
// name resolution:
//     auto start = [&](auto handler) { resolver.async_resolve(host, port, std::move(handler)); };
//     auto [failed, found] = co_await net::completion<error_code, results>(start);
// The operation must end (it may be cancelled) before its io_context is destroyed.
#pragma once

#include <coroutine>
#include <optional>
#include <tuple>
#include <utility>

namespace scopegate::net {

template <class Start, class... Results>
class [[nodiscard]] completion_wait final {
public:
    explicit completion_wait(Start& start) : start_(start) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting)
    {
        start_([this, awaiting](Results... results) {
            results_.emplace(std::move(results)...);
            awaiting.resume();
        });
    }
    [[nodiscard]] std::tuple<Results...> await_resume() { return std::move(*results_); }

private:
    Start& start_;
    std::optional<std::tuple<Results...>> results_;
};

// Calls `start` with the handler. `start` must return before the handler is called, and must outlive the
// wait.
template <class... Results, class Start>
[[nodiscard]] completion_wait<Start, Results...> completion(Start& start)
{
    return completion_wait<Start, Results...>(start);
}

} // namespace scopegate::net
