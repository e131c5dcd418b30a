// What we accept and Beast's parser accepts too, both must read alike: the same method, target, fields, body
// length and connection. Mutations of good and of attacking messages, from a fixed seed.
#include "base/text.hpp"
#include "http/framing.hpp"
#include "support/places.hpp"

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

// Beast's non-template parts that the parser needs: net/ has them all, but this program stops at http/.
#include <boost/beast/core/detail/impl/temporary_buffer.ipp>
#include <boost/beast/core/impl/error.ipp>
#include <boost/beast/core/impl/string.ipp>
#include <boost/beast/http/detail/basic_parser.ipp>
#include <boost/beast/http/detail/rfc7230.ipp>
#include <boost/beast/http/impl/basic_parser.ipp>
#include <boost/beast/http/impl/error.ipp>
#include <boost/beast/http/impl/field.ipp>
#include <boost/beast/http/impl/fields.ipp>
#include <boost/beast/http/impl/rfc7230.ipp>
#include <boost/beast/http/impl/status.ipp>
#include <boost/beast/http/impl/verb.ipp>

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

namespace beast = boost::beast;
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

// Lines and pieces that parsers differ about, to be put anywhere.
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
        case 3: { // a whole line behind another
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
    std::sort(seeds.begin(), seeds.end()); // a folder has no order of its own
    return seeds;
}

// What a reader makes of a message, in one form for both.
struct reading {
    std::string head;   // method and target, or status
    std::string fields; // `name:value;` each
    std::string length; // none, chunked, a number or until-close
    bool keep_alive = false;
    std::optional<std::string> body; // decoded; nothing: it is not all there
    friend bool operator==(const reading&, const reading&) = default;
};

std::ostream& operator<<(std::ostream& out, const reading& r)
{
    return out << r.head << " | " << r.fields << " | " << r.length
               << (r.keep_alive ? " | keep | " : " | close | ") << r.body.value_or("(incomplete)");
}

// Beast keeps fields of one name together: both sides are sorted by name, in their order within one.
std::string say_fields(std::vector<std::pair<std::string, std::string>> fields)
{
    const auto lower = [](std::string s) {
        std::transform(s.begin(), s.end(), s.begin(), ascii_lower);
        return s;
    };
    std::stable_sort(fields.begin(), fields.end(),
                     [&](const auto& a, const auto& b) { return lower(a.first) < lower(b.first); });
    std::string out;
    for (const auto& [name, value] : fields)
        out += name + ':' + value + ';';
    return out;
}
std::string say_fields(const field_list& fields)
{
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& f : fields)
        pairs.emplace_back(f.name, f.value);
    return say_fields(std::move(pairs));
}
std::string say_fields(const beast::http::fields& fields)
{
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& f : fields)
        pairs.emplace_back(f.name_string(), f.value());
    return say_fields(std::move(pairs));
}

void read_body(reading& r, const body_framing& body, std::string_view rest, bool& refused)
{
    if (body.kind == body_kind::none) {
        r.length = "none";
        r.body = "";
    } else if (body.kind == body_kind::until_close) {
        r.length = "until-close";
        r.body = rest;
    } else if (body.kind == body_kind::length) {
        r.length = std::to_string(body.length);
        if (rest.size() >= body.length)
            r.body = rest.substr(0, body.length);
    } else {
        r.length = "chunked";
        chunked_decoder decoder;
        std::string data;
        for (;;) {
            const auto step = decoder.next(rest);
            if (step.has_error()) {
                refused = true;
                return;
            }
            data += step->data;
            rest.remove_prefix(step->consumed);
            if (step->complete)
                r.body = data;
            if (step->complete || step->consumed == 0)
                return;
        }
    }
}

std::optional<reading> read_ours(std::string_view message, bool request, std::string_view asked)
{
    std::size_t scanned = 0;
    const auto size = find_head_end(message, scanned, {}, request);
    if (size.has_error() || *size == 0)
        return std::nullopt;
    const auto head_bytes = message.substr(0, *size);
    const auto rest = message.substr(*size);
    reading r;
    bool refused = false;
    if (request) {
        request_head head;
        if (!parse_request_head(head_bytes, {}, head))
            return std::nullopt;
        const auto framing = frame_request(head);
        if (!framing)
            return std::nullopt;
        r.head = std::string(head.method) + ' ' + std::string(head.target);
        r.fields = say_fields(head.fields);
        r.keep_alive = framing->keep_alive;
        read_body(r, framing->body, rest, refused);
    } else {
        response_head head;
        if (!parse_response_head(head_bytes, {}, head))
            return std::nullopt;
        const auto framing = frame_response(head, asked);
        if (!framing)
            return std::nullopt;
        r.head = std::to_string(head.status);
        r.fields = say_fields(head.fields);
        r.keep_alive = framing->keep_alive;
        read_body(r, framing->body, rest, refused);
    }
    return refused ? std::nullopt : std::optional(r);
}

std::string say_head(const beast::http::request_header<>& head)
{
    return std::string(head.method_string()) + ' ' + std::string(head.target());
}
std::string say_head(const beast::http::response_header<>& head)
{
    return std::to_string(head.result_int());
}

template <bool Request>
std::optional<reading> read_theirs(std::string_view message, std::string_view asked)
{
    beast::http::parser<Request, beast::http::buffer_body> parser;
    parser.body_limit(boost::none);
    if (!Request && asked == "HEAD")
        parser.skip(true);
    beast::error_code ec;
    auto used = parser.put(boost::asio::buffer(message), ec);
    if ((ec && ec != beast::http::error::need_buffer) || !parser.is_header_done())
        return std::nullopt;
    reading r;
    const auto& head = parser.get().base();
    r.head = say_head(head);
    r.fields = say_fields(head);
    r.keep_alive = parser.keep_alive();
    if (parser.chunked())
        r.length = "chunked";
    else if (const auto length = parser.content_length())
        r.length = std::to_string(*length);
    else
        r.length = Request ? "none" : "until-close";
    std::string body;
    std::array<char, 64> room{};
    message.remove_prefix(used);
    while (!parser.is_done() && !message.empty()) {
        auto& sink = parser.get().body();
        sink.data = room.data();
        sink.size = room.size();
        used = parser.put(boost::asio::buffer(message), ec);
        body.append(room.data(), room.size() - sink.size);
        message.remove_prefix(used);
        if (ec == beast::http::error::need_buffer)
            continue;
        if (ec == beast::http::error::need_more)
            break;
        if (ec)
            return std::nullopt;
    }
    if (parser.is_done() || r.length == "until-close")
        r.body = body;
    return r;
}

TEST(beast_agreement, requests_are_read_alike)
{
    const auto seeds = request_seeds();
    random rng(20260401);
    std::size_t compared = 0, only_ours = 0;
    for (int i = 0; i < 150'000; ++i) {
        const auto message = mutated(rng, one_of(rng, seeds));
        const auto ours = read_ours(message, true, "");
        if (!ours)
            continue;
        auto theirs = read_theirs<true>(message, "");
        if (!theirs) {
            ++only_ours;
            continue;
        }
        ++compared;
        // With both options `close` wins here and the order there: we may close where they would not, never
        // the reverse.
        theirs->keep_alive = theirs->keep_alive && ours->keep_alive;
        ASSERT_EQ(*ours, *theirs) << message;
    }
    EXPECT_GT(compared, 20'000U) << "only we accepted " << only_ours;
}

TEST(beast_agreement, answers_are_read_alike)
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
        if (ours->length == "none") // a body-less answer: Beast still names the length that the fields say
            ours->length = theirs->length, ours->keep_alive = theirs->keep_alive, theirs->body = ours->body;
        ++compared;
        // With both options `close` wins here and the order there: we may close where they would not, never
        // the reverse.
        theirs->keep_alive = theirs->keep_alive && ours->keep_alive;
        ASSERT_EQ(*ours, *theirs) << message;
    }
    EXPECT_GT(compared, 20'000U) << "only we accepted " << only_ours;
}

} // namespace
} // namespace scopegate::http
