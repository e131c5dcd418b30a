#include "observe/log.hpp"

#include "base/json.hpp"
#include "observe/buffered_sink.hpp"
#include "unit/observe/captured_log.hpp"

#include <gmock/gmock.h>
#include <spdlog/details/log_msg.h>

#include <poll.h>

#include <algorithm>
#include <sstream>
#include <thread>
#include <vector>

namespace scopegate::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

TEST(log, writes_an_event_as_one_line_of_json)
{
    const captured_log log;
    log_event(level::info, "listening", {{"address", "127.0.0.1:8080"}, {"workers", 2}, {"tls", false}});
    EXPECT_THAT(
        log.flushed(),
        MatchesRegex(
            "\\{\"time\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z\",\"level\":\"info\","
            "\"event\":\"listening\",\"address\":\"127.0.0.1:8080\",\"workers\":2,\"tls\":false\\}\n"));
}

TEST(log, lets_no_value_forge_a_line)
{
    const captured_log log;
    const std::string evil = "x\"}\n{\"level\":\"error\",\"event\":\"forged\\\x1b[2J\xff";
    log_event(level::info, "issuer", {{"name", evil}});
    const auto lines = lines_of(log.flushed());
    ASSERT_EQ(lines.size(), 1U);
    const auto parsed = json::parse(lines[0]);
    ASSERT_TRUE(parsed) << lines[0];
    EXPECT_EQ(parsed->find("event")->scalar_text(), "issuer");
}

TEST(log, is_quiet_below_its_level)
{
    const captured_log log(level::warn);
    log_event(level::info, "hidden");
    log_event(level::warn, "shown");
    const auto text = log.flushed();
    EXPECT_THAT(text, HasSubstr("shown"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("hidden")));
    set_log_level(level::debug);
    log_event(level::debug, "now_shown");
    EXPECT_THAT(log.flushed(), HasSubstr("now_shown"));
}

TEST(log, keeps_calm_lines_and_writes_urgent_ones_at_once)
{
    const captured_log log;
    log_event(level::info, "calm");
    EXPECT_EQ(log.written(), "");
    log_event(level::warn, "urgent");
    EXPECT_EQ(lines_of(log.written()).size(), 2U) << "in order, what was kept first";
}

TEST(log, writes_no_request_at_once)
{
    const captured_log log;
    write_request_line(R"({"level":"error"})");
    EXPECT_EQ(log.written(), "");
    EXPECT_EQ(log.flushed(), "{\"level\":\"error\"}\n");
}

TEST(log, keeps_requests_whatever_the_level_of_events)
{
    const captured_log log(level::error);
    write_request_line("{}");
    EXPECT_EQ(log.flushed(), "{}\n");
}

TEST(log, speaks_to_people_in_sentences)
{
    const captured_log log(level::info, log_form::text);
    log_event(level::warn, "key_passed_over",
              {{"issuer", "https://a.example/"}, {"kid", "one\n\x1b[2J"}, {"bits", 1024}});
    log_event(level::info, "ready");
    EXPECT_EQ(
        log.flushed(),
        "warning: key passed over (issuer: https://a.example/, kid: one  [2J, bits: 1024)\ninfo: ready\n");
}

TEST(log, loses_no_line_of_many_threads)
{
    const captured_log log;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([] {
            for (int i = 0; i < 250; ++i)
                write_request_line("0123456789");
        });
    for (auto& t : threads)
        t.join();
    const auto lines = lines_of(log.flushed());
    EXPECT_EQ(lines.size(), 1000U);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), "0123456789"), 1000);
}

void put(buffered_sink& sink, const std::string& line)
{
    sink.log(
        spdlog::details::log_msg("", spdlog::level::info, spdlog::string_view_t(line.data(), line.size())));
}

std::string take(int descriptor)
{
    std::string all;
    char piece[65536];
    for (;;) {
        const auto n = ::read(descriptor, piece, sizeof piece);
        if (n <= 0)
            return all;
        all.append(piece, static_cast<std::size_t>(n));
    }
}

// Blocking at the writing end, as standard output is.
struct slow_reader {
    slow_reader()
    {
        if (::pipe2(ends, O_CLOEXEC) != 0 || ::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
            throw std::runtime_error("pipe2");
    }
    ~slow_reader()
    {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    int ends[2];
};

TEST(buffered_sink, never_waits_for_a_reader_and_goes_on_where_it_stopped)
{
    const slow_reader pipe;
    buffered_sink sink(pipe.ends[1]);
    for (int i = 0; i < 4000; ++i)
        put(sink, std::string(99, static_cast<char>('a' + i % 26)));
    std::string all;
    for (int turn = 0; turn < 100 && all.size() < 400'000; ++turn) {
        sink.flush(); // a pipe takes 64 KiB: with 400 KB this would hang if it waited
        all += take(pipe.ends[0]);
    }
    const auto lines = lines_of(all);
    ASSERT_EQ(lines.size(), 4000U);
    for (std::size_t i = 0; i < lines.size(); ++i)
        ASSERT_EQ(lines[i], std::string(99, static_cast<char>('a' + i % 26))) << i;
}

TEST(buffered_sink, waits_at_the_end_for_a_reader_that_is_slow)
{
    const slow_reader pipe;
    buffered_sink sink(pipe.ends[1]);
    for (int i = 0; i < 4000; ++i)
        put(sink, std::string(99, 'x'));
    std::string all;
    std::thread reader([&] {
        while (all.size() < 400'000) {
            pollfd ready{pipe.ends[0], POLLIN, 0};
            ASSERT_EQ(::poll(&ready, 1, 10'000), 1);
            all += take(pipe.ends[0]);
        }
    });
    sink.drain(std::chrono::seconds(10));
    reader.join();
    EXPECT_EQ(all.size(), 400'000U);
}

TEST(buffered_sink, drops_lines_beyond_its_bound_and_says_how_many)
{
    const slow_reader pipe;
    buffered_sink sink(pipe.ends[1], 1000);
    for (int i = 0; i < 30; ++i)
        put(sink, std::string(99, 'x'));
    sink.flush();
    const auto lines = lines_of(take(pipe.ends[0]));
    ASSERT_EQ(lines.size(), 11U);
    EXPECT_THAT(lines.back(), HasSubstr(R"("event":"log_lines_dropped","count":20)"));
    put(sink, "again");
    sink.flush();
    EXPECT_EQ(take(pipe.ends[0]), "again\n");
}

TEST(buffered_sink, survives_a_reader_that_left)
{
    const slow_reader pipe;
    buffered_sink sink(pipe.ends[1]);
    ::close(::dup2(pipe.ends[1], pipe.ends[0])); // the reading end is gone; its number is the writing end now
    put(sink, "line");
    sink.drain(std::chrono::milliseconds(0)); // no SIGPIPE, no exception
}

} // namespace
} // namespace scopegate::observe
