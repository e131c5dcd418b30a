// How a client's departure is judged: a reset, and the end of its sending, at each point of an exchange.
#include "gate/client_watch.hpp"

#include "unit/gate/memory_parts.hpp"

namespace scopegate::gate {
namespace {

class watching : public memory_parts {
protected:
    void watch(const std::string& line, const std::string& body = {}, bool last = true, bool taken = true)
    {
        watch_.reset();
        begin(line, body, last);
        if (!taken)
            upstream->takes_nothing();
        watch_ = std::make_unique<client_watch>(context(), forwarded(), *up);
        watch_->waits_for(to.get());
        ASSERT_TRUE(up->start());
    }
    ~watching() override { watch_.reset(); }

    std::unique_ptr<client_watch> watch_;
};

TEST_F(watching, is_sure_of_a_reset)
{
    watch("GET /a");
    EXPECT_FALSE(watch_->is_gone());
    client->resets();
    EXPECT_TRUE(watch_->was_gone());
    EXPECT_TRUE(watch_->is_gone());
}

TEST_F(watching, resets_an_upstream_that_is_slow_to_take_a_request_without_a_client)
{
    for (auto* const leave :
         {+[](test::memory_wire& w) { w.resets(); }, +[](test::memory_wire& w) { w.ends(); }}) {
        watch("POST /a", "bo", false, false);
        leave(*client);
        EXPECT_TRUE(watch_->was_gone()) << "the end within a body is a departure, too";
        EXPECT_EQ(upstream->saw(), "<reset>");
        run();
        EXPECT_FALSE(up->is_running());
    }
}

TEST_F(watching, notices_a_reset_behind_the_end_of_an_upload)
{
    watch("POST /a", "bo", false);
    client->resets();
    EXPECT_FALSE(up->is_running());
    run();
    EXPECT_TRUE(watch_->was_gone());
}

TEST_F(watching, serves_a_client_that_has_closed_its_side)
{
    watch("GET /a");
    client->ends();
    EXPECT_FALSE(watch_->is_gone());
    EXPECT_EQ(watch_->half_closed_until(), net::no_deadline);
    EXPECT_FALSE(watch_->half_close_is_over());
}

TEST_F(watching, waits_for_such_a_client_as_long_as_its_timeout_says)
{
    timeouts().half_closed = 10s;
    timeouts().upstream_response = 60s;
    watch("GET /a");
    EXPECT_EQ(watch_->longest_pause(), 60s);
    client->ends();
    EXPECT_FALSE(watch_->is_gone());
    EXPECT_LE(watch_->half_closed_until(), std::chrono::steady_clock::now() + 10s);
    EXPECT_EQ(watch_->longest_pause(), 10s);
    EXPECT_EQ(watch_->late_body().why, reason::client_gone);
    EXPECT_FALSE(watch_->half_close_is_over());
}

TEST_F(watching, knows_when_that_timeout_is_over)
{
    timeouts().half_closed = 0s;
    watch("GET /a");
    client->ends();
    EXPECT_FALSE(watch_->is_gone());
    EXPECT_TRUE(watch_->half_close_is_over());
}

TEST_F(watching, ends_an_event_stream_with_its_client)
{
    watch("GET /a");
    relay_options options{1h, 1h};
    const auto relaying = watch_->relays(options, true);
    EXPECT_EQ(options.not_after, net::no_deadline);
    client->ends();
    EXPECT_TRUE(watch_->was_gone());
    EXPECT_LE(options.not_after, std::chrono::steady_clock::now());
}

TEST_F(watching, ends_an_event_stream_whose_client_had_closed_its_side_before)
{
    watch("GET /a");
    client->ends();
    EXPECT_FALSE(watch_->is_gone());
    relay_options options{1h, 1h};
    const auto relaying = watch_->relays(options, true);
    EXPECT_TRUE(watch_->was_gone());
}

TEST_F(watching, lets_a_response_go_on_to_a_client_that_has_closed_its_side)
{
    timeouts().half_closed = 10s;
    watch("GET /a");
    relay_options options{{}, 1h};
    const auto relaying = watch_->relays(options, false);
    EXPECT_EQ(options.source, watch_->longest_pause());
    client->ends();
    EXPECT_FALSE(watch_->was_gone());
    EXPECT_EQ(options.source, 10s) << "each pause is bounded";
}

TEST_F(watching, blames_the_upstream_for_a_pause_of_an_event_stream)
{
    timeouts().stream = 5s;
    watch("GET /a");
    relay_options options{{}, 1h};
    const auto relaying = watch_->relays(options, true);
    EXPECT_EQ(options.source, 5s);
    EXPECT_EQ(watch_->late_body().detail, cause::timeouts_stream);
}

} // namespace
} // namespace scopegate::gate
