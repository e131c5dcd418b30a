// If both our parser and Beast's accept a message, they must read it alike: method, target, fields, body
// length and connection. The inputs are mutations of good and of attacking messages, from a fixed seed.
#include "support/message_reading.hpp"
#include "support/places.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace scopegate::http {
namespace {

using test::forgive;
using test::read_ours;
using test::read_theirs;
using random = std::mt19937;

std::size_t below(random& rng, std::size_t n)
{
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(rng);
}

template <class T>
const T& one_of(random& rng, const std::vector<T>& from)
{
    return from[below(rng, from.size())];
}

// Lines and pieces that parsers disagree about, to be inserted anywhere.
const std::vector<std::string> pieces = {
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    "\r\n ",
    "\r\n\t",
    "\r\n\r\n",
    ":",
    ",",
    ";",
    "chunked",
    "0",
    "5",
    "Host: b\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Upgrade: websocket\r\nConnection: upgrade\r\n",
    "Expect: 100-continue\r\n",
    "TE: trailers\r\n",
    "X:\r\n",
    "X: \t y \r\n",
    "_",
    "HTTP/1.0",
    "HTTP/1.1",
    "GET",
    "\xe9",
    "%2F",
    "?a=b",
    "//",
};

std::string mutated(random& rng, std::string s)
{
    for (auto rounds = below(rng, 4); rounds > 0; --rounds) {
        const auto at = below(rng, s.size() + 1);
        switch (below(rng, 5)) {
        case 0:
            s.insert(at, one_of(rng, pieces));
            break;
        case 1:
            s.erase(at, 1 + below(rng, 4));
            break;
        case 2:
            if (at < s.size())
                s[at] = static_cast<char>(below(rng, 256));
            break;
        case 3: { // inserts a whole line behind another
            const auto line = s.find("\r\n", at);
            if (line != std::string::npos)
                s.insert(line + 2, one_of(rng, pieces));
            break;
        }
        default:
            s.insert(at, s.substr(below(rng, s.size() + 1), below(rng, 12)));
        }
    }
    return s;
}

std::vector<std::string> request_seeds()
{
    std::vector<std::string> seeds = {
        "GET /a HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
        "POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: y\r\n\r\nhello",
        "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\nT: "
        "u\r\n\r\n",
        "M-SEARCH /a HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "\r\nDELETE /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    };
    for (const auto& entry : std::filesystem::directory_iterator(SCOPEGATE_TEST_CASES "/smuggling")) {
        if (entry.path().extension() != ".http" || entry.file_size() > 1000)
            continue;
        std::ifstream file(entry.path(), std::ios::binary);
        seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    std::sort(seeds.begin(), seeds.end()); // a folder is unordered
    return seeds;
}

TEST(beast_agreement, requests_are_read_alike)
{
    const auto seeds = request_seeds();
    random rng(20260401);
    std::size_t compared = 0, only_ours = 0;
    for (int i = 0; i < 150'000; ++i) {
        const auto message = mutated(rng, one_of(rng, seeds));
        auto ours = read_ours(message, true, "");
        if (!ours)
            continue;
        auto theirs = read_theirs<true>(message, "");
        if (!theirs) {
            ++only_ours;
            continue;
        }
        ++compared;
        forgive(*ours, *theirs);
        ASSERT_EQ(*ours, *theirs) << message;
    }
    EXPECT_GT(compared, 20'000U) << "only we accepted " << only_ours;
}

TEST(beast_agreement, responses_are_read_alike)
{
    const std::vector<std::string> seeds = {
        "HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nX: y\r\n\r\nhello",
        "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: "
        "u\r\n\r\n",
        "HTTP/1.0 302 Found\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
    };
    random rng(20260402);
    std::size_t compared = 0, only_ours = 0;
    for (int i = 0; i < 150'000; ++i) {
        const auto message = mutated(rng, one_of(rng, seeds));
        const std::string_view asked = below(rng, 8) == 0 ? "HEAD" : "GET";
        auto ours = read_ours(message, false, asked);
        if (!ours)
            continue;
        auto theirs = read_theirs<false>(message, asked);
        if (!theirs) {
            ++only_ours;
            continue;
        }
        ++compared;
        forgive(*ours, *theirs);
        ASSERT_EQ(*ours, *theirs) << message;
    }
    EXPECT_GT(compared, 20'000U) << "only we accepted " << only_ours;
}

} // namespace
} // namespace scopegate::http
