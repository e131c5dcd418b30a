// What an upgraded connection becomes after the decision: bytes both ways, until one side ends it, it idles
// too long, or the token that opened it expires. From then on nothing more of the caller's reaches the API,
// and the caller is told with a close frame (1008) between two frames of the API's.
#pragma once

#include "gate/lasting.hpp"
#include "http/websocket.hpp"
#include "net/gather.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

#include <chrono>
#include <coroutine>
#include <span>
#include <string_view>

namespace scopegate::gate {

enum class tunnel_end : std::uint8_t { closed, idle, expired };

// Confined to the worker's thread. Borrows streams and buffers.
class tunnel final {
public:
    // `idle`: nothing in either direction for so long. At `expires` it ends as `expiry` says;
    // net::no_deadline: never.
    tunnel(net::stream& caller, net::stream& api, std::chrono::milliseconds idle, steady_time expires,
           lasting_end expiry) noexcept
        : caller_(caller), api_(api), idle_(idle), expires_(expires), ending_(expiry)
    {
    }

    // Expires it now, as `how` says. May end run(), and all that waits for it.
    void expire(lasting_end how) noexcept;
    // How it expires, or has expired.
    [[nodiscard]] const lasting_end& ending() const noexcept { return ending_; }

    // Runs until the end; closes the API's stream and leaves the caller's, which may still be sending, to be
    // closed in order (session's linger): a close frame behind which a reset comes is lost. The received
    // bytes lie anywhere, in their direction's buffer too.
    [[nodiscard]] net::task<tunnel_end> run(std::string_view from_caller, std::span<char> upward_buffer,
                                            std::string_view from_api, std::span<char> downward_buffer);

private:
    enum class step : std::uint8_t { input, ended, broken, idle, expired };

    net::detached upward(std::string_view received, std::span<char> buffer);
    [[nodiscard]] net::task<tunnel_end> downward(std::string_view received, std::span<char> buffer);
    void end_upward(step how);
    [[nodiscard]] steady_time idle_end() const noexcept;
    [[nodiscard]] net::task<step> await_input(net::stream& from, steady_time until);
    [[nodiscard]] net::task<bool> pass(net::stream& to, std::string_view bytes, steady_time until);
    [[nodiscard]] net::task<void> say_goodbye();

    net::stream& caller_;
    net::stream& api_;
    std::chrono::milliseconds idle_;
    steady_time expires_;
    lasting_end ending_;
    bool cut_short_ = false; // by expire()
    steady_time last_activity_ = std::chrono::steady_clock::now();
    http::frame_tracker frames_; // of what the caller gets
    bool caller_ended_ = false;  // it will send no more; the API has its last words
    bool upward_runs_ = false;
    std::coroutine_handle<> upward_waiter_;
};

} // namespace scopegate::gate
