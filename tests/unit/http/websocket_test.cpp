// The ends of WebSocket frames, wherever the bytes are split, and the close frame.
#include "http/websocket.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace scopegate::http {
namespace {

// Returns a frame, unmasked or with a mask (whose payload is left as it is). Its length takes the shortest
// form or a longer one.
std::string frame(std::size_t payload, bool masked, int length_bytes = 0)
{
    std::string out = "\x82";
    const auto flag = static_cast<unsigned char>(masked ? 0x80 : 0);
    if (length_bytes == 0)
        length_bytes = payload < 126 ? 1 : payload < 65536 ? 2 : 8;
    if (length_bytes == 1)
        out += static_cast<char>(flag | payload);
    else
        out += static_cast<char>(flag | (length_bytes == 2 ? 126U : 127U));
    for (int i = length_bytes == 1 ? 0 : length_bytes; i > 0; --i)
        out += static_cast<char>((payload >> (8 * (i - 1))) & 0xFFU);
    if (masked)
        out += "mask";
    return out + std::string(payload, 'x');
}

struct row {
    const char* why;
    std::vector<std::string> frames;
};

const row rows[] = {
    {"an empty frame", {frame(0, false)}},
    {"an empty masked one", {frame(0, true)}},
    {"short ones", {frame(1, false), frame(125, true), frame(2, false)}},
    {"one whose length takes two bytes", {frame(126, false), frame(300, true)}},
    {"one whose length takes eight", {frame(65536, false), frame(3, false)}},
    {"a length in a longer form than it needs", {frame(3, false, 2), frame(3, true, 8), frame(0, false, 8)}},
    {"a close frame", {close_frame(policy_violation, "bye"), frame(0, false)}},
};

std::string joined(const row& r)
{
    std::string all;
    for (const auto& f : r.frames)
        all += f;
    return all;
}

TEST(frame_tracker, stops_behind_each_frame)
{
    for (const auto& r : rows) {
        frame_tracker frames;
        const auto all = joined(r);
        std::string_view left = all;
        for (const auto& f : r.frames) {
            EXPECT_EQ(frames.advance_to_boundary(left), f.size()) << r.why;
            EXPECT_TRUE(frames.at_boundary()) << r.why;
            left.remove_prefix(f.size());
        }
    }
}

TEST(frame_tracker, finds_the_same_ends_wherever_the_bytes_are_split)
{
    for (const auto& r : rows) {
        const auto all = joined(r);
        std::vector<bool> is_end(all.size() + 1);
        std::size_t end = 0;
        is_end[0] = true;
        for (const auto& f : r.frames)
            is_end[end += f.size()] = true;
        const auto step = all.size() > 5000 ? all.size() / 500 : 1; // smaller steps near every end, see below
        for (std::size_t cut = 0; cut <= all.size(); cut += cut < 20 ? 1 : step) {
            frame_tracker frames;
            frames.advance(std::string_view(all).substr(0, cut));
            EXPECT_EQ(frames.at_boundary(), is_end[cut]) << r.why << " split at " << cut;
            frames.advance(std::string_view(all).substr(cut));
            EXPECT_TRUE(frames.at_boundary()) << r.why << " split at " << cut;
        }
        frame_tracker bytewise;
        for (std::size_t i = 0; i < all.size(); ++i) {
            EXPECT_EQ(bytewise.advance_to_boundary(std::string_view(all).substr(i, 1)), 1U);
            ASSERT_EQ(bytewise.at_boundary(), is_end[i + 1]) << r.why << " after byte " << i;
        }
    }
}

TEST(frame_tracker, tolerates_a_length_that_no_frame_can_have)
{
    frame_tracker frames;
    frames.advance(std::string("\x82\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10));
    frames.advance(std::string(100000, 'x'));
    EXPECT_FALSE(frames.at_boundary());
}

TEST(frame_tracker, knows_whether_a_close_frame_has_begun)
{
    for (const auto& r : {std::pair(frame(5, false), false), std::pair(frame(200, true), false),
                          std::pair(close_frame(policy_violation, "bye"), true),
                          std::pair(frame(5, false) + close_frame(1000, "") + frame(3, false), true),
                          std::pair(masked_close_frame(1000, "", {'a', 'b', 'c', 'd'}), true)}) {
        frame_tracker frames;
        frames.advance(r.first);
        EXPECT_TRUE(frames.at_boundary());
        EXPECT_EQ(frames.has_close(), r.second) << r.first.size();
    }
}

TEST(close_frame, is_masked_for_a_client)
{
    const std::array<char, 4> key{'\x01', '\x02', '\x03', '\x04'};
    EXPECT_EQ(masked_close_frame(policy_violation, "bye", key),
              std::string("\x88\x85\x01\x02\x03\x04\x02\xF2", 8) + "a" + "}" + "d");
}

TEST(close_frame, has_its_code_and_reason)
{
    EXPECT_EQ(close_frame(policy_violation, "bye"), std::string("\x88\x05\x03\xF0") + "bye");
    EXPECT_EQ(close_frame(1000, ""), std::string("\x88\x02\x03\xE8", 4));
    const auto longest = close_frame(1000, std::string(500, 'x'));
    EXPECT_EQ(longest.size(), 2U + 125U) << "a control frame has at most 125 bytes";
    EXPECT_EQ(static_cast<unsigned char>(longest[1]), 125U);
}

} // namespace
} // namespace scopegate::http
