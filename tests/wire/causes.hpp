// Provokes failures for the table of causes: gates with several settings, upstreams that fail in several
// ways, and the log line that states the cause.
#pragma once

#include "support/calendar.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_files.hpp"
#include "support/tls_relay.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace scopegate::test {

// Provokes a failure and returns its log line.
using provocation = std::function<log_line()>;

// The fields of a WebSocket handshake.
inline constexpr std::string_view upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// Gates that serve several rows of the table. Each is started when a row first needs it.
class shared_gates final {
public:
    [[nodiscard]] calendar& of(const std::string& kind)
    {
        auto& made = gates_[kind];
        if (!made)
            made = std::make_unique<calendar>(settings_of(kind));
        return *made;
    }
    // Sends these bytes and returns the log line of their one request.
    [[nodiscard]] log_line send(const std::string& kind, const std::string& bytes)
    {
        auto& c = of(kind);
        auto client = c.connect();
        const auto id = json_member(client.exchange(bytes).body, "request_id");
        return c.gate.wait_for_event("request", [&](const log_line& l) { return l["request_id"] == id; });
    }
    // Sends a request to which the upstream responds with these bytes, or breaks off. A response that has
    // begun carries no problem in its body, so the client's own id finds the log line.
    [[nodiscard]] log_line ask(const std::string& kind, upstream_script script,
                               const std::string& fields = {})
    {
        auto& c = of(kind);
        const auto id = "row-" + std::to_string(++rows_);
        c.api.on("/public/odd", std::move(script));
        auto client = c.connect();
        client.send(get("/public/odd", {}, "X-Request-Id: " + id + "\r\n" + fields));
        static_cast<void>(client.read_final());
        return c.gate.wait_for_event("request",
                                     [&](const log_line& l) { return l["client_request_id"] == id; });
    }

private:
    [[nodiscard]] gate_settings settings_of(const std::string& kind) const
    {
        if (kind == "trusted")
            return {.server = "trusted_proxies: [127.0.0.1]"};
        if (kind == "proxied")
            return {.server = "trusted_proxies: [127.0.0.1], proxy_protocol: true"};
        if (kind == "listed")
            return {.server = "hosts: [calendar.example.com]"};
        if (kind == "tls")
            return {.server = files_.server_yaml()};
        if (kind == "impatient")
            return {.timeouts = "headers: 200ms, body: 200ms, upstream_response: 200ms, stream: 200ms"};
        if (kind == "lookalikes")
            return {.routes = "routes: {'/{all...}': {ANY: public}, '/admin': {GET: authenticated},"
                              " '/admin/users': {GET: authenticated}, '/admin/{name}': {GET: public}}"};
        if (kind == "narrow")
            return {.routes = "routes: {'/a/{id}': {GET: public}, '/b/{x}-{y}': {GET: public}}"};
        return {.limits = "headers: 8KiB, header_count: 200, body: 1KiB"};
    }

    tls_files files_;
    std::map<std::string, std::unique_ptr<calendar>> gates_;
    std::size_t rows_ = 0;
};

// Starts a gate for this upstream alone and returns the log line of one request.
inline log_line with_upstream(const std::string& url, const std::string& more = {},
                              const std::string& timeouts = {})
{
    const gate_process gate({.upstream = url, .upstream_more = more, .timeouts = timeouts});
    static_cast<void>(raw_client(gate.address()).exchange(get("/public")));
    return gate.wait_for_event("request");
}

// The same with an upstream behind TLS. It has this certificate, or a good one if the text is empty.
struct tls_case {
    std::function<tls_identity(const certificate_authority&)> identity = {};
    std::string client_authority = {}; // PEM: if set, the upstream asks the gate for a certificate
    std::string host = "127.0.0.1";
};
inline log_line with_tls_upstream(const tls_case& is)
{
    const tls_files files;
    recording_upstream api;
    tls_relay_settings settings;
    settings.server = true;
    settings.identity = is.identity ? is.identity(files.ca) : files.identity();
    settings.ca = is.client_authority;
    // With TLS 1.3, the refusal of a client's certificate follows the handshake and may be lost.
    settings.version = is.client_authority.empty() ? 0 : 0x0303;
    const tls_relay relay(api.authority(), settings);
    const auto port = relay.address().substr(relay.address().find(':'));
    return with_upstream("https://" + is.host + port, files.upstream_yaml(!is.client_authority.empty()));
}

// Accepts one connection, sends these bytes, and closes.
class first_words final {
public:
    explicit first_words(std::string words)
        : listener_(socket_handle::listen_at()), thread_([this, said = std::move(words)] {
              const socket_handle client(::accept(listener_.descriptor(), nullptr, nullptr));
              char bytes[4096];
              if (client.is_open() && !said.empty() && client.send(said))
                  static_cast<void>(client.receive(bytes, sizeof bytes));
          })
    {
    }
    ~first_words()
    {
        listener_.wake();
        thread_.join();
    }
    [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(listener_.port()); }

private:
    socket_handle listener_;
    std::thread thread_;
};

// Fills a gate up to a limit of requests or connections. `held` requests wait for the upstream:
// `reach_upstream` of them are already there, the others are in the queue. Returns the log line of the first
// request that is refused.
inline log_line crowded(gate_settings settings, int held, int reach_upstream)
{
    calendar c(std::move(settings));
    c.api.on("/public", answers_when_released(ok("late")));
    std::vector<raw_client> clients;
    for (int i = 0; i <= held; ++i) {
        clients.push_back(c.connect());
        clients.back().send(get("/public"));
        if (i < reach_upstream)
            c.api.wait_for_heads(static_cast<std::size_t>(i) + 1);
    }
    auto found = c.gate.wait_for_event("request", [](const log_line& l) { return l["status"] == "503"; });
    c.api.release();
    return found;
}

// A unix socket that exists but is a datagram socket.
inline log_line datagram_socket()
{
    const temporary_folder folder;
    const auto path = folder.path() + "/datagrams";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const socket_handle bound(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(bound.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return with_upstream("unix:" + path);
}

inline log_line no_permission()
{
    const temporary_folder folder;
    const auto path = folder.path() + "/api.sock";
    const auto listener = socket_handle::listen_at("unix:" + path);
    EXPECT_EQ(::chmod(path.c_str(), 0), 0);
    return with_upstream("unix:" + path);
}

inline log_line nobody_listens()
{
    std::string url;
    {
        const recording_upstream gone;
        url = gone.url();
    }
    return with_upstream(url);
}

// An upstream whose accept queue has one place, which is taken.
inline log_line full_queue()
{
    const auto full = socket_handle::listen_at();
    EXPECT_EQ(::listen(full.descriptor(), 0), 0);
    const auto address = "127.0.0.1:" + std::to_string(full.port());
    const raw_client first(address);
    return with_upstream("http://" + address, {}, "upstream_connect: 200ms");
}

} // namespace scopegate::test
