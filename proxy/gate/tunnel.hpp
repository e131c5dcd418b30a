// Relays bytes in both directions over an upgraded connection, until one side ends it, it idles too long, or
// the token that opened it expires. After that, nothing more from the client reaches the upstream. Each side
// that does not know of the end yet gets a close frame, between two frames of the other side.
#pragma once

#include "gate/lasting.hpp"
#include "http/websocket.hpp"
#include "net/background.hpp"
#include "net/task.hpp"
#include "wire/stream.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace scopegate::gate {

enum class tunnel_end : std::uint8_t { closed, idle, expired };

// Confined to the worker's thread. Borrows both streams, whose bodies are the tunnel's bytes.
class tunnel final : private wire::departure_observer {
public:
    // `idle` is the longest time without data in either direction. At `expires` the tunnel ends as `expiry`
    // describes; net::no_deadline: never.
    tunnel(wire::stream& client, wire::stream& upstream, std::chrono::milliseconds idle, steady_time expires,
           lasting_end expiry) noexcept
        : client_(client), upstream_(upstream), idle_(idle), expires_(expires), ending_(expiry)
    {
    }
    tunnel(const tunnel&) = delete;
    tunnel& operator=(const tunnel&) = delete;
    ~tunnel()
    {
        client_.observe(nullptr);
        if (destroyed_ != nullptr)
            *destroyed_ = true;
    }

    // Expires the tunnel now, as `how` describes. May end run(), which may destroy this object.
    void expire(lasting_end how) noexcept;
    // Returns how the tunnel expires, or has expired.
    [[nodiscard]] const lasting_end& ending() const noexcept { return ending_; }

    // Runs until the end, as the observer of the client's stream. Closes the upstream's stream, and leaves
    // the client's to be closed in order (session's linger), because the client may still be sending: a close
    // frame that a reset follows is lost.
    [[nodiscard]] net::task<tunnel_end> run();
    // The bytes that were passed on from the client, and to it.
    [[nodiscard]] std::uint64_t bytes_in() const noexcept { return to_upstream_.bytes; }
    [[nodiscard]] std::uint64_t bytes_out() const noexcept { return to_client_.bytes; }

private:
    enum class step : std::uint8_t { input, ended, broken, refused, idle, expired };

    // Tracks the bytes that are sent to one side.
    struct direction {
        http::frame_tracker frames;
        bool whole = true; // everything was sent
        std::uint64_t bytes = 0;
        // Returns whether a close frame of ours may follow, and the side has not received one yet.
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
    bool client_ended_ = false;     // after a close frame: the upstream may still respond to it
    bool client_broken_ = false;    // see on_left()
    bool client_left_ = false;      // without a close frame
    bool upstream_refuses_ = false; // it accepts no more data
    bool stopping_ = false;         // downward() has ended, and ends upward()
    net::background upward_;
    bool* destroyed_ = nullptr; // set while expire() runs
};

} // namespace scopegate::gate
