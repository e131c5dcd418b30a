// Clients send requests all the time during reloads, shutdowns, and while an API goes and comes back. No
// client loses a response that it was owed.
#include "support/calendar.hpp"
#include "support/load.hpp"

#include <gmock/gmock.h>

#include <optional>

#include <unistd.h>

namespace scopegate::test {
namespace {

using testing::IsEmpty;

constexpr std::size_t callers = 8;

bool is_fine(const load_answer& a)
{
    return a.status == 200;
}

TEST(under_load, a_reload_loses_no_request_and_the_next_one_reaches_the_new_api)
{
    recording_upstream first, second;
    first.answer("/public", ok("first"));
    second.answer("/public", ok("second"));
    gate_process gate({.upstream = first.url(), .server = "workers: 2"});
    load busy(gate.address(), callers, get("/public"), is_fine);
    raw_client kept(gate.address());
    for (int i = 0; i < 10; ++i) {
        const auto& now = i % 2 == 0 ? second : first;
        gate.write_routes({.upstream = now.url(), .server = "workers: 2"});
        gate.send_signal(SIGHUP);
        std::string body; // each worker picks it up at its own time
        for (const auto end = std::chrono::steady_clock::now() + test_timeout;
             body != (i % 2 == 0 ? "second" : "first") && std::chrono::steady_clock::now() < end;)
            body = kept.exchange(get("/public")).body;
        EXPECT_EQ(body, i % 2 == 0 ? "second" : "first");
        busy.wait_for_answers(200);
    }
    busy.stop();
    EXPECT_THAT(busy.wrong(), IsEmpty());
    EXPECT_THAT(first.faults(), IsEmpty());
    EXPECT_THAT(second.faults(), IsEmpty());
}

TEST(under_load, reloads_leave_no_upstream_connection_behind)
{
    calendar c;
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    const auto descriptors = c.gate.open_descriptors();
    auto client = c.connect();
    for (std::size_t i = 1; i <= 5; ++i) {
        c.gate.send_signal(SIGHUP);
        for (const auto end = std::chrono::steady_clock::now() + test_timeout;
             c.api.connections() <= i && std::chrono::steady_clock::now() < end;)
            EXPECT_EQ(client.exchange(get("/public")).status, 200U);
        c.api.wait_for_closed(i); // the one of the previous policy
    }
    EXPECT_LE(c.gate.open_descriptors(), descriptors + 1); // plus our own
}

void expect_nothing_lost_at_the_end(int signal)
{
    calendar c({.timeouts = "drain_delay: 1s", .server = "workers: 2"});
    load busy(c.gate.address(), callers, get("/public"), [](const load_answer& a) {
        // The kernel resets a connection that arrives just as the listener closes: the gate never saw a
        // request on it.
        return a.status == 200 || (a.fresh && a.status == 0);
    });
    busy.wait_for_answers(500);
    c.gate.send_signal(signal);
    busy.wait_for_the_end();
    EXPECT_EQ(c.gate.wait_for_exit(test_timeout), 0) << c.gate.errors();
    EXPECT_THAT(busy.wrong(), IsEmpty());
}

TEST(under_load, a_drain_loses_no_request)
{
    expect_nothing_lost_at_the_end(SIGTERM);
}

TEST(under_load, a_sudden_shutdown_loses_no_request)
{
    expect_nothing_lost_at_the_end(SIGINT);
}

TEST(under_load, an_absent_api_causes_502_until_it_is_back)
{
    const auto address = "unix:/tmp/scopegate-test-comes-and-goes-" + std::to_string(::getpid()) + ".sock";
    std::optional<recording_upstream> api(address);
    gate_process gate({.upstream = address, .server = "workers: 2"});
    load busy(gate.address(), callers, get("/public"),
              [](const load_answer& a) { return a.status == 200 || a.status == 502; });
    raw_client kept(gate.address());
    for (int i = 0; i < 3; ++i) {
        busy.wait_for_answers(200);
        api.reset(); // all its connections end at the same time
        ::unlink(address.substr(5).c_str());
        unsigned status = 0;
        for (const auto end = std::chrono::steady_clock::now() + test_timeout;
             status != 502 && std::chrono::steady_clock::now() < end;)
            status = kept.exchange(get("/public")).status;
        EXPECT_EQ(status, 502U);
        busy.wait_for_answers(100);
        api.emplace(address);
        EXPECT_EQ(kept.exchange(get("/public")).status, 200U) << "the API is back";
    }
    busy.stop();
    EXPECT_THAT(busy.wrong(), IsEmpty());
    api.reset();
    ::unlink(address.substr(5).c_str());
}

TEST(under_load, a_takeover_loses_no_request)
{
    recording_upstream api;
    std::optional<gate_process> old(std::in_place,
                                    gate_settings{.upstream = api.url(), .timeouts = "drain_delay: 500ms"});
    load busy(old->address(), callers, get("/public"), [](const load_answer& a) {
        return a.status == 200 || (a.fresh && a.status == 0); // as above
    });
    busy.wait_for_answers(100);
    const auto address = old->address();
    gate_process next({.upstream = api.url(), .listen = address, .take_over = true});
    EXPECT_EQ(next.address(), address);
    busy.wait_for_answers(100);
    EXPECT_EQ(old->stop(), 0);
    busy.wait_for_answers(500);
    EXPECT_EQ(raw_client(address).exchange(get("/public")).status, 200U);
    busy.stop();
    EXPECT_THAT(busy.wrong(), IsEmpty());
}

TEST(under_load, a_takeover_works_on_a_unix_socket)
{
    recording_upstream api;
    const auto path = "/tmp/scopegate-test-taken-over-" + std::to_string(::getpid()) + ".sock";
    const auto listen = "\"unix:" + path + "\"";
    gate_process old({.upstream = api.url(), .listen = listen});
    raw_client kept("unix:" + path);
    EXPECT_EQ(kept.exchange(get("/public")).status, 200U);
    EXPECT_ANY_THROW(gate_process({.upstream = api.url(), .listen = listen}))
        << "the gate took over without --takeover";
    gate_process next({.upstream = api.url(), .listen = listen, .take_over = true});
    EXPECT_EQ(kept.exchange(get("/public")).status, 200U);
    EXPECT_EQ(raw_client("unix:" + path).exchange(get("/public")).status, 200U);
    EXPECT_EQ(old.stop(), 0);
    EXPECT_EQ(raw_client("unix:" + path).exchange(get("/public")).status, 200U)
        << "the old gate has removed the new one's socket";
    EXPECT_EQ(next.stop(), 0);
    EXPECT_NE(::access(path.c_str(), F_OK), 0) << "the socket file was left behind";
}

TEST(under_load, a_takeover_includes_the_admin_port)
{
    recording_upstream api;
    gate_process old({.upstream = api.url()});
    try {
        const gate_process second({.upstream = api.url(), .admin = old.admin()});
        ADD_FAILURE() << "a second admin listener at " << second.admin();
    } catch (const std::runtime_error& refused) {
        EXPECT_THAT(refused.what(), testing::HasSubstr("can't listen on " + old.admin()));
    }
    const gate_process next({.upstream = api.url(), .admin = old.admin(), .take_over = true});
    EXPECT_EQ(old.stop(), 0);
    EXPECT_EQ(raw_client(next.admin()).exchange(get("/readyz")).status, 200U);
}

} // namespace
} // namespace scopegate::test
