// How a request is sent: with its head, beside the response, and at each end.
#include "unit/gate/memory_parts.hpp"

namespace scopegate::gate {
namespace {

class uploading : public memory_parts {
protected:
    // Sends what is there.
    void send(const std::string& line, const std::string& body = {}, bool last = true)
    {
        begin(line, body, last);
        ASSERT_TRUE(up->start());
    }
};

TEST_F(uploading, sends_a_body_that_came_with_its_head_at_once)
{
    send("POST /a", "body");
    EXPECT_EQ(upstream->saw(), "<POST /a>body<end>");
    EXPECT_FALSE(up->is_running());
    EXPECT_EQ(up->end(), relay_end::complete);
    EXPECT_EQ(moved, 4U);
    EXPECT_FALSE(up->is_repeatable());
}

TEST_F(uploading, sends_the_rest_of_a_body_as_it_comes)
{
    send("POST /a", "bo", false);
    EXPECT_EQ(upstream->saw(), "<POST /a>bo");
    EXPECT_TRUE(up->is_running());
    client->arrives("d");
    client->arrives("y", true);
    EXPECT_EQ(upstream->saw(), "<POST /a>body<end>");
    EXPECT_FALSE(up->is_running());
    EXPECT_FALSE(up->has_failed());
    EXPECT_EQ(moved, 4U);
}

TEST_F(uploading, can_repeat_a_request_without_a_body)
{
    send("PUT /a");
    EXPECT_TRUE(up->is_repeatable());
}

TEST_F(uploading, cannot_repeat_a_request_whose_empty_body_ended_behind_its_head)
{
    send("PUT /a", "", false);
    client->completes();
    EXPECT_EQ(upstream->saw(), "<PUT /a><end>");
    EXPECT_FALSE(up->is_repeatable());
}

TEST_F(uploading, waits_for_an_upstream_that_takes_nothing)
{
    begin("POST /a", "body");
    upstream->takes_nothing();
    ASSERT_TRUE(up->start());
    EXPECT_TRUE(up->is_running());
    upstream->takes_all();
    EXPECT_FALSE(up->is_running());
    EXPECT_EQ(upstream->saw(), "<POST /a>body<end>");
}

TEST_F(uploading, sends_nothing_of_a_body_that_is_known_to_be_too_large)
{
    begin("POST /a", "body");
    side().limit_body(3);
    const auto started = up->start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().why, reason::body_too_large);
    EXPECT_EQ(upstream->saw(), "");
}

TEST_F(uploading, fails_with_its_client)
{
    const struct {
        const char* sentence;
        void (*leave)(test::memory_wire&);
        relay_end end;
    } rows[] = {
        {"the client closes its side", [](test::memory_wire& w) { w.ends(); }, relay_end::source_cut},
        {"the client resets", [](test::memory_wire& w) { w.resets(); }, relay_end::source_cut},
        {"the body is malformed", [](test::memory_wire& w) { w.garbles(); }, relay_end::source_malformed},
        {"the client pauses for too long", [](test::memory_wire& w) { w.expires(direction::read); },
         relay_end::source_late},
    };
    for (const auto& row : rows) {
        send("POST /a", "bo", false);
        row.leave(*client);
        EXPECT_FALSE(up->is_running()) << row.sentence;
        EXPECT_EQ(up->end(), row.end) << row.sentence;
        EXPECT_TRUE(up->has_failed()) << row.sentence;
    }
}

TEST_F(uploading, does_not_fail_with_an_upstream_that_refuses_the_rest)
{
    send("POST /a", "bo", false);
    upstream->resets();
    client->arrives("dy", true);
    EXPECT_EQ(up->end(), relay_end::sink_gone);
    EXPECT_FALSE(up->has_failed()) << "the upstream may have responded";
}

TEST_F(uploading, stops_after_the_response)
{
    send("POST /a", "bo", false);
    up->stop();
    run();
    EXPECT_FALSE(up->is_running());
    EXPECT_EQ(upstream->saw(), "<POST /a>bo<closed>");
}

} // namespace
} // namespace scopegate::gate
