#include "http/framing.hpp"
#include "support/allocations.hpp"
#include "unit/http/outcome.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace scopegate::http {
namespace {

// Feeds the pieces one after the other, as reads from a socket deliver them. Returns the data, `|`, the
// trailers and the bytes that were not consumed. Returns `...` if the body is incomplete, or else the reason.
std::string decoded(const std::vector<std::string_view>& pieces, const chunk_rules& rules = {})
{
    chunked_decoder decoder(rules);
    std::string data, left;
    bool complete = false;
    for (auto piece : pieces) {
        while (!piece.empty() && !complete) {
            const auto step = decoder.next(piece);
            if (step.has_error())
                return "!" + std::string(name(step.error()));
            data += step->data;
            piece.remove_prefix(step->consumed);
            complete = step->complete;
            if (step->consumed == 0)
                return "stands still";
        }
        left += piece;
    }
    return data + (complete ? "|" + std::string(decoder.trailers()) + "|" + left : "...");
}

// Returns the result, which must not depend on how the bytes are split.
std::string decoded(std::string_view body, const chunk_rules& rules = {})
{
    const auto whole = decoded(std::vector{body}, rules);
    for (std::size_t at = 1; at < body.size(); ++at)
        EXPECT_EQ(decoded(std::vector{body.substr(0, at), body.substr(at)}, rules), whole)
            << "split at " << at;
    std::vector<std::string_view> bytes;
    for (std::size_t at = 0; at < body.size(); ++at)
        bytes.push_back(body.substr(at, 1));
    EXPECT_EQ(decoded(bytes, rules), whole) << "byte by byte";
    return whole;
}

TEST(chunked_decoder, reads_bodies_wherever_they_are_split)
{
    struct row {
        std::string_view body;
        std::string_view outcome;
        std::string_view why;
    };
    using namespace std::string_view_literals;
    const auto bad = "!malformed-request"sv;
    const row rows[] = {
        {"0\r\n\r\n", "||", "an empty body"},
        {"5\r\nhello\r\n0\r\n\r\n", "hello||", "one chunk"},
        {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world||", "two chunks"},
        {"A\r\n0123456789\r\n00\r\n\r\n", "0123456789||", "hex in upper case, two zeros at the end"},
        {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789||", "hex in lower case"},
        {"4\r\n\r\n\0\n\r\n0\r\n\r\n"sv, "\r\n\0\n||"sv, "data may be any bytes"},
        {"0000000000000005\r\nhello\r\n0\r\n\r\n", "hello||", "16 digits"},
        {"5\r\nhello\r\n0\r\n\r\nGET /", "hello||GET /", "what follows is not touched"},
        {"5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello||", "extensions"},
        {"5;a;b=c;d=\"e\\\"\t;\\\\ \xe9\";f\r\nhello\r\n0\r\n\r\n", "hello||", "of all kinds"},
        {"0\r\nA: b\r\nC:d \r\n\r\n", "|A: b\r\nC:d \r\n|", "trailers as they came"},
        {"0\r\nA:\r\n\r\nX", "|A:\r\n|X", "an empty trailer"},
        {"5\r\nhel", "hel...", "still coming"},
        {"5", "...", "the size is not over"},
        {"5\r\nhello\r\n0\r\n", "hello...", "the end is not there yet"},
        {"7fffffffffffffff\r\nhello", "hello...", "the largest chunk"},
        {"8000000000000000\r\n", bad, "one more is negative to a signed reader"},
        {"ffffffffffffffff\r\n", bad, "all ones"},
        {"00000000000000005\r\n", bad, "17 digits"},
        {"\r\n", bad, "no digits"},
        {";a\r\n", bad, "an extension without a size"},
        {"g\r\n", bad, "no hex digit"},
        {"0x5\r\n", bad, "a prefix"},
        {" 5\r\n", bad, "a blank first"},
        {"5 \r\n", bad, "a blank last"},
        {"5\t;a\r\n", bad, "a tab before an extension"},
        {"5\nhello", bad, "a bare line feed behind the size"},
        {"5\rhello", bad, "a bare carriage return behind the size"},
        {"5\r\nhello\n", bad, "a bare line feed behind the data"},
        {"5\r\nhello\r0", bad, "a bare carriage return behind the data"},
        {"5\r\nhellohello", bad, "more data than said"},
        {"5;\r\n", bad, "an empty extension"},
        {"5;a;\r\n", bad, "an empty one at the end"},
        {"5;a;;b\r\n", bad, "an empty one inside"},
        {"5;a;;;b\r\n", bad, "two empty ones inside"},
        {"5;=a\r\n", bad, "a value without a name"},
        {"5;a=\r\n", bad, "a name and no value"},
        {"5;a=;b\r\n", bad, "no value before another"},
        {"5;a=b=c\r\n", bad, "a second equals sign"},
        {"5;a b\r\n", bad, "a blank in an extension"},
        {"5; a\r\n", bad, "a blank before one"},
        {"5;a =b\r\n", bad, "a blank before the equals sign"},
        {"5;a= b\r\n", bad, "a blank behind it"},
        {"5;a=\"b\"c\r\n", bad, "rubbish behind a quoted value"},
        {"5;a=\"b\r\n", bad, "a quote that stays open"},
        {"5;a=\"b\\\r\n", bad, "an escaped line end"},
        {"5;a\nhello", bad, "a bare line feed in an extension"},
        {"5;a=\"\n", bad, "in a quoted one"},
        {"5;a\0"sv, bad, "a NUL"},
        {"5;a=\"\0"sv, bad, "a quoted NUL"},
        {"0\r\n A: b\r\n\r\n", bad, "a blank before a trailer"},
        {"0\r\nA: b\r\n c\r\n\r\n", bad, "a folded trailer"},
        {"0\r\nA : b\r\n\r\n", bad, "a blank before its colon"},
        {"0\r\n: b\r\n\r\n", bad, "a trailer without a name"},
        {"0\r\nA\r\n\r\n", bad, "a trailer without a colon"},
        {"0\r\nA: b\n\r\n", bad, "a bare line feed in the trailers"},
        {"0\r\nA: b\rc\r\n\r\n", bad, "a bare carriage return"},
        {"0\r\nA: \0\r\n\r\n"sv, bad, "a NUL in a trailer"},
        {"0\r\n\n", bad, "a bare line feed at the end"},
        {"0\r\n\rX", bad, "a bare carriage return at the end"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(decoded(r.body), r.outcome) << r.why;
}

TEST(chunked_decoder, bounds_extensions_over_the_whole_body)
{
    const auto chunk = [](std::size_t extension) { return "1;" + std::string(extension, 'a') + "\r\nx\r\n"; };
    const std::string end = "0\r\n\r\n";
    EXPECT_EQ(decoded(std::vector<std::string_view>{chunk(4095) + end}), "x||");
    EXPECT_EQ(decoded(std::vector<std::string_view>{chunk(4097)}), "!malformed-request");
    std::string many;
    for (int i = 0; i < 100; ++i)
        many += chunk(30);
    EXPECT_EQ(decoded(std::vector<std::string_view>{many + end}), std::string(100, 'x') + "||");
    for (int i = 0; i < 100; ++i)
        many += chunk(30);
    EXPECT_EQ(decoded(std::vector<std::string_view>{many + end}), "!malformed-request");
}

TEST(chunked_decoder, bounds_trailers)
{
    const auto body = [](std::size_t trailers) {
        return "0\r\nA:" + std::string(trailers - 4, 'b') + "\r\n\r\n";
    };
    EXPECT_TRUE(decoded(std::vector<std::string_view>{body(8192)}).starts_with("|A:b"));
    EXPECT_EQ(decoded(std::vector<std::string_view>{body(8193)}), "!headers-too-large");
    const chunk_rules forgets{.trailer_bytes = 100, .keep_trailers = false};
    EXPECT_EQ(decoded(std::vector<std::string_view>{body(100)}, forgets), "||");
    EXPECT_EQ(decoded(std::vector<std::string_view>{body(101)}, forgets), "!headers-too-large");
}

TEST(chunked_decoder, bounds_the_extensions_of_a_response_by_line)
{
    const chunk_rules response{.response = true};
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += "1;" + std::string(30, 'a') + "\r\nx\r\n";
    EXPECT_EQ(decoded(std::vector<std::string_view>{many + "0\r\n\r\n"}, response),
              std::string(1000, 'x') + "||");
    const auto line = [](std::size_t bytes) { return "1;" + std::string(bytes, 'a') + "\r\nx\r\n0\r\n\r\n"; };
    EXPECT_EQ(decoded(std::vector<std::string_view>{line(4095)}, response), "x||");
    EXPECT_EQ(decoded(std::vector<std::string_view>{line(4096)}, response), "!malformed-request");
}

TEST(chunked_decoder, accepts_blanks_behind_the_size_in_a_response_only)
{
    const chunk_rules response{.response = true};
    EXPECT_EQ(decoded("5 \r\nhello\r\n0\t \r\n\r\n", response), "hello||");
    EXPECT_EQ(decoded("5 ;a=b\r\nhello\r\n0\r\n\r\n", response), "hello||");
    EXPECT_EQ(decoded("5 5\r\nhello", response), "!malformed-request");
    EXPECT_EQ(decoded(" 5\r\nhello", response), "!malformed-request");
    EXPECT_EQ(decoded("5" + std::string(5000, ' '), response), "!malformed-request");

    chunked_decoder strict(response), repairs(response);
    ASSERT_TRUE(strict.next("5\r\n"));
    EXPECT_FALSE(strict.is_repaired());
    ASSERT_TRUE(repairs.next("5 \r\n"));
    EXPECT_TRUE(repairs.is_repaired());
}

TEST(chunked_decoder, yields_views_into_the_input)
{
    const std::string body = "5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n";
    chunked_decoder decoder;
    const test::allocation_scope allocations;
    const auto first = decoder.next(body);
    EXPECT_EQ(allocations.count(), 0U);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->data, "hello");
    EXPECT_EQ(first->data.data(), body.data() + 3);
    EXPECT_EQ(first->consumed, 8U) << "one run of data at a time";
    const auto second = decoder.next(std::string_view(body).substr(first->consumed));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->data, "abc");
    EXPECT_FALSE(second->complete);
    const auto last = decoder.next(std::string_view(body).substr(first->consumed + second->consumed));
    ASSERT_TRUE(last);
    EXPECT_TRUE(last->complete);
    EXPECT_EQ(last->data, "");
    EXPECT_EQ(decoder.next("more")->consumed, 0U) << "a complete body consumes nothing more";
    EXPECT_TRUE(decoder.next("more")->complete);
    EXPECT_EQ(chunked_decoder().next("")->consumed, 0U);
}

} // namespace
} // namespace scopegate::http
