#include "observe/log.hpp"

#include "base/json.hpp"
#include "unit/observe/captured_log.hpp"

#include <algorithm>
#include <gmock/gmock.h>
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
    EXPECT_EQ(lines_of(log.written()).size(), 2U) << "in order, with the kept line first";
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

TEST(log, writes_sentences_for_people)
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

TEST(log, writes_a_repeated_event_once_a_second_and_counts_the_others)
{
    const captured_log log;
    for (int i = 0; i < 20; ++i)
        log_repeated(level::info, "handshake_failed", {{"peer", "192.0.2.7"}});
    log_repeated(level::info, "another_kind");
    write_counts(true);
    const auto lines = lines_of(log.flushed());
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_THAT(lines[0], HasSubstr(R"("event":"handshake_failed","peer":"192.0.2.7"})"));
    EXPECT_THAT(lines[1], HasSubstr("another_kind"));
    EXPECT_THAT(lines[2], HasSubstr(R"("level":"info","event":"handshake_failed","suppressed":19})"));
}

TEST(log, does_not_count_a_repeated_event_below_its_level)
{
    const captured_log log(level::warn);
    for (int i = 0; i < 20; ++i)
        log_repeated(level::debug, "below");
    write_counts(true);
    EXPECT_EQ(log.flushed(), "");
}

TEST(log, reports_the_size_of_its_queues)
{
    const captured_log log;
    const auto before = log_memory_in_use();
    EXPECT_EQ(before.bytes, 0U);
    EXPECT_EQ(before.bound, 17U * 1024 * 1024);
    write_request_line("0123456789");
    EXPECT_EQ(log_memory_in_use().bytes, 11U);
    static_cast<void>(log.flushed());
    EXPECT_EQ(log_memory_in_use().bytes, 0U);
}

TEST(log, is_written_by_its_writer_without_a_flush)
{
    const captured_log log;
    const log_writer writing;
    log_event(level::info, "calm");
    write_request_line("{}");
    EXPECT_EQ(lines_of(log.awaited(2)).size(), 2U);
    log_event(level::error, "urgent");
    EXPECT_THAT(log.awaited(1), HasSubstr("urgent"));
}

} // namespace
} // namespace scopegate::observe
