// Kept connections, whose upstreams the test plays.
#include "upstream/pool.hpp"

#include "support/memory_sides.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace scopegate::upstream {
namespace {

using namespace std::chrono_literals;

class no_connector final : public connector {
public:
    [[nodiscard]] net::task<std::optional<std::vector<net::stream_endpoint>>> look_up(std::size_t,
                                                                                      steady_time) override
    {
        co_return std::nullopt;
    }
    [[nodiscard]] std::vector<net::stream_endpoint> refresh(std::size_t, steady_time) override { return {}; }
    [[nodiscard]] net::task<result<wire::upstream_ptr>> connect(address&, steady_time,
                                                                address_reports&) override
    {
        co_return failure(reason::upstream_unreachable, cause::timeouts_upstream_connect);
    }
};

class kept_connections : public ::testing::Test {
protected:
    // Keeps one, whose upstream says that it keeps it for so long.
    test::memory_peer keep(std::optional<std::chrono::seconds> announced = {})
    {
        auto peer = std::make_shared<test::memory_wire>(loop_);
        auto made = std::make_unique<test::memory_upstream>(peer);
        made->keep = announced;
        pool_->keep(std::move(made), where_);
        return peer;
    }
    // Takes one, and uses it so that its upstream can tell. Returns whether there was one.
    bool take(std::chrono::seconds later = 0s)
    {
        choice of;
        taken_ = pool_->take(start_ + later, of);
        return taken_ != nullptr;
    }
    // Whether what was taken is the connection to this upstream.
    bool is(const test::memory_peer& peer)
    {
        taken_->shutdown_send();
        return peer->saw() == "<shut>";
    }

    std::unique_ptr<pool> make_pool()
    {
        addresses one({{net::unix_endpoint("/run/api.sock"), "unix:/run/api.sock"}}, 0);
        where_.at = one.all().front();
        return std::make_unique<pool>(std::make_unique<no_connector>(), std::move(one), 1s);
    }

    net::asio::io_context loop_{1};
    choice where_; // the only address
    std::unique_ptr<pool> pool_ = make_pool();
    const steady_time start_ = std::chrono::steady_clock::now();
    wire::upstream_ptr taken_;
};

TEST_F(kept_connections, do_not_exist_at_first)
{
    EXPECT_FALSE(take());
}

TEST_F(kept_connections, are_taken_once_and_the_last_one_first)
{
    const auto first = keep();
    const auto second = keep();
    ASSERT_TRUE(take());
    EXPECT_TRUE(is(second));
    EXPECT_FALSE(first->is_closed()) << "it idles on";
    ASSERT_TRUE(take());
    EXPECT_TRUE(is(first));
    EXPECT_FALSE(take());
}

TEST_F(kept_connections, free_the_memory_of_their_messages)
{
    keep();
    ASSERT_TRUE(take());
    EXPECT_TRUE(dynamic_cast<test::memory_upstream&>(*taken_).rested);
}

TEST_F(kept_connections, are_kept_for_less_than_the_upstream_keeps_them)
{
    struct {
        const char* sentence;
        std::optional<std::chrono::seconds> announced;
        std::chrono::seconds later;
        bool taken;
    } const rows[] = {
        {"unannounced: 50 s", {}, 49s, true},
        {"unannounced: 50 s", {}, 51s, false},
        {"a second less than 5 s", 5s, 3s, true},
        {"a second less than 5 s", 5s, 5s, false},
        {"an hour is too long for us", 3600s, 49s, true},
        {"an hour is too long for us", 3600s, 51s, false},
        {"a second is too short to be of use", 1s, 0s, false},
        {"not at all", 0s, 0s, false},
    };
    for (const auto& r : rows) {
        const auto peer = keep(r.announced);
        EXPECT_EQ(take(r.later), r.taken) << r.sentence;
        EXPECT_EQ(peer->is_closed(), !r.taken) << r.sentence;
        taken_ = nullptr;
    }
}

TEST_F(kept_connections, are_not_taken_once_their_upstream_has_closed_them)
{
    const auto other = keep();
    const auto ended = keep();
    const auto reset = keep();
    ended->ends();
    reset->resets();
    ASSERT_TRUE(take());
    EXPECT_TRUE(is(other));
    EXPECT_TRUE(ended->is_freed());
    EXPECT_TRUE(reset->is_freed());
}

TEST_F(kept_connections, are_not_taken_once_their_upstream_has_spoken_unasked)
{
    const auto peer = keep();
    peer->responds("HTTP/1.1 408 Request Timeout\r\n\r\n");
    EXPECT_FALSE(take());
    EXPECT_TRUE(peer->is_freed());
}

TEST_F(kept_connections, are_not_kept_with_a_response_to_nothing)
{
    auto peer = std::make_shared<test::memory_wire>(loop_);
    auto made = std::make_unique<test::memory_upstream>(peer);
    peer->ends();
    pool_->keep(std::move(made), where_);
    EXPECT_TRUE(peer->is_freed());
    EXPECT_FALSE(take());
}

TEST_F(kept_connections, are_swept_when_they_have_idled_for_too_long_or_were_closed)
{
    const auto late = keep(5s);
    const auto closed = keep();
    const auto good = keep();
    closed->ends();
    pool_->sweep(start_);
    EXPECT_TRUE(closed->is_freed());
    EXPECT_FALSE(late->is_closed());
    pool_->sweep(start_ + 10s);
    EXPECT_TRUE(late->is_freed());
    EXPECT_FALSE(good->is_closed());
    ASSERT_TRUE(take());
    EXPECT_TRUE(is(good));
}

TEST_F(kept_connections, are_closed_when_the_pool_retires)
{
    const auto before = keep();
    pool_->retire();
    EXPECT_EQ(before->saw(), "<closed>");
    const auto after = keep();
    EXPECT_EQ(after->saw(), "<closed>") << "a request that was under way";
    EXPECT_FALSE(take());
}

TEST_F(kept_connections, are_closed_with_the_pool)
{
    const auto peer = keep();
    pool_ = nullptr;
    EXPECT_EQ(peer->saw(), "<closed>");
}

} // namespace
} // namespace scopegate::upstream
