// Every request ends in exactly one record, whatever became of it and whatever is logged: so does a
// connection on which something came that did not become a request.
#include "observe/record.hpp"

#include "support/raw_client.hpp"
#include "support/tls_files.hpp"
#include "unit/gate/running_worker.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace scopegate::gate {
namespace {

using namespace std::string_literals;
using observe::request_end;
using test::get;
using test::raw_client;

// Copies the labels and measurements of a record, as a second reader would.
struct seen_end {
    request_end how;
    unsigned status;
    std::string method, route;
    std::uint64_t bytes_in, bytes_out;
};

// Collects the records of the process for this object's lifetime.
class collected_records final {
public:
    collected_records() { observe::also_read_records(&read); }
    ~collected_records()
    {
        observe::also_read_records(nullptr);
        const std::lock_guard lock(keeping);
        kept.clear();
    }
    collected_records(const collected_records&) = delete;
    collected_records& operator=(const collected_records&) = delete;

    [[nodiscard]] static std::vector<seen_end> all()
    {
        const std::lock_guard lock(keeping);
        return kept;
    }
    static void wait_for(std::size_t count)
    {
        const auto end = std::chrono::steady_clock::now() + test::test_timeout;
        while (all().size() < count && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
    }

private:
    static void read(const policy::policy&, const observe::request_record& r)
    {
        const auto* const route = r.match != nullptr ? r.match->matched : nullptr;
        const std::lock_guard lock(keeping);
        kept.push_back({end_of(r), r.status, std::string(r.method), route != nullptr ? route->text : "-"s,
                        r.bytes_in, r.bytes_out});
    }
    static inline std::mutex keeping;
    static inline std::vector<seen_end> kept;
};

using settings = std::function<void(policy::policy&)>;
using provocation = std::function<void(test::recording_upstream& api, const std::string& address)>;

std::shared_ptr<const policy::policy> policy_for(const test::recording_upstream& api, const settings& change)
{
    const auto file = std::make_shared<policy::test::builder>();
    file->scopes({"read:a"});
    file->route("/a/{id}", {{"GET", "read:a"}, {"POST", "read:a"}});
    file->route("/free", {{"GET", "public"}, {"HEAD", "public"}});
    file->issuer_with_secret(test::key_for(jose::algorithm::hs256).shared_secret().reveal());
    auto& p = file->get();
    p.log.which = policy::log_settings::requests::off;
    p.upstream.addresses.front().host = "127.0.0.1";
    const auto authority = api.authority();
    p.upstream.addresses.front().port =
        static_cast<std::uint16_t>(std::stoi(authority.substr(authority.find(':') + 1)));
    if (change)
        change(p);
    return {file, &p};
}

// Runs a worker, lets it end requests, and returns their records once it is gone and can make no more.
std::vector<seen_end> ends_of(const settings& change, const provocation& provoke, std::size_t expected)
{
    const collected_records records;
    test::recording_upstream api;
    {
        const auto p = policy_for(api, change);
        running_worker gate(p, tokens::key_store::offline(p));
        provoke(api, gate.address());
        collected_records::wait_for(expected);
        api.release();
    }
    return collected_records::all();
}

provocation sends(std::string bytes)
{
    return [bytes](test::recording_upstream&, const std::string& address) {
        raw_client client(address);
        client.send(bytes);
        static_cast<void>(client.read_final());
    };
}

// Sends the beginning of something, and leaves.
provocation leaves_behind(std::string bytes)
{
    return [bytes](test::recording_upstream&, const std::string& address) {
        raw_client client(address);
        client.send(bytes);
        client.half_close();
        static_cast<void>(client.read_to_end());
    };
}

const auto limits_one_client = [](policy::policy& p) { p.server.limits.connections_per_client = 1; };
const auto shares = [](policy::policy& p) { p.cors.origins = {"https://app.example.com"}; };
const auto observes = [](policy::policy& p) { p.observe = true; };
const auto proxied = [](policy::policy& p) {
    p.server.proxy_protocol = true;
    p.server.trusted_proxies.push_back({*net::parse_address("127.0.0.1"), 128});
};

struct row {
    const char* sentence;
    settings change;
    provocation provoke;
    request_end how;
    unsigned status;
};

std::vector<row> rows()
{
    const auto token = reader_token();
    const auto with_script = [](test::upstream_script script, bool leaves) {
        return [script, leaves](test::recording_upstream& api, const std::string& address) {
            api.on("/free", script);
            raw_client client(address);
            client.send(get("/free"));
            api.wait_for_heads(1);
            if (leaves)
                client.reset();
            else
                static_cast<void>(client.read_final());
        };
    };
    const auto preflight = "OPTIONS /free HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example.com\r\n"
                           "Access-Control-Request-Method: GET\r\n\r\n"s;
    const auto second_connection = [](test::recording_upstream&, const std::string& address) {
        const raw_client first(address);
        raw_client second(address);
        static_cast<void>(second.read_to_end());
    };
    return {
        {"a permitted request", {}, sends(get("/a/1", token)), request_end::allowed, 200},
        {"a request without a token", {}, sends(get("/a/1")), request_end::refused, 401},
        {"a path without a route", {}, sends(get("/nowhere")), request_end::refused, 404},
        {"a head that is no HTTP", {}, sends("GET /free\r\n\r\n"), request_end::refused, 400},
        {"no token in observe mode", observes, sends(get("/a/1")), request_end::observed, 200},
        {"a preflight", shares, sends(preflight), request_end::own_response, 204},
        {"an upstream that closes",
         {},
         with_script(test::closes_before_answer(), false),
         request_end::upstream_failed,
         502},
        {"a client that does not wait",
         {},
         with_script(test::answers_when_released(test::ok("late")), true),
         request_end::client_left,
         0},
        {"a client that leaves within its head",
         {},
         leaves_behind("GET /free HTTP/1.1\r\nHo"),
         request_end::client_left,
         0},
        {"a connection too many", limits_one_client, second_connection, request_end::connection_limit, 503},
        {"a broken PROXY header", proxied, sends("PROXY TCP4 nobody\r\n"), request_end::proxy_header_failed,
         400},
        {"no PROXY header", proxied, sends(get("/free")), request_end::proxy_header_failed, 400},
        {"half a PROXY header", proxied, leaves_behind("PROXY TC"), request_end::proxy_header_failed, 0},
    };
}

TEST(every_end, makes_exactly_one_record_though_nothing_is_logged)
{
    for (const auto& r : rows()) {
        const auto ends = ends_of(r.change, r.provoke, 1);
        ASSERT_EQ(ends.size(), 1U) << r.sentence;
        EXPECT_EQ(ends[0].how, r.how) << r.sentence;
        EXPECT_EQ(ends[0].status, r.status) << r.sentence;
    }
}

// Probes of balancers only connect; and a kept connection ends without a request.
TEST(every_end, makes_no_record_where_nothing_came)
{
    for (const settings& change : {settings{}, settings{proxied}})
        EXPECT_TRUE(ends_of(change, leaves_behind(""), 0).empty());
    EXPECT_EQ(ends_of({}, leaves_behind(get("/free")), 1).size(), 1U);
}

TEST(every_end, makes_a_record_for_each_request_of_a_connection)
{
    const auto two = [](test::recording_upstream&, const std::string& address) {
        raw_client client(address);
        client.send(get("/free") + get("/nowhere"));
        EXPECT_EQ(client.read().status, 200U);
        EXPECT_EQ(client.read().status, 404U);
    };
    EXPECT_EQ(ends_of({}, two, 2).size(), 2U);
}

TEST(every_end, counts_the_bytes_of_both_bodies)
{
    const auto ask = [](test::recording_upstream& api, const std::string& address) {
        api.answer("/a/1", test::ok(std::string(300'000, 'x')));
        api.answer("/a/2",
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + test::chunks("0123456789"));
        raw_client client(address);
        const auto post = [&](const char* target, std::size_t bytes) {
            const auto sent = test::request_text("POST", target, reader_token(), {}, std::string(bytes, 'y'));
            EXPECT_EQ(client.exchange(sent).status, 200U);
        };
        post("/a/1", 200'000);
        post("/a/2", 5);
        EXPECT_EQ(client.exchange("HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status, 404U);
    };
    const auto ends = ends_of({}, ask, 3);
    ASSERT_EQ(ends.size(), 3U);
    EXPECT_EQ(ends[0].bytes_in, 200'000U);
    EXPECT_EQ(ends[0].bytes_out, 300'000U);
    EXPECT_EQ(ends[1].bytes_in, 5U);
    EXPECT_EQ(ends[1].bytes_out, 10U) << "the chunks' framing is no body";
    EXPECT_EQ(ends[2].bytes_out, 0U) << "the response to HEAD has no body";
    EXPECT_EQ(ends[1].route, "/a/{id}");
    EXPECT_EQ(ends[1].method, "POST");
}

TEST(every_end, makes_one_record_of_a_handshake_that_fails)
{
    const test::tls_files files;
    static_cast<void>(files.write_server_certificate());
    const net::tls_server_files paths{
        files.folder.path() + "/server.pem", files.folder.path() + "/server.key", {}};
    const auto context = std::make_shared<const net::tls_context>(paths);
    struct handshake {
        const char* sentence;
        std::string bytes;
        std::size_t records;
        unsigned status;
    };
    const handshake handshakes[] = {
        {"no TLS at all", "\x01\x02\x03\x04\x05\x06"s, 1, 0},
        {"a record that is cut", "\x16\x03\x01\x02"s, 1, 0},
        {"plain HTTP", get("/appointments/1"), 1, 400},
        {"a port scan, which sends nothing", "", 0, 0},
    };
    for (const auto& h : handshakes) {
        const collected_records records;
        const test::recording_upstream api;
        {
            const running_worker gate(api.authority(), context);
            raw_client client(gate.address());
            client.send(h.bytes);
            client.half_close();
            static_cast<void>(client.read_to_end());
            collected_records::wait_for(h.records);
        }
        const auto ends = collected_records::all();
        ASSERT_EQ(ends.size(), h.records) << h.sentence;
        for (const auto& end : ends) {
            EXPECT_EQ(end.how, request_end::tls_failed) << h.sentence;
            EXPECT_EQ(end.status, h.status) << h.sentence;
            EXPECT_EQ(end.route, "-") << h.sentence;
        }
    }
}

} // namespace
} // namespace scopegate::gate
