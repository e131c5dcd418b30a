// Clients that do harm without breaking a rule of the protocol: they are slow, too many, or never read. Other
// clients are served meanwhile.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <sys/resource.h>

namespace scopegate::test {
namespace {

using clock = std::chrono::steady_clock;

// Retries until the gate holds at most `descriptors` descriptors, and expects it to serve requests meanwhile.
void expect_at_most(const calendar& c, std::size_t descriptors)
{
    auto client = c.connect();
    for (const auto end = clock::now() + test_timeout;
         c.gate.open_descriptors() > descriptors + 1 && clock::now() < end;)
        ASSERT_EQ(client.exchange(get("/public")).status, 200U);
    EXPECT_LE(c.gate.open_descriptors(), descriptors + 1);
}

std::size_t descriptors_at_rest(const calendar& c)
{
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    return c.gate.open_descriptors();
}

TEST(abuse, gains_no_time_by_sending_a_head_in_drops)
{
    calendar c({.timeouts = "headers: 400ms, idle: 60s"});
    const auto descriptors = descriptors_at_rest(c);
    constexpr std::size_t many = 20;
    std::vector<raw_client> drips;
    std::vector<std::string> heard(many);
    for (std::size_t i = 0; i < many; ++i) {
        drips.push_back(c.connect());
        drips.back().send("GET /public HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    }
    std::size_t ended = 0;
    for (const auto end = clock::now() + test_timeout; ended < many && clock::now() < end;) {
        ended = 0;
        for (std::size_t i = 0; i < many; ++i) {
            char some[2048];
            drips[i].send("a");
            const auto got = drips[i].socket().receive(some, sizeof some, std::chrono::milliseconds(2));
            if (got.how == socket_handle::outcome::data)
                heard[i].append(some, got.bytes);
            ended += heard[i].starts_with("HTTP/1.1 408 ") ? 1U : 0U;
        }
        EXPECT_EQ(c.exchange(get("/public")).status, 200U) << "slow heads block other clients";
    }
    EXPECT_EQ(ended, many);
    drips.clear();
    expect_at_most(c, descriptors);
}

TEST(abuse, is_cut_off_when_it_sends_only_empty_lines)
{
    calendar c;
    auto client = c.connect();
    client.send("\r\n\r\n\r\n\r\n");
    EXPECT_EQ(client.read().status, 400U);
    EXPECT_TRUE(client.is_closed_clean());
}

TEST(abuse, is_refused_beyond_the_limit_while_every_connection_is_busy)
{
    constexpr std::size_t limit = 20;
    calendar c({.limits = "connections: 20", .server = "workers: 2"});
    c.api.on("/public/slow", [](upstream_exchange& x) {
        x.wait_for_release();
        x.send(ok("late"));
    });
    std::vector<raw_client> early;
    for (std::size_t i = 0; i < limit; ++i) {
        early.push_back(c.connect());
        early.back().send(get("/public/slow"));
    }
    c.api.wait_for_heads(limit);
    for (int i = 0; i < 300; ++i) {
        auto late = c.connect();
        late.send(get("/public"));
        const auto answer = late.read();
        ASSERT_EQ(answer.status, 503U) << i << answer;
        ASSERT_EQ(answer.value("Connection"), "close");
    }
    std::vector<raw_client> silent; // a silent client over the limit holds no descriptor either
    for (int i = 0; i < 100; ++i)
        silent.push_back(c.connect());
    for (auto& client : silent)
        EXPECT_EQ(client.read().status, 503U);
    c.api.release();
    for (auto& client : early)
        EXPECT_EQ(client.read().status, 200U);
    EXPECT_EQ(c.exchange(get("/public")).status, 200U) << "no connection slot became free";
}

// flat_memory_test.cpp checks their memory.
TEST(abuse, leaves_room_for_others_beside_ten_thousand_idle_connections)
{
    constexpr std::size_t many = 10'000;
    rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    if (files.rlim_max < 3 * many / 2)
        GTEST_SKIP() << "this system allows a process " << files.rlim_max << " descriptors";
    const auto before = files.rlim_cur;
    files.rlim_cur = std::max<rlim_t>(files.rlim_cur, many + 200);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
    {
        calendar c;
        const auto descriptors = descriptors_at_rest(c);
        std::vector<raw_client> idle;
        for (std::size_t i = 0; i < many; ++i)
            idle.push_back(c.connect());
        EXPECT_EQ(c.exchange(get("/public")).status, 200U);
        for (std::size_t i = 0; i < many; i += 100)
            EXPECT_EQ(idle[i].exchange(get("/public")).status, 200U) << i;
        idle.clear();
        expect_at_most(c, descriptors);
    }
    files.rlim_cur = before;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
}

TEST(abuse, finds_the_descriptor_limit_raised_to_the_maximum)
{
    rlimit own{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &own), 0);
    const rlimit usual{std::min<rlim_t>(own.rlim_max, 256), own.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
    const calendar c;
    rlimit of_the_gate{};
    ASSERT_EQ(::prlimit(c.gate.pid(), RLIMIT_NOFILE, nullptr, &of_the_gate), 0);
    EXPECT_EQ(of_the_gate.rlim_cur, own.rlim_max);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &own), 0);
}

TEST(abuse, finds_a_lower_connection_limit_where_few_descriptors_are_allowed)
{
    calendar c({.limits = "connections: 5000", .descriptors = 900});
    const auto most = std::stoul(c.gate.wait_for_event("few_descriptors")["connections"]);
    ASSERT_GT(most, 100U);
    ASSERT_LT(most, 450U);
    std::vector<raw_client> all;
    for (std::size_t i = 0; i < most + 50; ++i) {
        all.push_back(c.connect());
        EXPECT_EQ(all.back().exchange(get("/public")).status, 200U) << i;
    }
    EXPECT_TRUE(all.front().is_closed_clean()) << "more connections are open than the limit allows";
    EXPECT_TRUE(all[49].is_closed_clean());
    EXPECT_EQ(all[50].exchange(get("/public")).status, 200U) << "more connections were closed than necessary";
    EXPECT_EQ(c.gate.wait_for_event("limit_reached")["limit"], "descriptors");
}

double processor_seconds(pid_t process)
{
    clockid_t id{};
    timespec used{};
    if (::clock_getcpuclockid(process, &id) != 0 || ::clock_gettime(id, &used) != 0)
        return -1;
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// New connections then wait in the kernel's queue. The gate retries accept() without a busy loop.
TEST(abuse, does_not_make_the_gate_spin_when_it_runs_out_of_descriptors)
{
#ifdef SCOPEGATE_SANITIZED
    // UBSan opens a pipe to check whether a pointer is readable, and takes EMFILE for "not readable".
    GTEST_SKIP() << "the sanitizer needs descriptors of its own";
#endif
    calendar c;
    const auto used = descriptors_at_rest(c);
    const rlimit few{used + 10, used + 10};
    ASSERT_EQ(::prlimit(c.gate.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
    std::vector<raw_client> many;
    for (int i = 0; i < 60; ++i)
        many.push_back(c.connect());
    for (int i = 0; i < 10; ++i)
        many.emplace_back(c.gate.admin());
    const auto before = processor_seconds(c.gate.pid());
    EXPECT_EQ(c.gate.wait_for_exit(std::chrono::milliseconds(1000)), -1000) << "the gate exited";
    EXPECT_LT(processor_seconds(c.gate.pid()) - before, 0.5) << "the gate spins";
    EXPECT_EQ(c.gate.wait_for_event("limit_reached")["limit"], "descriptors");
    many.clear();
    unsigned status = 0;
    for (const auto end = clock::now() + test_timeout; status != 200 && clock::now() < end;)
        status = c.exchange(get("/public")).status;
    EXPECT_EQ(status, 200U) << "the gate has stopped accepting";
    EXPECT_EQ(c.ask_admin("/livez").status, 200U);
    expect_at_most(c, used);
}

TEST(abuse, gets_fifty_pipelined_requests_served_in_order)
{
    calendar c({.server = "trusted_proxies: [127.0.0.1]"}); // the gate keeps request ids of trusted proxies
    const auto reads = calendar_token("read:appointments");
    struct {
        std::string request;
        unsigned status;
    } const kinds[] = {
        {get("/public/a"), 200},
        {get("/appointments"), 401},
        {get("/appointments/7", reads), 200},
        {request_text("POST", "/appointments", reads, {}, "not yours to write"), 403},
        {get("/nothing"), 404},
        {request_text("POST", "/public/b", {}, {}, "a body"), 200},
        {request_text("PATCH", "/appointments", reads), 405},
    };
    std::string all;
    std::vector<unsigned> expected, got;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < 50; ++i) {
        const auto& kind = kinds[i * 5 % std::size(kinds)];
        auto text = kind.request;
        text.insert(text.find("\r\n") + 2, "X-Request-Id: " + std::to_string(100000 + i) + "\r\n");
        all += text;
        expected.push_back(kind.status);
    }
    auto client = c.connect();
    client.send(all);
    for (std::size_t i = 0; i < 50; ++i) {
        const auto answer = client.read();
        got.push_back(answer.status);
        if (answer.status >= 400) {
            EXPECT_EQ(json_member(answer.body, "request_id"), std::to_string(100000 + i)) << answer;
        }
    }
    EXPECT_EQ(got, expected);
    std::vector<std::string> order;
    for (const auto& r : c.api.requests())
        order.push_back(r.value("X-Request-Id"));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_EQ(order.size(), static_cast<std::size_t>(std::count(expected.begin(), expected.end(), 200U)));
}

TEST(abuse, is_cut_off_when_the_client_never_reads)
{
    calendar c({.timeouts = "body: 300ms"});
    const auto descriptors = descriptors_at_rest(c);
    c.api.on("/public/large", [](upstream_exchange& x) {
        const std::string piece(1024UL * 1024, 'x');
        x.send("HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n");
        for (int i = 0; i < 50; ++i)
            x.send(piece);
    });
    auto deaf = c.connect();
    deaf.set_receive_buffer(4096);
    deaf.send(get("/public/large"));
    c.api.wait_for_closed(1); // the gate releases its connection to the API
    expect_at_most(c, descriptors);
}

// The responses fill the kernel's buffers. The gate then stops reading from the client and finally closes the
// connection.
TEST(abuse, is_cut_off_when_the_client_pipelines_without_reading)
{
    calendar c({.timeouts = "body: 300ms"});
    const auto descriptors = descriptors_at_rest(c);
    const auto memory = c.gate.peak_bytes();
    auto deaf = c.connect();
    deaf.set_receive_buffer(64 * 1024); // with smaller buffers, acknowledgements of sent data get lost
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += get("/nothing");
    bool taken = true;
    for (const auto end = clock::now() + test_timeout; taken && clock::now() < end;)
        taken = deaf.send(many);
    EXPECT_FALSE(taken) << "the gate keeps reading requests without a limit";
    expect_at_most(c, descriptors);
#ifndef SCOPEGATE_SANITIZED
    EXPECT_LT(c.gate.peak_bytes(), memory + 8UL * 1024 * 1024);
#else
    EXPECT_GT(memory, 0U);
#endif
}

} // namespace
} // namespace scopegate::test
