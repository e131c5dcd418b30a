// What an upgraded connection becomes after the decision: bytes both ways, until one side ends it, it idles
// too long, or the token that opened it expires. From then on nothing more of the client's reaches the
// upstream. Each side that has not heard of the end yet gets a close frame, between two frames of the
// other's.
#pragma once

#include "gate/lasting.hpp"
#include "http/websocket.hpp"
#include "net/background.hpp"
#include "net/task.hpp"
#include "wire/stream.hpp"

#include <chrono>
#include <string_view>

namespace scopegate::gate {

enum class tunnel_end : std::uint8_t { closed, idle, expired };

// Confined to the worker's thread. Borrows both streams, whose bodies are the tunnel's bytes.
class tunnel final : private wire::departure_observer {
public:
    // `idle`: nothing in either direction for so long. At `expires` it ends as `expiry` says;
    // net::no_deadline: never.
    tunnel(wire::stream& client, wire::stream& upstream, std::chrono::milliseconds idle, steady_time expires,
           lasting_end expiry) noexcept
        : client_(client), upstream_(upstream), idle_(idle), expires_(expires), ending_(expiry)
    {
    }
    tunnel(const tunnel&) = delete;
    tunnel& operator=(const tunnel&) = delete;
    ~tunnel()
    {
        if (destroyed_ != nullptr)
            *destroyed_ = true;
    }

    // Expires it now, as `how` says. May end run(), and all that waits for it.
    void expire(lasting_end how) noexcept;
    // How it expires, or has expired.
    [[nodiscard]] const lasting_end& ending() const noexcept { return ending_; }

    // Runs until the end, as the observer of the client's stream; closes the upstream's stream and leaves the
    // client's, which may still be sending, to be closed in order (session's linger): a close frame behind
    // which a reset comes is lost.
    [[nodiscard]] net::task<tunnel_end> run();

private:
    enum class step : std::uint8_t { input, ended, broken, refused, idle, expired };

    // Follows the bytes that one side gets.
    struct direction {
        http::frame_tracker frames;
        bool whole = true; // all of it went out
        // Whether a close frame of ours may follow, and tells anything.
        [[nodiscard]] bool takes_close() const noexcept
        {
            return whole && frames.at_boundary() && !frames.has_close();
        }
    };

    [[nodiscard]] net::background::work upward();
    [[nodiscard]] net::task<tunnel_end> downward();
    void end_upward(step how);
    void leave_without_client() noexcept;
    void on_left() noexcept override;
    void on_ended(bool within_body) noexcept override;
    [[nodiscard]] steady_time upstream_takes_until() const noexcept;
    [[nodiscard]] step refusal_of_upstream() const noexcept;
    [[nodiscard]] steady_time idle_end() const noexcept;
    [[nodiscard]] net::task<step> read(wire::stream& from, steady_time until);
    [[nodiscard]] net::task<bool> pass(wire::stream& to, std::string_view bytes, steady_time until);
    [[nodiscard]] lasting_end close_reason(tunnel_end how) const noexcept;
    [[nodiscard]] bool tell_upstream(const lasting_end& why);
    [[nodiscard]] net::task<void> tell_client(const lasting_end& why);
    [[nodiscard]] net::task<void> see_off_upstream();

    wire::stream& client_;
    wire::stream& upstream_;
    std::chrono::milliseconds idle_;
    steady_time expires_;
    lasting_end ending_;
    bool cut_short_ = false; // by expire()
    steady_time last_activity_ = std::chrono::steady_clock::now();
    direction to_client_, to_upstream_;
    bool client_ended_ = false;     // behind a close frame: the upstream has its last words
    bool client_left_ = false;      // without one
    bool upstream_refuses_ = false; // takes no more
    bool stopping_ = false;         // downward has ended, and ends upward
    net::background upward_;
    bool* destroyed_ = nullptr; // set while expire() runs
};

} // namespace scopegate::gate
