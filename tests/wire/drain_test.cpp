// SIGTERM: requests in progress are finished, new ones are not begun, and the process exits with 0.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace scopegate::test {
namespace {

bool accepts(const calendar& c)
{
    try {
        auto client = c.connect();
        client.send(get("/public"));
        return client.read().status == 200;
    } catch (const std::runtime_error&) {
        return false;
    }
}

// Waits until the condition holds; returns false if it does not within `test_timeout`.
template <class Condition>
bool becomes(Condition condition)
{
    for (const auto end = std::chrono::steady_clock::now() + test_timeout;
         std::chrono::steady_clock::now() < end;)
        if (condition())
            return true;
    return false;
}

TEST(drain, ends_an_idle_gate_at_once)
{
    for (const int number : {SIGTERM, SIGINT}) {
        calendar c;
        auto idle = c.connect();
        EXPECT_EQ(idle.exchange(get("/public")).status, 200U);
        c.gate.send_signal(number);
        EXPECT_EQ(c.gate.wait_for_exit(test_timeout), 0) << c.gate.errors();
        EXPECT_TRUE(idle.is_closed_clean());
    }
}

TEST(drain, finishes_requests_in_progress)
{
    calendar c;
    c.api.on("/public/long", answers_when_released(ok("finished")));
    auto waiting = c.connect();
    waiting.send(get("/public/long"));
    auto uploading = c.connect();
    uploading.send(request_text("POST", "/public", {}, "Content-Length: 10\r\n") + "half,");
    c.api.wait_for_heads(2);
    auto idle = c.connect();
    EXPECT_EQ(idle.exchange(get("/public")).status, 200U);

    c.gate.send_signal(SIGTERM);
    EXPECT_TRUE(idle.is_closed_clean());
    EXPECT_TRUE(becomes([&] { return !accepts(c); })) << "new connections are still served";

    uploading.send("half.");
    const auto uploaded = uploading.read("POST");
    EXPECT_EQ(uploaded.status, 200U) << uploaded;
    EXPECT_EQ(json_member(uploaded.body, "body_bytes"), "10");
    EXPECT_EQ(uploaded.value("Connection"), "close");
    c.api.release();
    const auto finished = waiting.read();
    EXPECT_EQ(finished.body, "finished") << finished;
    EXPECT_EQ(finished.value("Connection"), "close");
    EXPECT_TRUE(waiting.is_closed_clean());
    EXPECT_EQ(c.gate.wait_for_exit(test_timeout), 0);
}

TEST(drain, cuts_off_requests_that_take_too_long)
{
    calendar c({.timeouts = "drain_delay: 0, drain: 300ms"});
    c.api.on("/public/never", [](upstream_exchange& x) { x.wait_for_close(); });
    auto client = c.connect();
    client.send(get("/public/never"));
    c.api.wait_for_heads(1);
    EXPECT_EQ(c.gate.stop(test_timeout), 0) << c.gate.errors();
    EXPECT_EQ(client.read_to_end().bytes, "");
}

TEST(drain, reports_not_ready_first_and_still_serves)
{
    calendar c({.timeouts = "drain_delay: 60s"});
    EXPECT_EQ(c.ask_admin("/readyz").status, 200U);
    c.gate.send_signal(SIGTERM);
    EXPECT_TRUE(becomes([&] { return c.ask_admin("/readyz").status == 503; }));
    EXPECT_EQ(c.ask_admin("/livez").status, 200U);
    EXPECT_TRUE(accepts(c)) << "routers do not know yet, so connections must be accepted";
    c.gate.send_signal(SIGTERM); // the second signal closes the listener
    EXPECT_EQ(c.gate.wait_for_exit(test_timeout), 0);
}

TEST(drain, leaves_a_second_gate_to_fail_on_the_taken_port)
{
    calendar c;
    try {
        gate_process second({.upstream = c.api.url(), .listen = c.gate.address()});
        ADD_FAILURE() << "a second gate listens at " << second.address();
    } catch (const std::runtime_error& refused) {
        EXPECT_THAT(
            refused.what(),
            testing::AllOf(testing::ContainsRegex("routes.yaml:[0-9]+:[0-9]+: error: server.listen: "),
                           testing::HasSubstr(c.gate.address()), testing::HasSubstr("Address already in use"),
                           testing::HasSubstr("end the process that listens there")));
    }
}

// Both signals arrive while requests wait for the verification of their tokens. Those requests are not begun
// any more, and the gate does not wait for the API, which never responds.
TEST(drain, does_not_wait_for_requests_that_have_not_begun)
{
    calendar c;
    c.api.on("/appointments", [](upstream_exchange& x) { x.wait_for_close(); });
    std::vector<raw_client> clients;
    for (int i = 0; i < 300; ++i)
        clients.push_back(c.connect());
    EXPECT_EQ(c.exchange(get("/public")).status, 200U); // by now all have been accepted
    c.gate.freeze();
    for (std::size_t i = 0; i < clients.size(); ++i)
        clients[i].send(get("/appointments", calendar_token("read:appointments x" + std::to_string(i))));
    c.gate.send_signal(SIGTERM);
    c.gate.send_signal(SIGINT);
    c.gate.send_signal(SIGCONT);
    EXPECT_EQ(c.gate.wait_for_exit(test_timeout), 0) << c.gate.errors();
}

} // namespace
} // namespace scopegate::test
