// An API at several addresses: requests go to them in turn, and clients do not notice that one of them is
// down.
#include "support/calendar.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_files.hpp"
#include "support/tls_relay.hpp"

#include <gmock/gmock.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace scopegate::test {
namespace {

std::string list_of(const std::vector<std::string>& urls)
{
    std::string all;
    for (const auto& url : urls)
        all += (all.empty() ? "[" : ", ") + url;
    return all + "]";
}

std::string post(const std::string& body)
{
    return request_text("POST", "/public", {}, {}, body);
}

// A gate with one worker, which sends its first request to the first address.
class several_upstreams : public ::testing::Test {
protected:
    void begin(const std::vector<std::string>& urls, const std::string& timeouts = {})
    {
        gate.emplace(gate_settings{.upstream = list_of(urls), .timeouts = timeouts, .server = "workers: 1"});
    }
    [[nodiscard]] response exchange(const std::string& request) const
    {
        return raw_client(gate->address()).exchange(request);
    }
    // Expects that each of some GET and POST requests gets its response.
    void expect_all_served() const
    {
        for (int i = 0; i < 10; ++i) {
            EXPECT_EQ(exchange(get("/public")).status, 200U) << i;
            EXPECT_EQ(json_member(exchange(post("hello")).body, "body_bytes"), "5") << i;
        }
    }

    std::optional<recording_upstream> first{std::in_place}, second{std::in_place};
    std::optional<gate_process> gate;
};

TEST_F(several_upstreams, get_requests_in_turn_on_one_kept_connection_each)
{
    begin({first->url(), second->url()});
    raw_client client(gate->address());
    for (int i = 0; i < 6; ++i)
        EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    for (const auto* api : {&*first, &*second}) {
        EXPECT_EQ(api->requests().size(), 3U);
        EXPECT_EQ(api->connections(), 1U) << "connections are not kept";
    }
    EXPECT_EQ(gate->wait_for_event("upstream")["urls"], first->url() + ", " + second->url());
}

TEST_F(several_upstreams, serve_every_request_while_one_is_down)
{
    begin({first->url(), second->url()});
    expect_all_served();
    const auto address = first->authority();
    first.reset();
    expect_all_served();
    const auto event = gate->wait_for_event("upstream_set_aside");
    EXPECT_EQ(event["address"], address);
    EXPECT_EQ(event["cause"], "refused-connection");
}

TEST_F(several_upstreams, serve_a_post_whose_first_address_was_never_up)
{
    const auto down = first->url();
    first.reset();
    begin({down, second->url()});
    EXPECT_EQ(exchange(post("hello")).status, 200U);
}

TEST_F(several_upstreams, get_requests_again_after_they_came_back)
{
    begin({first->url(), second->url()});
    const auto address = first->authority();
    first.reset();
    expect_all_served();
    static_cast<void>(gate->wait_for_event("upstream_set_aside"));
    first.emplace(address);
    const auto until = std::chrono::steady_clock::now() + test_timeout;
    while (first->requests().empty() && std::chrono::steady_clock::now() < until)
        ASSERT_EQ(exchange(get("/public")).status, 200U);
    EXPECT_EQ(gate->wait_for_event("upstream_back")["address"], address);
    const auto before = first->requests().size();
    expect_all_served();
    EXPECT_EQ(first->requests().size(), before + 10) << "it does not get its share";
}

TEST_F(several_upstreams, cause_502_when_all_are_down_and_work_again_at_once)
{
    const auto urls = std::vector{first->url(), second->url()};
    const auto address = first->authority();
    first.reset();
    second.reset();
    begin(urls);
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(exchange(get("/public")).status, 502U);
        EXPECT_EQ(gate->wait_for_event("request")["cause"], "refused-connection");
    }
    first.emplace(address);
    EXPECT_EQ(exchange(get("/public")).status, 200U) << "a mark alone refuses nothing";
}

TEST_F(several_upstreams, get_an_idempotent_request_that_another_did_not_answer)
{
    first->on("/public", closes_before_answer());
    begin({first->url(), second->url()});
    EXPECT_EQ(exchange(get("/public")).status, 200U);
    EXPECT_EQ(first->requests().size(), 1U);
    EXPECT_EQ(gate->wait_for_event("upstream_set_aside")["cause"], "closed-without-response");
    EXPECT_EQ(exchange(post("hello")).status, 200U) << "the first one is set aside";
    EXPECT_EQ(first->requests().size(), 1U);
}

// Some servers close a connection whose body is late.
TEST_F(several_upstreams, are_not_set_aside_because_a_client_sends_its_body_too_slowly)
{
    const auto closing = socket_handle::listen_at();
    begin({"http://127.0.0.1:" + std::to_string(closing.port()), second->url()});
    raw_client slow(gate->address());
    auto half = post("hello");
    half.resize(half.size() - 3);
    ASSERT_TRUE(slow.send(half));
    {
        const socket_handle accepted(::accept(closing.descriptor(), nullptr, nullptr));
        std::string seen;
        for (std::array<char, 4096> bytes{}; !seen.ends_with("\r\n\r\nhe");) {
            const auto got = accepted.receive(bytes.data(), bytes.size());
            ASSERT_GT(got.bytes, 0U);
            seen.append(bytes.data(), got.bytes);
        }
    }
    EXPECT_EQ(slow.read().status, 502U);
    EXPECT_EQ(gate->wait_for_event("request")["cause"], "closed-without-response");
    for (const auto& line : gate->log())
        EXPECT_NE(line["event"], "upstream_set_aside");
}

TEST_F(several_upstreams, get_no_post_that_another_may_have_carried_out)
{
    first->on("/public", closes_before_answer());
    begin({first->url(), second->url()});
    EXPECT_EQ(exchange(post("hello")).status, 502U);
    EXPECT_EQ(gate->wait_for_event("request")["cause"], "closed-without-response");
    EXPECT_TRUE(second->requests().empty());
}

TEST_F(several_upstreams, are_not_set_aside_for_a_response_of_the_class_5xx)
{
    first->answer("/public", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    begin({first->url(), second->url()});
    for (const auto status : {503U, 200U, 503U, 200U})
        EXPECT_EQ(exchange(get("/public")).status, status);
}

TEST_F(several_upstreams, serve_a_request_whose_first_address_accepts_no_connection)
{
    const auto full = socket_handle::listen_at(); // its accept queue has one place, which is taken
    ASSERT_EQ(::listen(full.descriptor(), 0), 0);
    const auto address = "127.0.0.1:" + std::to_string(full.port());
    const raw_client taken(address);
    begin({"http://" + address, second->url()}, "upstream_connect: 300ms");
    EXPECT_EQ(exchange(post("hello")).status, 200U);
    EXPECT_EQ(gate->wait_for_event("upstream_set_aside")["cause"], "timeouts-upstream-connect");
}

TEST_F(several_upstreams, may_be_unix_sockets_too)
{
    const temporary_folder folder;
    const recording_upstream local("unix:" + folder.path("api.sock"));
    const auto absent = "unix:" + folder.path("absent.sock");
    begin({absent, first->url(), local.url()});
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(exchange(get("/public")).status, 200U);
    EXPECT_EQ(first->requests().size(), 2U);
    EXPECT_EQ(local.requests().size(), 2U);
    const auto event = gate->wait_for_event("upstream_set_aside");
    EXPECT_EQ(event["address"], absent);
    EXPECT_EQ(event["cause"], "no-such-socket");
}

TEST_F(several_upstreams, have_the_server_name_of_their_own_url)
{
    const tls_files files;
    tls_relay_settings settings;
    settings.server = true;
    settings.identity = files.identity();
    const tls_relay by_name(first->authority(), settings), by_address(second->authority(), settings);
    const auto port = by_name.address().substr(by_name.address().find(':'));
    gate.emplace(
        gate_settings{.upstream = list_of({"https://localhost" + port, "https://" + by_address.address()}),
                      .upstream_more = files.upstream_yaml(),
                      .server = "workers: 1"});
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(exchange(get("/public")).status, 200U);
    EXPECT_EQ(by_name.handshakes().at(0).requested_name, "localhost");
    EXPECT_EQ(by_address.handshakes().at(0).requested_name, "");
}

TEST_F(several_upstreams, change_with_the_file)
{
    begin({first->url()});
    EXPECT_EQ(exchange(get("/public")).status, 200U);
    gate->write_routes({.upstream = list_of({first->url(), second->url()}), .server = "workers: 1"});
    static_cast<void>(gate->wait_for_event("reloaded"));
    EXPECT_EQ(
        gate->wait_for_event(
            "upstream", [](const log_line& l) { return l["urls"].find(", ") != std::string::npos; })["urls"],
        first->url() + ", " + second->url());
    const auto until = std::chrono::steady_clock::now() + test_timeout;
    while (second->requests().empty() && std::chrono::steady_clock::now() < until)
        ASSERT_EQ(exchange(get("/public")).status, 200U);
    EXPECT_FALSE(second->requests().empty());
}

} // namespace
} // namespace scopegate::test
