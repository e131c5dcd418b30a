// Unix sockets, for clients and an API on the same machine.
#include "support/calendar.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_client.hpp"
#include "support/tls_files.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <thread>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace scopegate::test {
namespace {

using testing::StartsWith;

TEST(unix_socket, works_on_both_sides)
{
    const temporary_folder folder;
    const recording_upstream api("unix:" + folder.path("api.sock"));
    const auto listen = "unix:" + folder.path("gate.sock");
    gate_process gate({.upstream = api.url(), .listen = listen});
    raw_client client(listen);
    const std::string body(2 * 1024 * 1024, 'b');
    EXPECT_EQ(client.exchange(get("/appointments")).status, 401U);
    EXPECT_EQ(client.exchange(get("/appointments", calendar_token("read:appointments"))).status, 200U);
    const auto up = client.exchange(request_text("POST", "/public", {}, {}, body));
    EXPECT_EQ(json_member(up.body, "body_bytes"), std::to_string(body.size()));
    EXPECT_EQ(api.connections(), 1U) << "connections are not kept";
    const auto seen = api.requests().at(0);
    EXPECT_EQ(seen.value("Host"), "calendar.example.com");
    EXPECT_EQ(seen.value("X-Forwarded-For"), "unix");
    client.send("GET /public HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.read().status, 200U);
    EXPECT_EQ(api.wait_for_requests(3).back().value("Host"), "localhost") << "the client sent no Host";
    EXPECT_EQ(gate.stop(), 0);
    EXPECT_FALSE(std::filesystem::exists(folder.path("gate.sock"))) << "the socket file was left behind";
}

TEST(unix_socket, works_beside_tcp_and_with_several_workers)
{
    const temporary_folder folder;
    const auto path = folder.path("gate.sock");
    const calendar c({.server = "workers: 3", .listen = "[\"127.0.0.1:0\", \"unix:" + path + "\"]"});
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(raw_client("unix:" + path).exchange(get("/public")).status, 200U);
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
}

TEST(unix_socket, replaces_a_file_of_a_killed_process_but_not_one_in_use)
{
    const temporary_folder folder;
    const auto listen = "unix:" + folder.path("gate.sock");
    { // binds, and ends without removing the file
        socket_handle listener = socket_handle::listen_at(listen);
    }
    const recording_upstream api;
    const gate_settings settings{.upstream = api.url(), .listen = listen};
    const gate_process gate(settings);
    EXPECT_EQ(raw_client(listen).exchange(get("/public")).status, 200U);
    EXPECT_THROW(gate_process second(settings), std::runtime_error);
    EXPECT_EQ(raw_client(listen).exchange(get("/public")).status, 200U) << "the second gate took the socket";
    folder.write("text", "not a socket");
    gate_settings onto_a_file{.upstream = api.url(), .listen = "unix:" + folder.path("text")};
    EXPECT_THROW(gate_process third(onto_a_file), std::runtime_error);
    EXPECT_TRUE(std::filesystem::is_regular_file(folder.path("text"))) << "the regular file was removed";
}

// A peer on a unix socket has no address, so `trusted_proxies` cannot name it.
TEST(unix_socket, does_not_trust_its_peers)
{
    const temporary_folder folder;
    const auto path = folder.path("gate.sock");
    const calendar c({.server = "trusted_proxies: [\"0.0.0.0/0\", \"::/0\"], proxy_protocol: true",
                      .listen = "[\"127.0.0.1:0\", \"unix:" + path + "\"]"});
    raw_client client("unix:" + path);
    EXPECT_EQ(
        client.exchange(get("/public", {}, "X-Forwarded-For: 10.9.9.9\r\nX-Real-IP: 10.9.9.9\r\n")).status,
        200U);
    const auto seen = c.api.requests().at(0);
    EXPECT_EQ(seen.value("X-Forwarded-For"), "unix");
    EXPECT_FALSE(seen.has("X-Real-IP"));
    EXPECT_EQ(client.exchange("PROXY UNKNOWN\r\n" + get("/public")).status, 400U);
}

mode_t mode_of(const std::string& path)
{
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0;
}

TEST(unix_socket, has_the_mode_and_group_of_the_file_on_each_listener)
{
    const temporary_folder folder;
    const auto open = folder.path("open.sock"), own = folder.path("own.sock"),
               admin = folder.path("admin.sock"), health = folder.path("health.sock");
    const calendar c({.server = "health: {address: \"unix:" + health + "\", mode: 0666}",
                      .listen = "[\"127.0.0.1:0\", {address: \"unix:" + open +
                                "\", mode: 0666}, {address: \"unix:" + own +
                                "\", mode: \"0600\", group: " + std::to_string(::getegid()) + "}]"});
    EXPECT_EQ(mode_of(open), 0666U);
    EXPECT_EQ(mode_of(own), 0600U);
    static_cast<void>(c.gate.wait_for_event(
        "listening", [](const log_line& line) { return line["listener"] == "health"; }));
    EXPECT_EQ(mode_of(health), 0666U);
    for (const auto& path : {open, own})
        EXPECT_EQ(raw_client("unix:" + path).exchange(get("/public")).status, 200U) << path;
}

TEST(unix_socket, keeps_its_mode_at_a_reload_with_a_warning)
{
    const temporary_folder folder;
    const recording_upstream api;
    const auto path = folder.path("gate.sock");
    gate_settings settings{.upstream = api.url()};
    settings.listen = "[\"127.0.0.1:0\", {address: \"unix:" + path + "\", mode: 0600}]";
    const gate_process gate(settings);
    EXPECT_EQ(mode_of(path), 0600U);
    settings.listen = "[\"127.0.0.1:0\", {address: \"unix:" + path + "\", mode: 0666}]";
    gate.write_routes(settings);
    EXPECT_THAT(
        gate.wait_for_event("config_warning",
                            [](const log_line& l) { return l["warning"] == "restart-needed"; })["message"],
        testing::HasSubstr("server.listen has changed"));
    EXPECT_EQ(mode_of(path), 0600U);
}

TEST(unix_socket, needs_a_group_that_there_is)
{
    const temporary_folder folder;
    const recording_upstream api;
    const auto path = folder.path("gate.sock");
    try {
        const gate_process gate(
            {.upstream = api.url(), .listen = "{address: \"unix:" + path + "\", group: no-such-group}"});
        ADD_FAILURE();
    } catch (const std::runtime_error& refused) {
        EXPECT_THAT(refused.what(), testing::HasSubstr("there is no group \"no-such-group\""));
        EXPECT_THAT(refused.what(), testing::HasSubstr("routes.yaml:"));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(unix_socket, carries_tls_as_well)
{
    const temporary_folder folder;
    const tls_files files;
    const auto path = folder.path("gate.sock");
    const calendar c({.server = files.server_yaml(), .listen = "[\"127.0.0.1:0\", \"unix:" + path + "\"]"});
    tls_client client("unix:" + path, {.ca = files.ca.pem()});
    ASSERT_EQ(client.failure(), "");
    EXPECT_THAT(client.exchange(get("/public")), StartsWith("HTTP/1.1 200"));
}

TEST(unix_socket, causes_502_until_the_api_is_there)
{
    const temporary_folder folder;
    const auto path = "unix:" + folder.path("api.sock");
    const gate_process gate({.upstream = path});
    EXPECT_EQ(raw_client(gate.address()).exchange(get("/public")).status, 502U);
    const recording_upstream api(path);
    EXPECT_EQ(raw_client(gate.address()).exchange(get("/public")).status, 200U);
}

// Over TCP, the kernel lets a client wait for a place in the API's accept queue. On a unix socket it does
// not.
TEST(unix_socket, waits_for_a_place_in_a_full_queue)
{
    const temporary_folder folder;
    const auto path = folder.path("api.sock");
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener, 0), 0);
    std::vector<socket_handle> queued;
    for (bool full = false; !full;) {
        socket_handle filler(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        full =
            ::connect(filler.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
        queued.push_back(std::move(filler));
        ASSERT_LT(queued.size(), 10000U);
    }
    const gate_process gate({.upstream = "unix:" + path, .timeouts = "upstream_connect: 9s"});
    raw_client client(gate.address());
    client.send(get("/public"));
    std::thread api([&] {
        std::string request(65536, '\0');
        for (bool asked = false; !asked;) {
            const socket_handle accepted(::accept(listener, nullptr, nullptr));
            queued.clear();
            const auto got = accepted.receive(request.data(), request.size());
            asked = got.bytes > 0;
            if (asked)
                static_cast<void>(accepted.send(ok("at last")));
        }
    });
    EXPECT_EQ(client.read().body, "at last");
    api.join();
    ::close(listener);
}

} // namespace
} // namespace scopegate::test
