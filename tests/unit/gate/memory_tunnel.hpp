// A tunnel between two peers that the test plays. It is destroyed as soon as it has ended.
#pragma once

#include "gate/tunnel.hpp"
#include "http/websocket.hpp"
#include "support/memory_stream.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace scopegate::gate {

using namespace std::chrono_literals;
using wire::direction;

inline const std::string hello("\x81\x05hello", 7);
inline const std::string half_of_hello = hello.substr(0, 4);
inline const std::string rest_of_hello = hello.substr(4);
inline const std::string masked_close_start("\x88", 1); // the key behind it is random

inline std::string close_frame(const lasting_end& how)
{
    return http::close_frame(how.code, how.text);
}

class memory_tunnel : public ::testing::Test {
protected:
    ~memory_tunnel() override
    {
        EXPECT_TRUE(end_);
        if (end_)
            return;
        client_->resets(); // of a test that failed
        upstream_->resets();
        loop_.poll();
    }
    void begin() { serve(); }
    net::detached serve()
    {
        auto to_client = std::make_unique<test::memory_bytes>(client_);
        auto to_upstream = std::make_unique<test::memory_bytes>(upstream_);
        auto way = std::make_unique<tunnel>(*to_client, *to_upstream, idle_, expires_, token_has_expired());
        tunnel_ = way.get();
        if (begins_with_expiry_)
            way->expire(server_shuts_down());
        end_ = co_await way->run();
        ended_as_ = way->ending().why;
        tunnel_ = nullptr;
        way.reset(); // at once: a use of it after this is found by a sanitizer
        to_upstream.reset();
        to_client.reset();
    }
    // Expires it as a policy would that no longer permits it.
    void expire() { tunnel_->expire(refused); }

    static constexpr lasting_end refused{reason::insufficient_scope, 1008, "not permitted any more"};
    const std::string told_ = close_frame(refused) + "<shut>"; // what the client sees of that

    net::asio::io_context loop_{1};
    test::memory_peer client_ = std::make_shared<test::memory_wire>(loop_);
    test::memory_peer upstream_ = std::make_shared<test::memory_wire>(loop_);
    std::chrono::milliseconds idle_ = 1h;
    steady_time expires_ = net::no_deadline;
    bool begins_with_expiry_ = false;
    tunnel* tunnel_ = nullptr;
    std::optional<tunnel_end> end_;
    reason ended_as_ = reason::allowed;
};

} // namespace scopegate::gate
