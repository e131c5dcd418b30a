// The session of an HTTP/1.1 connection, with a scripted host and no worker.
#include "http1/session.hpp"

#include "support/connected_stream.hpp"
#include "support/run_until.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::http1 {
namespace {

using namespace std::chrono_literals;
using wire::disposition;

std::string name_of(disposition how)
{
    switch (how) {
    case disposition::keep_alive:
        return "keeps alive";
    case disposition::close:
        return "closes";
    case disposition::linger:
        return "lingers";
    case disposition::reset:
        break;
    }
    return "resets";
}

// Notes what the session does, and responds to each request at once.
class scripted_host final : public wire::session_host {
public:
    scripted_host(net::buffer_pool& pool, std::string& log) : memory_(pool), log_(log) {}

    [[nodiscard]] steady_time begin_idle() noexcept override
    {
        note("idle");
        memory_.received = {};
        return std::chrono::steady_clock::now() + 1h;
    }
    [[nodiscard]] wire::request_start begin_request() override
    {
        if (serves_no_more)
            return {};
        return {&memory_, {limit, 0}, std::chrono::steady_clock::now() + 1h};
    }
    void note_unfinished_head() noexcept override { note("unfinished"); }
    [[nodiscard]] bool refuses_memory() noexcept override { return lacks_memory; }
    [[nodiscard]] net::task<void> serve(wire::client_side& client, wire::request_memory& memory,
                                        const wire::unread_request& unread) override
    {
        note(unread.why == reason::allowed
                 ? std::string(client.head().method).append(" ").append(client.head().target)
                 : std::string(name(unread.why.why)) + (unread.has_head ? " with its head" : ""));
        if (memory.upload_bytes)
            note("has its body apart");
        if (responds)
            return client.respond(response_, 1h);
        return nothing();
    }
    void end_unserved(wire::request_memory&, failure why) noexcept override
    {
        note("unserved" + (why.detail == cause::none ? std::string() : " " + std::string(name(why.detail))));
    }
    [[nodiscard]] bool is_due() const noexcept override { return due; }

    void take_memory_back() noexcept { memory_.request_bytes.reset(); }

    std::size_t limit = 0;
    bool serves_no_more = false, lacks_memory = false, responds = true, due = false;

private:
    static net::task<void> nothing() { co_return; }
    void note(const std::string& what) { log_ += log_.empty() ? what : ", " + what; }

    wire::request_memory memory_;
    std::string& log_;
    responses::response response_{200, false, {}, "ok"};
};

// One connection, and the client at its other end.
struct served_connection {
    served_connection(net::asio::io_context& loop, net::deadlines& times, net::buffer_pool& pool,
                      std::string& log)
        : loop_(loop), client(loop, times, 1 << 20), host(pool, log),
          session_(client.own, peer_, net::scheduler::of(loop), host)
    {
    }
    ~served_connection()
    {
        client.own->close();
        EXPECT_TRUE(!started_ || test::run_until(loop_, [this] { return end.has_value(); }));
    }
    net::detached run()
    {
        started_ = true;
        end = name_of(co_await session_.run());
    }
    net::detached refuse(failure why)
    {
        started_ = true;
        co_await session_.refuse(why);
        end = "refused";
    }
    // Sends a piece, and waits until the session has read it, or ended.
    void send(std::string_view bytes)
    {
        ASSERT_EQ(client.send(bytes), bytes.size());
        ASSERT_TRUE(test::run_until(loop_, [this] {
            int unread = 0;
            EXPECT_EQ(::ioctl(client.own->native_handle(), FIONREAD, &unread), 0);
            return unread == 0 || end;
        }));
    }
    // Returns all responses that have arrived.
    [[nodiscard]] std::string received() const
    {
        std::string bytes(65536, '\0');
        const auto got = ::recv(client.peer, bytes.data(), bytes.size(), MSG_DONTWAIT);
        bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes;
    }

    net::asio::io_context& loop_;
    net::peer peer_;
    test::connected_stream client;
    scripted_host host;
    std::optional<std::string> end;

private:
    session session_;
    bool started_ = false;
};

class http1_session : public ::testing::Test {
protected:
    net::asio::io_context loop_{1};
    net::deadlines times_;
    net::buffer_pool buffers_;
    std::string log_;
};

std::string head(std::string_view line, std::string_view fields = {})
{
    return std::string(line).append("\r\nHost: a\r\n").append(fields).append("\r\n");
}
const std::string get = head("GET /a HTTP/1.1");
const std::string body_of_20000 =
    head("POST /a HTTP/1.1", "Content-Length: 20000\r\n") + std::string(20000, 'x');

struct conversation {
    std::string_view sentence;
    std::vector<std::string> pieces; // as the client sends them
    std::string_view log;            // what the session did
    std::string_view end;            // empty: the session goes on
    std::function<void(scripted_host&)> before = [](scripted_host&) {};
    bool leaves = false; // the client closes its side after the pieces
};

const std::vector<conversation> conversations{
    {"a request is served, and the next one waited for", {get}, "idle, GET /a, idle", ""},
    {"two requests on one connection",
     {get, head("GET /b HTTP/1.1")},
     "idle, GET /a, idle, GET /b, idle",
     ""},
    {"a client that asks for the close gets it",
     {head("GET /a HTTP/1.1", "Connection: close\r\n")},
     "idle, GET /a",
     "lingers"},
    {"HTTP/1.0 ends with its response", {head("GET /a HTTP/1.0")}, "idle, GET /a", "lingers"},
    {"HTTP/1.0 goes on if it asks for that",
     {head("GET /a HTTP/1.0", "Connection: keep-alive\r\n")},
     "idle, GET /a, idle",
     ""},
    {"pipelined requests are not waited for",
     {get + head("GET /b HTTP/1.1") + head("GET /c HTTP/1.1")},
     "idle, GET /a, GET /b, GET /c, idle",
     ""},
    {"a pipelined head may be unfinished",
     {get + "GET /b HT", "TP/1.1\r\nHost: a\r\n\r\n"},
     "idle, GET /a, unfinished, GET /b, idle",
     ""},
    {"a head in many pieces",
     {"GET /a", " HTTP/1.1\r", "\nHost: a\r\n", "\r\n"},
     "idle, unfinished, unfinished, unfinished, GET /a, idle",
     ""},
    {"a body that has come is skipped when Scopegate responds itself",
     {head("POST /a HTTP/1.1", "Content-Length: 3\r\n") + "abc" + get},
     "idle, POST /a, GET /a, idle",
     ""},
    {"a body that has not come ends the connection",
     {head("POST /a HTTP/1.1", "Content-Length: 3\r\n") + "ab"},
     "idle, POST /a",
     "lingers"},
    {"a large body is separated from its head",
     {body_of_20000},
     "idle, POST /a, has its body apart, idle",
     ""},
    {"a client that sends nothing", {}, "idle, unserved", "closes", {[](scripted_host&) {}}, true},
    {"a head that is cut",
     {"GET /a HT"},
     "idle, unfinished, unserved cut-head",
     "closes",
     {[](scripted_host&) {}},
     true},
    {"a malformed head", {"GET /a\r\n\r\n"}, "idle, malformed-request", "lingers"},
    {"a head with ambiguous framing",
     {head("POST /a HTTP/1.1", "Content-Length: 1\r\nContent-Length: 2\r\n")},
     "idle, ambiguous-framing with its head",
     "lingers"},
    {"a head that is too large",
     {head("GET /a HTTP/1.1", "X: " + std::string(200, 'x') + "\r\n")},
     "idle, headers-too-large",
     "lingers",
     [](scripted_host& h) { h.limit = 100; }},
    {"memory is too short",
     {get},
     "idle, memory-limit",
     "lingers",
     [](scripted_host& h) { h.lacks_memory = true; }},
    {"the connection serves no further request",
     {get},
     "idle",
     "lingers",
     [](scripted_host& h) { h.serves_no_more = true; }},
    {"the connection ends with its response",
     {get},
     "idle, GET /a",
     "lingers",
     [](scripted_host& h) { h.due = true; }},
    {"a request that gets no response",
     {get},
     "idle, GET /a",
     "closes",
     [](scripted_host& h) { h.responds = false; }},
};

TEST_F(http1_session, reads_requests_and_says_how_the_connection_ends)
{
    for (const auto& row : conversations) {
        SCOPED_TRACE(row.sentence);
        log_.clear();
        served_connection one(loop_, times_, buffers_, log_);
        row.before(one.host);
        one.run();
        for (const auto& piece : row.pieces)
            one.send(piece);
        if (row.leaves)
            ::shutdown(one.client.peer, SHUT_WR);
        EXPECT_TRUE(
            test::run_until(loop_, [&] { return log_ == row.log && one.end.value_or("") == row.end; }))
            << log_ << "; " << one.end.value_or("goes on");
        const auto received = one.received();
        EXPECT_EQ(received.find("Connection: close\r\n") != std::string::npos,
                  row.end == "lingers" && !one.host.serves_no_more)
            << received;
    }
}

TEST_F(http1_session, refuses_a_head_that_is_not_whole_at_its_deadline)
{
    served_connection one(loop_, times_, buffers_, log_);
    one.run();
    one.send("GET /a HT");
    times_.sweep(std::chrono::steady_clock::now() + 2h);
    EXPECT_TRUE(test::run_until(loop_, [&] { return one.end.has_value(); }));
    EXPECT_EQ(log_, "idle, unfinished, request-timeout");
    EXPECT_EQ(one.end, "lingers");
}

TEST_F(http1_session, closes_an_idle_connection_at_its_deadline)
{
    served_connection one(loop_, times_, buffers_, log_);
    one.run();
    times_.sweep(std::chrono::steady_clock::now() + 2h);
    EXPECT_TRUE(test::run_until(loop_, [&] { return one.end.has_value(); }));
    EXPECT_EQ(log_, "idle");
    EXPECT_EQ(one.end, "closes");
}

TEST_F(http1_session, uses_no_memory_that_the_host_took_back)
{
    served_connection one(loop_, times_, buffers_, log_);
    one.run();
    one.send("GET /a HT");
    one.host.take_memory_back();
    one.client.own->close();
    EXPECT_TRUE(test::run_until(loop_, [&] { return one.end.has_value(); }));
    EXPECT_EQ(log_, "idle, unfinished, unserved cut-head");
    EXPECT_EQ(one.end, "closes");
}

TEST_F(http1_session, lets_other_connections_go_on_after_16_pipelined_requests)
{
    served_connection one(loop_, times_, buffers_, log_), other(loop_, times_, buffers_, log_);
    one.run();
    other.run();
    std::string many;
    for (int i = 0; i < 40; ++i)
        many += get;
    ASSERT_EQ(one.client.send(many), many.size());
    const auto b = head("GET /b HTTP/1.1");
    ASSERT_EQ(other.client.send(b), b.size());
    const auto served = [this](std::string_view what) {
        std::size_t count = 0;
        for (auto at = log_.find(what); at != std::string::npos; at = log_.find(what, at + 1))
            ++count;
        return count;
    };
    ASSERT_TRUE(test::run_until(loop_, [&] { return served("GET /a") == 40 && served("GET /b") == 1; }));
    log_.resize(log_.find("GET /b"));
    EXPECT_LE(served("GET /a"), 16U);
}

TEST_F(http1_session, refuses_a_connection_before_its_first_request)
{
    served_connection one(loop_, times_, buffers_, log_);
    one.refuse({reason::malformed_request, cause::plain_http_on_tls_port});
    EXPECT_TRUE(test::run_until(loop_, [&] { return one.end.has_value(); }));
    EXPECT_EQ(log_, "malformed-request");
    EXPECT_THAT(one.received(), ::testing::HasSubstr("Connection: close\r\n"));
}

} // namespace
} // namespace scopegate::http1
