// What an upgraded connection becomes after the decision: bytes both ways, until one side ends it, it idles
// too long, or the token that opened it expires. From then on nothing more of the client's reaches the API.
// Each side that has not heard of the end yet gets a close frame, between two frames of the other's.
#pragma once

#include "gate/buffer.hpp"
#include "gate/lasting.hpp"
#include "gate/stretch.hpp"
#include "http/websocket.hpp"
#include "net/gather.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

#include <chrono>
#include <coroutine>
#include <string_view>

namespace scopegate::gate {

enum class tunnel_end : std::uint8_t { closed, idle, expired };

// Confined to the worker's thread. Borrows streams and buffers.
class tunnel final : private net::read_observer {
public:
    // `idle`: nothing in either direction for so long. At `expires` it ends as `expiry` says;
    // net::no_deadline: never.
    tunnel(net::stream& client, net::stream& api, std::chrono::milliseconds idle, steady_time expires,
           lasting_end expiry, buffer_pool& buffers) noexcept
        : client_(client), api_(api), idle_(idle), expires_(expires), ending_(expiry), buffers_(buffers)
    {
    }

    // Expires it now, as `how` says. May end run(), and all that waits for it.
    void expire(lasting_end how) noexcept;
    // How it expires, or has expired.
    [[nodiscard]] const lasting_end& ending() const noexcept { return ending_; }

    // Runs until the end, as the observer of the client's stream; closes the API's stream and leaves the
    // client's, which may still be sending, to be closed in order (session's linger): a close frame behind
    // which a reset comes is lost. The received bytes lie anywhere, in their direction's slice too, which is
    // empty while nothing comes.
    [[nodiscard]] net::task<tunnel_end> run(std::string_view from_client, buffer& upward_slice,
                                            std::string_view from_api, buffer& downward_slice);

private:
    enum class step : std::uint8_t { input, ended, broken, refused, idle, expired };

    // Follows the bytes that one side gets.
    struct direction {
        http::frame_tracker frames;
        bool whole = true; // all of it went out
        stretch at_a_stretch;
        // Whether a close frame of ours may follow, and tells anything.
        [[nodiscard]] bool takes_close() const noexcept
        {
            return whole && frames.at_boundary() && !frames.has_close();
        }
    };

    net::detached upward(std::string_view received, buffer& slice);
    [[nodiscard]] net::task<tunnel_end> downward(std::string_view received, buffer& slice);
    [[nodiscard]] net::transfer read(net::stream& from, direction& onward, buffer& slice);
    void end_upward(step how);
    void leave_without_client() noexcept;
    void on_unawaited_read() noexcept override;
    [[nodiscard]] steady_time api_takes_until() const noexcept;
    [[nodiscard]] step refusal_of_api() const noexcept;
    [[nodiscard]] steady_time idle_end() const noexcept;
    [[nodiscard]] net::task<step> await_input(net::stream& from, steady_time until);
    [[nodiscard]] net::task<bool> pass(net::stream& to, std::string_view bytes, steady_time until);
    [[nodiscard]] lasting_end close_reason(tunnel_end how) const noexcept;
    [[nodiscard]] bool tell_api(const lasting_end& why);
    [[nodiscard]] net::task<void> tell_client(const lasting_end& why);
    [[nodiscard]] net::task<void> see_off_api();

    net::stream& client_;
    net::stream& api_;
    std::chrono::milliseconds idle_;
    steady_time expires_;
    lasting_end ending_;
    bool cut_short_ = false; // by expire()
    buffer_pool& buffers_;
    steady_time last_activity_ = std::chrono::steady_clock::now();
    direction to_client_, to_api_;
    bool client_ended_ = false; // behind a close frame: the API has its last words
    bool client_left_ = false;  // without one
    bool api_refuses_ = false;  // takes no more
    bool stopping_ = false;     // downward has ended, and ends upward
    bool upward_runs_ = false;
    std::coroutine_handle<> upward_waiter_;
};

} // namespace scopegate::gate
