// Floods of every kind: the process stays below `server.limits.memory`, and gives the memory back afterwards.
// Other clients are served meanwhile.
#include "support/calendar.hpp"
#include "support/introspection_endpoint.hpp"
#include "support/tls_client.hpp"
#include "wire/tls_calendar.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace scopegate::test {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;
constexpr std::size_t limit = 32 * mib;
const gate_settings bounded{.limits = "memory: 32MiB", .server = "workers: 2"};

// An upstream that serves /public and no other path. It does not read bodies for /public/slow. The response
// to /public/large has 8 MiB, sent as far as the socket takes it without waiting. One thread serves any
// number of connections.
class deaf_upstream final {
public:
    deaf_upstream() : listener_(socket_handle::listen_at())
    {
        listener_.set_receive_buffer(4096); // accepted sockets inherit it
        thread_ = std::thread([this] { serve(); });
    }
    ~deaf_upstream()
    {
        stopped_ = true;
        thread_.join();
    }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(listener_.port()); }

private:
    void serve()
    {
        std::vector<pollfd> watched;
        for (; !stopped_;) {
            watched.assign(1, {listener_.descriptor(), POLLIN, 0});
            for (const auto& [fd, one] : open_)
                watched.push_back({fd, static_cast<short>(one.deaf ? POLLRDHUP : POLLIN), 0});
            if (::poll(watched.data(), watched.size(), 20) <= 0)
                continue;
            if (watched.front().revents != 0)
                if (const int fd = ::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK);
                    fd >= 0)
                    open_[fd].socket = socket_handle(fd);
            for (std::size_t i = 1; i < watched.size(); ++i)
                if (watched[i].revents != 0 && !read(open_[watched[i].fd], watched[i].revents))
                    open_.erase(watched[i].fd);
        }
    }

    struct connection {
        socket_handle socket;
        std::string head;
        bool deaf = false;
    };

    // Returns false if the connection has ended.
    static bool read(connection& c, short events)
    {
        if (c.deaf)
            return (events & (POLLRDHUP | POLLHUP | POLLERR)) == 0;
        std::array<char, 4096> some{};
        const auto got = ::recv(c.socket.descriptor(), some.data(), some.size(), MSG_DONTWAIT);
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        c.head.append(some.data(), static_cast<std::size_t>(got));
        const auto path = c.head.substr(c.head.find(' ') + 1, 13);
        c.deaf = path.starts_with("/public/slow") || path.starts_with("/public/large");
        std::string response;
        if (path.starts_with("/public/large"))
            response = "HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n" + std::string(400 * kib, 'x');
        else if (!c.deaf && c.head.ends_with("\r\n\r\n"))
            response = ok("fine");
        if (!response.empty()) {
            static_cast<void>(
                ::send(c.socket.descriptor(), response.data(), response.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
            c.head.clear();
        }
        return true;
    }

    socket_handle listener_;
    std::map<int, connection> open_;
    std::atomic<bool> stopped_ = false;
    std::thread thread_;
};

// Sends as much as the socket takes without waiting.
void push(const socket_handle& to, std::string_view bytes)
{
    static_cast<void>(::send(to.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

// Watches the process and its other clients while a flood runs.
class watched_gate final {
public:
    explicit watched_gate(const gate_process& gate, std::string token = {})
        : gate_(gate),
          request_(get(token.empty() ? "/public" : "/appointments", token, "Connection: close\r\n"))
    {
        rlimit files{};
        ::getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
        for (int i = 0; i < 50; ++i)
            others_are_served();
        at_start_ = gate_.resident_bytes();
    }

    // Expects that probes pass, and that a client outside the flood is served.
    void others_are_served() const
    {
        for (const auto* path : {"/livez", "/readyz"})
            EXPECT_EQ(raw_client(gate_.admin()).exchange(get(path)).status, 200U) << path;
        const auto answer = raw_client(gate_.address()).exchange(request_);
        EXPECT_EQ(answer.status, 200U) << answer;
    }

    // Checks, after the flood, the peak and the memory that remains.
    void expect_bounded(std::size_t cache = 0) const
    {
#ifdef SCOPEGATE_SANITIZED // the sanitizer keeps freed memory
        static_cast<void>(cache);
#else
        EXPECT_LT(gate_.peak_bytes(), limit) << "at the start " << at_start_;
        const auto most = at_start_ + 8 * mib + cache;
        for (const auto end = clock::now() + std::chrono::seconds(10);
             gate_.resident_bytes() > most && clock::now() < end;)
            ::poll(nullptr, 0, 20);
        EXPECT_LE(gate_.resident_bytes(), most) << "at the start " << at_start_;
#endif
    }

private:
    const gate_process& gate_;
    std::string request_;
    std::size_t at_start_ = 0;
};

#ifdef SCOPEGATE_SANITIZED
constexpr std::size_t scale = 10;
#else
constexpr std::size_t scale = 1;
#endif

// Opens `count` connections, each of which does `what`. Other clients are served meanwhile.
std::vector<socket_handle> open_connections(const std::string& address, std::size_t count,
                                            const watched_gate& watched,
                                            const std::function<void(const socket_handle&)>& what)
{
    std::vector<socket_handle> held;
    for (std::size_t i = 0; i < count / scale; ++i) {
        held.push_back(socket_handle::connect_to(address));
        what(held.back());
        if (i % 100 == 99)
            watched.others_are_served();
    }
    watched.others_are_served();
    return held;
}

TEST(memory_bound, holds_when_heads_come_slowly)
{
    const calendar c(bounded);
    const watched_gate watched(c.gate);
    const auto head = "GET /public HTTP/1.1\r\nHost: a\r\nX-A: " + std::string(28 * kib, 'a');
    {
        // As many as reach the limit, under a sanitizer too.
        const auto held = open_connections(c.gate.address(), std::max<std::size_t>(2000, 1000 * scale),
                                           watched, [&](const auto& s) { push(s, head); });
        EXPECT_THAT(c.gate.wait_for_event("memory_limit_reached").text,
                    testing::HasSubstr(R"("busiest":"127.0.0.1 ()"));
    }
    watched.expect_bounded();
}

// Eviction of unfinished heads must spare the connection whose head is being read: its buffer is in use.
TEST(memory_bound, spares_the_head_that_is_being_read)
{
    const deaf_upstream api;
    gate_settings settings{.upstream = api.url(),
                           .limits = "memory: none, headers: 1MiB",
                           .timeouts = "headers: 60s",
                           .server = "workers: 1"};
    gate_process gate(settings);
    const watched_gate watched(gate);
    const auto request = request_text("POST", "/public/slow", {},
                                      "X-A: " + std::string(6 * kib, 'a') + "\r\nContent-Length: 5\r\n");
    const auto under_way =
        open_connections(gate.address(), 460 * scale, watched, [&](const auto& s) { push(s, request); });
    std::vector<raw_client> unfinished;
    for (int i = 0; i < 4; ++i) {
        unfinished.emplace_back(gate.address());
        unfinished.back().send("GET /public HTTP/1.1\r\nHost: a\r\nX-A: " + std::string(600 * kib, 'a'));
    }
    settings.limits = "memory: 16MiB, headers: 1MiB";
    gate.write_routes(settings);
    static_cast<void>(gate.wait_for_event("reloaded"));
    for (auto& client : unfinished)
        client.send("a");
    for (int i = 0; i < 20; ++i) // the process responds, with whatever status
        EXPECT_EQ(raw_client(gate.admin()).exchange(get("/livez")).status, 200U);
    EXPECT_EQ(gate.stop(), 0);
}

TEST(memory_bound, holds_when_the_api_reads_no_bodies)
{
    const deaf_upstream api;
    // When a client has sent more than the gate has read, its end shows only after the rest of the upload.
    const gate_process gate(
        {.upstream = api.url(), .limits = bounded.limits, .timeouts = "body: 3s", .server = bounded.server});
    const watched_gate watched(gate);
    const auto head = request_text("POST", "/public/slow", {}, "Content-Length: 100000000\r\n");
    const std::string body(400 * kib, 'x');
    {
        const auto held = open_connections(gate.address(), 600, watched, [&](const auto& s) {
            push(s, head);
            push(s, body);
        });
        for (const auto& s : held)
            push(s, body);
        watched.others_are_served();
    }
    watched.expect_bounded();
}

TEST(memory_bound, holds_when_responses_are_not_read)
{
    const deaf_upstream api;
    const gate_process gate({.upstream = api.url(), .limits = bounded.limits, .server = bounded.server});
    const watched_gate watched(gate);
    {
        const auto held = open_connections(gate.address(), 600, watched, [](const auto& s) {
            s.set_receive_buffer(2048);
            push(s, get("/public/large"));
        });
    }
    watched.expect_bounded();
}

TEST(memory_bound, holds_when_connections_idle)
{
    const calendar c(bounded);
    const watched_gate watched(c.gate);
    {
        std::vector<raw_client> idle;
        for (std::size_t i = 0; i < 3000 / scale; ++i) {
            idle.push_back(c.connect());
            EXPECT_EQ(idle.back().exchange(get("/public")).status, 200U);
            if (i % 500 == 499)
                watched.others_are_served();
        }
    }
    watched.expect_bounded();
}

// Sends `count` requests, pipelined over a few connections, and reads the responses, all of status `status`.
void ask_often(const std::string& address, std::size_t count, unsigned status, const watched_gate& watched,
               const std::function<std::string(std::size_t)>& request)
{
    constexpr std::size_t together = 20;
    std::unique_ptr<raw_client> client;
    for (std::size_t sent = 0; sent < count / scale; sent += together) {
        if (sent % 1000 == 0) {
            client = std::make_unique<raw_client>(address);
            watched.others_are_served();
        }
        std::string requests;
        for (std::size_t i = 0; i < together; ++i)
            requests += request(sent + i);
        client->send(requests);
        for (std::size_t i = 0; i < together; ++i)
            ASSERT_EQ(client->read().status, status);
    }
}

TEST(memory_bound, holds_when_requests_are_refused)
{
    const calendar c(bounded);
    const watched_gate watched(c.gate);
    ask_often(c.gate.address(), 20'000, 401, watched, [](std::size_t) { return get("/any"); });
    watched.expect_bounded();
}

TEST(memory_bound, holds_when_tokens_are_forged)
{
    const calendar c(bounded);
    const watched_gate watched(c.gate, calendar_token("read:appointments"));
    const auto forged = forged_token("read:appointments");
    ask_often(c.gate.address(), 10'000, 401, watched, [&](std::size_t i) {
        auto token = forged;
        for (auto at = token.size() - 20; i > 0; i /= 10)
            token[at++] = static_cast<char>('a' + i % 10);
        return get("/any", token);
    });
    watched.expect_bounded();
}

TEST(memory_bound, holds_when_valid_tokens_fill_the_cache)
{
    const calendar c(bounded);
    const watched_gate watched(c.gate);
    const std::string padding(2000, 'x');
    ask_often(c.gate.address(), 6000, 200, watched, [&](std::size_t i) {
        return get("/any",
                   calendar_token("read:appointments", ",\"jti\":\"" + std::to_string(i) + padding + "\""));
    });
    watched.expect_bounded(limit / 4 + 4 * mib); // cache entries share the heap's pages with freed memory
}

TEST(memory_bound, holds_when_tokens_are_opaque)
{
    introspection_endpoint endpoint;
    auto settings = bounded;
    settings.issuer =
        "clock_skew: 30s\n  - {issuer: \"https://legacy.example.com\", introspection: {url: \"" +
        endpoint.url() + "\", client_id: scopegate, client_secret: s}}\n";
    const calendar c(settings);
    const watched_gate watched(c.gate);
    ask_often(c.gate.address(), 2000, 401, watched,
              [](std::size_t i) { return get("/any", "opaque" + std::to_string(i)); });
    watched.expect_bounded(2 * mib);
}

TEST(memory_bound, holds_when_tls_connections_are_made)
{
    const tls_calendar t(bounded);
    const std::string request = get("/public", {}, "Connection: close\r\n");
    for (int warm = 0; warm < 20; ++warm)
        EXPECT_THAT(t.secured().exchange(request), testing::StartsWith("HTTP/1.1 200"));
    [[maybe_unused]] const auto at_start = t.c.gate.resident_bytes();
    {
        std::vector<tls_client> idle;
        for (std::size_t i = 0; i < 1200 / scale; ++i) {
            idle.push_back(t.secured());
            EXPECT_EQ(idle.back().failure(), "");
            if (i % 100 == 99) {
                EXPECT_THAT(t.secured().exchange(request), testing::StartsWith("HTTP/1.1 200"));
                EXPECT_EQ(raw_client(t.c.gate.admin()).exchange(get("/livez")).status, 200U);
            }
        }
    }
#ifndef SCOPEGATE_SANITIZED
    EXPECT_LT(t.c.gate.peak_bytes(), limit) << "at the start " << at_start;
    for (const auto end = clock::now() + std::chrono::seconds(10);
         t.c.gate.resident_bytes() > at_start + 8 * mib && clock::now() < end;)
        ::poll(nullptr, 0, 20);
    EXPECT_LE(t.c.gate.resident_bytes(), at_start + 8 * mib);
#endif
}

} // namespace
} // namespace scopegate::test
