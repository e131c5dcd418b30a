#include "http1/body.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace scopegate::http1 {
namespace {

using kind = http::body_kind;
using wire::body_state;

std::string text_of(const wire::data& d)
{
    std::string text;
    d.for_each([&text](std::string_view piece) { text += piece; });
    return text;
}

body_reader reader_after(http::body_framing framing, std::string_view received)
{
    body_reader body(framing, {});
    wire::data out;
    body.take(received, out);
    return body;
}

TEST(body_reader, knows_how_many_bytes_it_lacks_at_least)
{
    const auto half = reader_after({kind::length, 10}, "12345");
    EXPECT_TRUE(half.lacks_more_than(4));
    EXPECT_FALSE(half.lacks_more_than(5)) << "the rest may be bytes that have not been read yet";
    EXPECT_FALSE(reader_after({kind::length, 5}, "12345").lacks_more_than(0));
    EXPECT_FALSE(reader_after({kind::none, 0}, "").lacks_more_than(0));
    EXPECT_TRUE(reader_after({kind::chunked, 0}, "5\r\n123").lacks_more_than(0));
    EXPECT_FALSE(reader_after({kind::chunked, 0}, "5\r\n123").lacks_more_than(1))
        << "chunks do not say how much follows";
    EXPECT_FALSE(reader_after({kind::chunked, 0}, "3\r\n123\r\n0\r\n\r\n").lacks_more_than(0));
}

TEST(body_reader, leaves_what_belongs_to_the_next_message)
{
    struct row {
        http::body_framing framing;
        std::string_view received, data, left;
        body_state state;
    };
    const row rows[] = {
        {{kind::none, 0}, "GET /", "", "GET /", body_state::complete},
        {{kind::length, 3}, "abcGET /", "abc", "GET /", body_state::complete},
        {{kind::length, 9}, "abc", "abc", "", body_state::open},
        {{kind::chunked, 0}, "1\r\na\r\n2\r\nbc\r\n0\r\n\r\nGET /", "abc", "GET /", body_state::complete},
        {{kind::chunked, 0}, "zz", "", "zz", body_state::malformed},
        {{kind::until_close, 0}, "abc", "abc", "", body_state::open},
    };
    for (const auto& r : rows) {
        body_reader body(r.framing, {});
        auto received = r.received;
        wire::data out;
        EXPECT_EQ(body.take(received, out), r.state) << r.received;
        EXPECT_EQ(text_of(out), r.data) << r.received;
        EXPECT_EQ(received, r.left) << r.received;
    }
}

TEST(body_reader, takes_as_many_chunks_as_there_is_room_for)
{
    body_reader body({kind::chunked, 0}, {});
    std::string_view received = "1\r\na\r\n1\r\nb\r\n0\r\n\r\n";
    wire::data none(0), one(1), rest;
    EXPECT_EQ(body.take(received, none), body_state::open);
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(body.take(received, one), body_state::open);
    EXPECT_EQ(text_of(one), "a");
    EXPECT_EQ(body.take(received, rest), body_state::complete);
    EXPECT_EQ(text_of(rest), "b");
}

TEST(body_reader, refuses_a_body_beyond_the_limit)
{
    for (const http::body_framing framing : {http::body_framing{kind::length, 4}, {kind::chunked, 0}}) {
        body_reader body(framing, {});
        body.limit(3);
        std::string_view received = framing.kind == kind::length ? "abcd" : "4\r\nabcd\r\n";
        wire::data out;
        EXPECT_EQ(body.take(received, out), body_state::too_large);
    }
}

TEST(body_reader, is_completed_by_the_end_of_the_connection_only_if_framed_by_it)
{
    EXPECT_TRUE(reader_after({kind::until_close, 0}, "abc").end());
    EXPECT_FALSE(reader_after({kind::length, 9}, "abc").end());
    EXPECT_FALSE(reader_after({kind::chunked, 0}, "3\r\nabc").end());
    EXPECT_TRUE(reader_after({kind::length, 3}, "abc").end());
}

TEST(body_reader, skips_a_body_that_lies_in_what_was_received)
{
    struct row {
        http::body_framing framing;
        std::string_view received;
        bool skipped;
        std::string_view left;
    };
    const row rows[] = {
        {{kind::none, 0}, "GET /", true, "GET /"},
        {{kind::length, 3}, "abcGET /", true, "GET /"},
        {{kind::length, 9}, "abc", false, "abc"},
        {{kind::chunked, 0}, "0\r\n\r\n", false, "0\r\n\r\n"},
    };
    for (const auto& r : rows) {
        body_reader body(r.framing, {});
        auto received = r.received;
        EXPECT_EQ(body.skip(received), r.skipped) << r.received;
        EXPECT_EQ(received, r.left) << r.received;
    }
}

// Returns the bytes that the gather holds.
std::string written(const net::gather& out)
{
    std::string bytes(out.bytes(), '\0');
    net::gather copy = out;
    copy.move_to({bytes.data(), bytes.size()});
    return bytes;
}

TEST(body_writer, frames_data_in_chunks_and_ends_once)
{
    struct row {
        bool chunked;
        std::string_view data, trailers, bytes;
    };
    const row rows[] = {
        {false, "abc", "", "abc"},
        {false, "", "", ""},
        {true, "abc", "", "3\r\nabc\r\n0\r\n\r\n"},
        {true, "", "", "0\r\n\r\n"},
        {true, "0123456789abcdefg", "A: b\r\n", "11\r\n0123456789abcdefg\r\n0\r\nA: b\r\n\r\n"},
    };
    for (const auto& r : rows) {
        body_writer body(r.chunked);
        net::gather out;
        wire::data d;
        d.add(r.data);
        body.add(d, true, r.trailers, out);
        body.add(wire::data(), true, {}, out);
        EXPECT_TRUE(body.is_finished());
        EXPECT_EQ(written(out), r.bytes);
    }
}

} // namespace
} // namespace scopegate::http1
