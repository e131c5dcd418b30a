// Bodies stream with back-pressure. The gate never holds them whole, however large they are and however slow
// either side is.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <thread>

namespace scopegate::test {
namespace {

constexpr std::size_t mib = 1024UL * 1024;
#ifdef SCOPEGATE_SANITIZED // the sanitizer keeps freed memory, so only the function can be checked
constexpr std::size_t large = 32 * mib;
constexpr std::size_t flat = 4096 * mib;
#else
constexpr std::size_t large = 256 * mib;
constexpr std::size_t flat = 8 * mib;
#endif

// Compares the peak with an earlier peak, not with the resident size: reading the file takes 6 MiB or more,
// which the process gives back.

const std::string piece(mib, 'x');

// Reads until the end and returns the number of bytes. The connection closes behind the body.
std::size_t read_all(const socket_handle& from)
{
    std::string buffer(mib, '\0');
    std::size_t total = 0;
    for (auto got = from.receive(buffer.data(), buffer.size()); got.how == socket_handle::outcome::data;
         got = from.receive(buffer.data(), buffer.size()))
        total += got.bytes;
    return total;
}

using counter = std::shared_ptr<std::atomic<std::size_t>>; // the API's thread may outlive the test's

// Sends a response of `large` bytes and counts the bytes that have gone out.
upstream_script sends_large(const counter& sent, bool in_chunks)
{
    return [sent, in_chunks](upstream_exchange& x) {
        x.send(in_chunks ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         : "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large) + "\r\n\r\n");
        for (; *sent < large; *sent += mib)
            x.send(in_chunks ? "100000\r\n" + piece + "\r\n" : piece);
        if (in_chunks)
            x.send("0\r\n\r\n");
    };
}

TEST(flat_memory, is_kept_by_downloads)
{
    calendar c;
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    const auto before = c.gate.peak_bytes();
    for (const bool in_chunks : {false, true}) {
        c.api.on("/public/large", sends_large(std::make_shared<std::atomic<std::size_t>>(0), in_chunks));
        auto client = c.connect();
        client.send(get("/public/large", {}, "Connection: close\r\n"));
        EXPECT_GE(read_all(client.socket()), large);
    }
    EXPECT_LT(c.gate.peak_bytes(), before + flat);
}

TEST(flat_memory, is_kept_by_uploads)
{
    calendar c;
    std::atomic<std::size_t> received = 0;
    c.api.on("/public/large", [&](upstream_exchange& x) {
        received += x.take_body();
        x.send(ok("thanks"));
    });
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    const auto before = c.gate.peak_bytes();
    auto client = c.connect();
    client.send(
        request_text("POST", "/public/large", {}, "Content-Length: " + std::to_string(large) + "\r\n"));
    for (std::size_t sent = 0; sent < large; sent += mib)
        ASSERT_TRUE(client.send(piece));
    EXPECT_EQ(client.read_final("POST").body, "thanks");
    EXPECT_EQ(received, large);
    EXPECT_LT(c.gate.peak_bytes(), before + flat);
}

TEST(flat_memory, is_kept_by_slowing_the_api_when_a_client_does_not_read)
{
    calendar c;
    const auto sent = std::make_shared<std::atomic<std::size_t>>(0);
    c.api.on("/public/large", sends_large(sent, false));
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    const auto before = c.gate.peak_bytes();
    auto client = c.connect();
    client.set_receive_buffer(65536);
    client.send(get("/public/large", {}, "Connection: close\r\n"));
    // The API is blocked once it has sent nothing more for a while.
    std::size_t last = 0;
    do {
        last = *sent;
        c.gate.wait_for_exit(std::chrono::milliseconds(300));
    } while (*sent != last || *sent == 0);
    EXPECT_LT(*sent, large) << "the gate took the whole body";
    EXPECT_LT(c.gate.peak_bytes(), before + flat);
    EXPECT_GE(read_all(client.socket()), large);
}

TEST(flat_memory, is_kept_by_slowing_the_client_when_the_api_does_not_read)
{
    calendar c;
    c.api.on("/public/large", [](upstream_exchange& x) {
        if (x.wait_for_release())
            x.send(ok(std::to_string(x.take_body())));
    });
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    const auto before = c.gate.peak_bytes();
    auto client = c.connect();
    client.send(
        request_text("POST", "/public/large", {}, "Content-Length: " + std::to_string(large) + "\r\n"));
    std::atomic<std::size_t> sent = 0;
    std::thread sender([&] {
        for (; sent < large && client.send(piece); sent += mib) {
        }
    });
    std::size_t last = 0;
    do {
        last = sent;
        c.gate.wait_for_exit(std::chrono::milliseconds(300));
    } while (sent != last || sent == 0);
    EXPECT_LT(sent, large) << "the gate took the whole body";
    EXPECT_LT(c.gate.peak_bytes(), before + flat);
    c.api.release();
    sender.join();
    EXPECT_EQ(client.read_final("POST").body, std::to_string(large));
}

TEST(flat_memory, is_kept_by_idle_connections)
{
    calendar c;
    constexpr std::size_t many = 400;
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    const auto before = c.gate.resident_bytes();
    std::vector<raw_client> clients;
    for (std::size_t i = 0; i < many; ++i) {
        clients.push_back(c.connect());
        EXPECT_EQ(clients.back().exchange(get("/public")).status, 200U);
    }
    EXPECT_LT(c.gate.resident_bytes(), before + many * 4096 + 2 * mib + (flat > 64 * mib ? flat : 0));
}

} // namespace
} // namespace scopegate::test
