#include "http/head_parser.hpp"
#include "support/allocations.hpp"
#include "unit/http/outcome.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace scopegate::http {
namespace {

const head_limits limits;

std::string number(std::size_t n)
{
    return std::to_string(n);
}

// Feeds `data` to find_head_end in pieces of `step` bytes and returns its first result that is not "wait".
std::string find_end(std::string_view data, std::size_t step, bool request, const head_limits& l = limits)
{
    std::size_t scanned = 0;
    for (std::size_t have = std::min(step, data.size());; have = std::min(have + step, data.size())) {
        const auto end = find_head_end(data.substr(0, have), scanned, l, request);
        if (end.has_error() || *end != 0 || have == data.size())
            return test::outcome(end, number);
    }
}

std::string find_end(std::string_view data, bool request = true, const head_limits& l = limits)
{
    const auto whole = find_end(data, data.size(), request, l);
    // With less data, a fault may be found earlier and as another one. An end is the same end.
    if (!whole.starts_with('!'))
        for (const std::size_t step : {1U, 2U, 3U, 7U})
            EXPECT_EQ(find_end(data, step, request, l), whole) << "in pieces of " << step;
    else
        EXPECT_TRUE(find_end(data, 1, request, l).starts_with('!')) << "in pieces: " << data;
    return whole;
}

TEST(find_head_end, finds_the_empty_line)
{
    const std::string_view simple = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    EXPECT_EQ(find_end(simple), number(simple.size()));
    EXPECT_EQ(find_end(std::string(simple) + "GET /next"), number(simple.size()))
        << "the end of the first head";
    EXPECT_EQ(find_end("GET / HTTP/1.0\r\n\r\n"), "18") << "a head without fields";
    EXPECT_EQ(find_end("\r\nGET / HTTP/1.0\r\n\r\n"), "20") << "one empty line before a head belongs to it";
    EXPECT_EQ(find_end("HTTP/1.1 200 OK\r\n\r\n", false), "19");
    EXPECT_EQ(find_end("HTTP/1.1 200\r\nA: b\r\n\r\n", false), "22");
}

TEST(find_head_end, waits_while_the_bytes_can_still_become_a_head)
{
    for (const auto* part :
         {"", "\r", "\r\n", "G", "GET", "GET ", "GET /", "GET /a ", "GET /a H", "GET /a HTTP/1.",
          "GET /a HTTP/1.1", "GET /a HTTP/1.1\r", "GET /a HTTP/1.1\r\n", "GET /a HTTP/1.1\r\nHost",
          "GET /a HTTP/1.1\r\nHost: a\r\n", "GET /a HTTP/1.1\r\nHost: a\r\n\r", "\r\nG"})
        EXPECT_EQ(find_end(part), "0") << part;
    for (const auto* part : {"", "H", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 2", "HTTP/1.1 200", "HTTP/1.1 200 O",
                             "HTTP/1.1 200 OK\r\nA"})
        EXPECT_EQ(find_end(part, false), "0") << part;
}

TEST(find_head_end, refuses_bytes_at_once_that_cannot_become_a_head)
{
    struct row {
        std::string_view data;
        std::string_view outcome;
        std::string_view why;
    };
    using namespace std::string_view_literals;
    const row rows[] = {
        {"\x16", "!malformed-request", "a TLS hello's first byte"},
        {"\0"sv, "!malformed-request", "a NUL"},
        {" ", "!malformed-request", "a blank starts no method"},
        {"\n", "!malformed-request", "a bare line feed"},
        {"(", "!malformed-request", "a byte that no token has"},
        {"{\"json\"", "!malformed-request", "a JSON document"},
        {"GET  ", "!malformed-request", "two spaces"},
        {"GET / X", "!malformed-request", "something else than a version"},
        {"GET / HTTP/2", "!unsupported-version", "HTTP/2 before its line ends"},
        {"GET / HTTP/1.1 ", "!malformed-request", "a space behind the version"},
        {"PRI * HTTP/2.0\r\n", "!unsupported-version", "the preface of HTTP/2"},
        {"GET /\r\n", "!malformed-request", "HTTP/0.9"},
        {"GET\r\n", "!malformed-request", "a method alone"},
        {"\r\n ", "!malformed-request", "a blank behind the empty line"},
        {"\rG", "!malformed-request", "a bare carriage return first"},
        {"GET / HTTP/1.1\n", "!malformed-request", "a bare line feed"},
        {"GET / HTTP/1.1\r ", "!malformed-request", "a bare carriage return"},
        {"GET / HTTP/1.1\r\n ", "!malformed-request", "a folded line behind the request line"},
        {"GET / HTTP/1.1\r\nA: b\r\n\t", "!malformed-request", "a folded line"},
        {"GET / HTTP/1.1\r\nA: \0"sv, "!malformed-request", "a NUL in a value"},
        {"GET / HTTP/1.1\r\nA: b\n", "!malformed-request", "a bare line feed behind a value"},
        {"GET / HTTP/1.1\r\nA: \x7f", "!malformed-request", "DEL"},
        {"GET /\xc3\xa9", "!malformed-request", "a target beyond ASCII"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(find_end(r.data), r.outcome) << r.why;
    for (const std::string_view data :
         {"\r\n", "X", "HTTX", "http/1.1", "HTTP/1.1 0", "HTTP/1.1 20x", "HTTP/1.1  ", "HTTP/1.1 200x",
          "HTTP/1.1\r\n", "HTTP/1.1 20\r\n", "HTTP/1.1 099 a\r\n"})
        EXPECT_EQ(find_end(data, false), "!malformed-request") << data;
    EXPECT_EQ(find_end("HTTP/2", false), "!unsupported-version");
}

TEST(find_head_end, leaves_a_whole_head_to_the_parser)
{
    using namespace std::string_view_literals;
    for (const auto head : {"\r\n\r\n"sv, "PRI * HTTP/2.0\r\n\r\n"sv, "GET / HTTP/1.1\r\nA: \0\r\n\r\n"sv,
                            "GET / HTTP/1.1\n\r\n\r\n"sv, "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"sv,
                            "GET / HTTP/1.1\nA: b\n\nbody\r\n\r\n"sv}) {
        std::size_t scanned = 0;
        EXPECT_EQ(*find_head_end(head, scanned, limits, true), head.size());
        request_head out;
        EXPECT_TRUE(parse_request_head(head, limits, out).has_error());
    }
    const head_limits small{40, 0};
    std::size_t scanned = 0;
    EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\nA: " + std::string(18, 'b') + "\r\n\r\n", scanned, small, true)
                  .error(),
              reason::headers_too_large)
        << "the head is whole only behind the limit";
}

TEST(find_head_end, reports_what_was_too_large)
{
    const head_limits small{40, 0};
    const std::string_view line = "GET / HTTP/1.1\r\n";
    EXPECT_EQ(find_end(std::string(line) + "A: " + std::string(17, 'b') + "\r\n\r\n", true, small), "40");
    EXPECT_EQ(find_end(std::string(line) + "A: " + std::string(18, 'b') + "\r\n\r\n", true, small),
              "!headers-too-large");
    EXPECT_EQ(find_end("GET /" + std::string(35, 'a'), true, small), "!target-too-long");
    EXPECT_EQ(find_end("GET /" + std::string(34, 'a'), true, small), "0") << "one byte is left";
    EXPECT_EQ(find_end("GET /" + std::string(100, 'a') + " HTTP/1.1\r\n\r\n", true, small),
              "!target-too-long");
    EXPECT_EQ(find_end("GET /" + std::string(300, 'a'), true, {300, 0}), "!target-too-long")
        << "beyond the bytes that are examined again";
    EXPECT_EQ(find_end("HTTP/1.1 200 " + std::string(40, 'a'), false, small), "!headers-too-large");
    EXPECT_EQ(find_end("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n", true, {0, 0}), "100018")
        << "0 means no limit";
}

TEST(find_head_end, continues_where_it_stopped)
{
    const std::string head = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
    std::size_t scanned = 0;
    EXPECT_EQ(*find_head_end(std::string_view(head).substr(0, 18), scanned, limits, true), 0U);
    EXPECT_EQ(scanned, 18U);
    std::string overwritten = head;
    overwritten[1] = '\0'; // bytes that were examined are not examined again
    EXPECT_EQ(*find_head_end(overwritten, scanned, limits, true), head.size());
    EXPECT_EQ(scanned, head.size());
}

std::string parsed(std::string_view data, const head_limits& l = limits)
{
    request_head head;
    if (const auto ok = parse_request_head(data, l, head); ok.has_error())
        return test::outcome(ok);
    std::string out(head.method);
    out += '|' + std::string(head.target) + '|' + std::to_string(head.minor);
    for (const auto& f : head.fields)
        out += '|' + std::string(f.name) + '=' + std::string(f.value);
    return out;
}

TEST(parse_request_head, yields_views)
{
    const std::string_view data = "GET /a?b HTTP/1.1\r\nHost: a\r\nX:\t b c \t\r\nEmpty:\r\nO: \xe9\r\n\r\n";
    EXPECT_EQ(parsed(data), "GET|/a?b|1|Host=a|X=b c|Empty=|O=\xe9");
    request_head head;
    ASSERT_TRUE(parse_request_head(data, limits, head));
    EXPECT_EQ(head.fields[0].id, field_id::host);
    EXPECT_EQ(head.fields[1].line, "X:\t b c \t\r\n");
    EXPECT_EQ(head.fields[2].line, "Empty:\r\n");
    EXPECT_EQ(head.fields[2].value.data(), data.data() + data.find("Empty:") + 6)
        << "an empty view into the head";
    ASSERT_TRUE(parse_request_head("GET / HTTP/1.1\r\nContent_Length: 1\r\n\r\n", limits, head));
    ASSERT_EQ(head.fields.size(), 1U) << "the fields of the previous head are gone";
    EXPECT_EQ(head.fields[0].id, field_id::content_length);
    EXPECT_TRUE(head.fields[0].underscore);
}

TEST(parse_request_head, reads_versions)
{
    EXPECT_EQ(parsed("GET / HTTP/1.0\r\n\r\n"), "GET|/|0");
    EXPECT_EQ(parsed("\r\nGET / HTTP/1.1\r\n\r\n"), "GET|/|1");
    EXPECT_EQ(parsed("GET / HTTP/1.9\r\n\r\n"), "GET|/|1");
    for (const auto* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/3.1", "HTTP/9.9"})
        EXPECT_EQ(parsed("GET / " + std::string(version) + "\r\n\r\n"), "!unsupported-version") << version;
    for (const auto* version : {"", "HTTP", "HTTP/1", "HTTP/1.", "HTTP/1.x", "HTTP/1,1", "HTTP/1.10",
                                "HTTP/11.1", "http/1.1", "HTTP/1.1 ", "HTTPS/1.1", "HTTP 1.1"})
        EXPECT_EQ(parsed("GET / " + std::string(version) + "\r\n\r\n"), "!malformed-request") << version;
}

TEST(parse_request_head, refuses_anything_but_one_head)
{
    for (const std::string_view data : {"",
                                        "\r\n",
                                        "\r\n\r\n",
                                        "GET / HTTP/1.1",
                                        "GET / HTTP/1.1\r\n",
                                        "GET / HTTP/1.1\r\nA: b\r\n",
                                        "GET / HTTP/1.1\r\n\r\nX",
                                        "GET / HTTP/1.1\r\n\r\n\r\n",
                                        "GET / HTTP/1.1\r\nA: b\r\n\r\nC: d\r\n\r\n",
                                        "GET / HTTP/1.1\r\n\r\nC: d\r\n\r\n",
                                        "GET / HTTP/1.1\r\nA\r\n\r\n",
                                        "GET / HTTP/1.1\r\n: b\r\n\r\n",
                                        "GET / HTTP/1.1\r\nA : b\r\n\r\n",
                                        "GET / HTTP/1.1\r\n A: b\r\n\r\n",
                                        "GET / HTTP/1.1\r\nA: b\n\r\n",
                                        "GET / HTTP/1.1\r\nA: b\r\r\n\r\n",
                                        "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
                                        "GET / HTTP/1.1\n\n",
                                        "GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
                                        "GET /a b HTTP/1.1\r\n\r\n",
                                        "GE(T / HTTP/1.1\r\n\r\n",
                                        "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
                                        "GET / HTTP/1.1\r\nA:b\r\nC\r\n:d\r\n\r\n"})
        EXPECT_EQ(parsed(data), "!malformed-request") << data;
}

// Tests every byte in every kind of place against the grammar.
TEST(parse_request_head, accepts_exactly_the_bytes_of_the_grammar)
{
    const std::string_view token =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (int byte = 0; byte < 256; ++byte) {
        const std::string c(1, static_cast<char>(byte));
        const bool tchar = token.find(c) != std::string_view::npos;
        const bool visible = byte > 0x20 && byte < 0x7F;
        const bool text = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
        const auto good = [](const std::string& head) { return !parsed(head).starts_with('!'); };
        EXPECT_EQ(good("G" + c + "T / HTTP/1.1\r\n\r\n"), tchar) << "method " << byte;
        EXPECT_EQ(good("GET /" + c + "a HTTP/1.1\r\n\r\n"), visible) << "target " << byte;
        EXPECT_EQ(good("GET / HTTP/1.1\r\nA" + c + "b: c\r\n\r\n"), tchar || c == ":") << "name " << byte;
        for (std::size_t before = 0; before < 40;
             ++before) // at each position within a block of 16 bytes, which are examined together
            EXPECT_EQ(good("GET / HTTP/1.1\r\nA: " + std::string(before, 'x') + c + "yz\r\n\r\n"), text)
                << "value " << byte << " behind " << before;
    }
}

TEST(parse_request_head, counts_fields)
{
    const std::string_view three = "GET / HTTP/1.1\r\na:\r\nb:\r\nc:\r\n\r\n";
    EXPECT_EQ(parsed(three, {1000, 3}), "GET|/|1|a=|b=|c=");
    EXPECT_EQ(parsed(three, {1000, 2}), "!headers-too-large");
    EXPECT_EQ(parsed(three, {1000, 0}), "GET|/|1|a=|b=|c=") << "0 means no limit";
    EXPECT_EQ(parsed(three, {three.size() - 1, 3}), "!headers-too-large");
}

TEST(parse_response_head, accepts_what_servers_send)
{
    struct row {
        std::string_view line;
        std::string_view outcome;
        std::string_view why;
    };
    const row rows[] = {
        {"HTTP/1.1 200 OK", "1 200 OK", "as it should be"},
        {"HTTP/1.0 404 Not Found", "0 404 Not Found", "a phrase of two words"},
        {"HTTP/1.1 200 ", "1 200 ", "no phrase, with its space"},
        {"HTTP/1.1 200", "1 200 ", "no phrase and no space"},
        {"HTTP/1.1 999 \xe9\tx", "1 999 \xe9\tx", "a phrase of anything a value may hold"},
        {"HTTP/1.1 100 Continue", "1 100 Continue", "an interim answer"},
        {"HTTP/1.1 200  OK", "1 200  OK", "a phrase that begins with a blank"},
        {"HTTP/2.0 200 OK", "!unsupported-version", "another protocol"},
        {"HTTP/1.1 099 x", "!malformed-request", "a status below 100"},
        {"HTTP/1.1 20 OK", "!malformed-request", "two digits"},
        {"HTTP/1.1 2000 OK", "!malformed-request", "four digits"},
        {"HTTP/1.1 2x0 OK", "!malformed-request", "no number"},
        {"HTTP/1.1  200 OK", "!malformed-request", "two spaces"},
        {"HTTP/1.1\t200 OK", "!malformed-request", "a tab"},
        {"HTTP/1.1 200\tOK", "!malformed-request", "a tab behind the status"},
        {"HTTP/1.1", "!malformed-request", "a version alone"},
        {"HTTP/1.1 200 O\x01K", "!malformed-request", "a control in the phrase"},
        {"http/1.1 200 OK", "!malformed-request", "the version in lower case"},
        {"ICY 200 OK", "!malformed-request", "another protocol"},
    };
    for (const auto& r : rows) {
        response_head head;
        const auto data = std::string(r.line) + "\r\nA: b\r\n\r\n";
        const auto ok = parse_response_head(data, limits, head);
        const auto got = ok.has_error() ? test::outcome(ok)
                                        : std::to_string(head.minor) + ' ' + std::to_string(head.status) +
                                              ' ' + std::string(head.phrase);
        EXPECT_EQ(got, r.outcome) << r.why;
        EXPECT_TRUE(ok.has_error() || head.fields.size() == 1U) << r.why;
    }
}

// Parses `data` at once, and split in two at every byte. Returns the first line and the fields, or the
// reason.
TEST(read_request_head, reads_whole_heads_only)
{
    const head_limits small{64, 2};
    const std::string get = "GET / HTTP/1.1\r\n";
    for (const auto& [data, outcome] : {
             std::pair{get + "A: b\r\n\r\nbody", "GET / 24 1"},
             std::pair{"\r\n" + get + "\r\n", "GET / 20 0"},
             std::pair{get + "\r\n\r\n", "GET / 18 0"},
             std::pair{get + "A: b\r\nB: c\r\nC: d\r\n\r\n", "!headers-too-large"},
             std::pair{get + "A: " + std::string(41, 'b') + "\r\n\r\n", "GET / 64 1"},
             std::pair{get + "A: " + std::string(42, 'b') + "\r\n\r\n", "!headers-too-large"},
             std::pair{get + "A : b\r\n\r\n", "!malformed-request"},
             std::pair{get + "A: b\n\r\n", "!malformed-request"},
             std::pair{get + "A: b\r\n", "0"},
             std::pair{get + "\r", "0"},
             std::pair{std::string("GET / HT"), "0"},
             std::pair{std::string(), "0"},
         }) {
        for (std::size_t cut = 0; cut <= data.size(); ++cut) {
            std::size_t scanned = 0;
            request_head head;
            auto size = read_request_head(std::string_view(data).substr(0, cut), scanned, small, head);
            if (size && *size == 0) {
                EXPECT_TRUE(head.method.empty() && head.fields.empty()) << data << cut;
                size = read_request_head(data, scanned, small, head);
            }
            std::string got = size ? std::to_string(*size) : "!" + std::string(name(size.error()));
            if (size && *size > 0)
                got = std::string(head.method) + " " + std::string(head.target) + " " + got + " " +
                      std::to_string(head.fields.size());
            EXPECT_EQ(got, outcome) << data << " split at " << cut;
        }
    }
}

TEST(read_response_head, reads_one_after_the_other)
{
    const std::string_view both = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n";
    std::size_t scanned = 0;
    response_head head;
    ASSERT_EQ(*read_response_head(both, scanned, limits, head), 25U);
    EXPECT_EQ(head.status, 100U);
    scanned = 0;
    ASSERT_EQ(*read_response_head(both.substr(25), scanned, limits, head), both.size() - 25);
    EXPECT_EQ(head.status, 200U);
    EXPECT_EQ(head.fields.size(), 1U);
}

TEST(parse_request_head, allocates_nothing_once_warm)
{
    const std::string head = "GET /appointments/42 HTTP/1.1\r\nHost: api.example.com\r\nAccept: */*\r\n"
                             "Authorization: Bearer " +
                             std::string(800, 'x') +
                             "\r\nUser-Agent: test\r\nAccept-Encoding: gzip\r\nVia: 1.1 a\r\n\r\n";
    request_head out;
    ASSERT_TRUE(parse_request_head(head, limits, out));
    const test::allocation_scope allocations;
    std::size_t scanned = 0;
    ASSERT_EQ(*read_request_head(head, scanned, limits, out), head.size());
    EXPECT_EQ(allocations.count(), 0U);
}

TEST(parse_field_lines, reads_a_trailer_section)
{
    field_list fields;
    ASSERT_TRUE(parse_field_lines("A: b\r\nContent-Length: 5\r\n", 0, fields));
    ASSERT_EQ(fields.size(), 2U);
    EXPECT_EQ(fields[1].id, field_id::content_length);
    EXPECT_TRUE(parse_field_lines("", 0, fields));
    EXPECT_TRUE(fields.empty());
    EXPECT_EQ(test::outcome(parse_field_lines("A: b\r\n\r\n", 0, fields)), "!malformed-request");
    EXPECT_EQ(test::outcome(parse_field_lines("A: b", 0, fields)), "!malformed-request");
    EXPECT_EQ(test::outcome(parse_field_lines("A: b\r\nC: d\r\n", 1, fields)), "!headers-too-large");
}

TEST(lists, are_split_at_commas)
{
    const auto elements = [](std::string_view list) {
        std::vector<std::string_view> out;
        for_each_element(list, [&](std::string_view e) { out.push_back(e); });
        return out;
    };
    EXPECT_EQ(elements("a, b\t,\tc d ,,"), (std::vector<std::string_view>{"a", "b", "c d"}));
    EXPECT_TRUE(elements(" , ,").empty());
}

TEST(is_token, is_nonempty_and_without_blanks)
{
    EXPECT_TRUE(is_token("GET"));
    EXPECT_TRUE(is_token("M-SEARCH"));
    EXPECT_FALSE(is_token(""));
    EXPECT_FALSE(is_token("A B"));
    EXPECT_FALSE(is_token("A,"));
}

} // namespace
} // namespace scopegate::http
