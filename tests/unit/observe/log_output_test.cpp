#include "observe/log_output.hpp"

#include "base/json.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace scopegate::observe {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

// A pipe whose writing end blocks, as standard output does.
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
    slow_reader(const slow_reader&) = delete;
    slow_reader& operator=(const slow_reader&) = delete;

    // Reads all bytes that have arrived.
    [[nodiscard]] std::string take() const
    {
        std::string all;
        char piece[65536];
        for (;;) {
            const auto n = ::read(ends[0], piece, sizeof piece);
            if (n <= 0)
                return all;
            all.append(piece, static_cast<std::size_t>(n));
        }
    }
    // Reads until the text has arrived, or no byte arrives for 10 s.
    void read_until(std::string& all, std::string_view text) const
    {
        pollfd ready{ends[0], POLLIN, 0};
        while (all.find(text) == std::string::npos && ::poll(&ready, 1, 10'000) == 1)
            all += take();
    }
    // Closes the reading end: its number now belongs to a copy of the writing end.
    void leave() const { ::close(::dup2(ends[1], ends[0])); }

    int ends[2];
};

std::shared_ptr<log_output> output_to(const slow_reader& pipe, const log_output::bounds& most = {})
{
    return std::make_shared<log_output>(pipe.ends[1], most);
}

// Stops the writer at the end of a test.
struct running_writer {
    explicit running_writer(
        log_output& o, std::function<void()> each_second = [] {})
        : output(o)
    {
        output.start(std::move(each_second));
    }
    ~running_writer() { output.stop(); }
    log_output& output;
};

TEST(log_output, drains_without_waiting_for_a_reader_and_resumes_where_it_stopped)
{
    const slow_reader pipe;
    const auto output = output_to(pipe);
    for (int i = 0; i < 4000; ++i)
        output->add(line_kind::request, std::string(99, static_cast<char>('a' + i % 26)), false);
    std::string all;
    for (int turn = 0; turn < 100 && all.size() < 400'000; ++turn) {
        output->drain(0ms); // a pipe holds 64 KiB: with 400 KB this call would hang if it waited
        all += pipe.take();
    }
    const auto lines = lines_of(all);
    ASSERT_EQ(lines.size(), 4000U);
    for (std::size_t i = 0; i < lines.size(); ++i)
        ASSERT_EQ(lines[i], std::string(99, static_cast<char>('a' + i % 26))) << i;
}

TEST(log_output, waits_for_a_slow_reader_at_the_end)
{
    const slow_reader pipe;
    const auto output = output_to(pipe);
    for (int i = 0; i < 4000; ++i)
        output->add(line_kind::request, std::string(99, 'x'), false);
    output->add(line_kind::request, "last", false);
    std::string all;
    std::thread reader([&] { pipe.read_until(all, "last\n"); });
    output->drain(10s);
    reader.join();
    EXPECT_EQ(all.size(), 400'005U);
}

TEST(log_output, drops_lines_beyond_its_bound_and_reports_the_number)
{
    const slow_reader pipe;
    const auto output = output_to(pipe, {1000, 1000});
    for (int i = 0; i < 30; ++i)
        output->add(line_kind::request, std::string(99, 'x'), false);
    output->drain(0ms);
    const auto lines = lines_of(pipe.take());
    ASSERT_EQ(lines.size(), 11U);
    const auto told = json::parse(lines.front());
    ASSERT_TRUE(told) << lines.front();
    EXPECT_EQ(told->find("event")->scalar_text(), "log_lines_dropped");
    EXPECT_EQ(told->find("count")->scalar_text(), "20");
    EXPECT_EQ(told->find("level")->scalar_text(), "error");
    EXPECT_NE(told->find("time"), nullptr);
    EXPECT_EQ(told->find("events"), nullptr);
    output->add(line_kind::request, "again", false);
    output->drain(0ms);
    EXPECT_EQ(pipe.take(), "again\n");
}

TEST(log_output, keeps_events_when_requests_are_dropped)
{
    const slow_reader pipe;
    const auto output = output_to(pipe, {1000, 1000});
    for (int i = 0; i < 30; ++i)
        output->add(line_kind::request, std::string(99, 'x'), false);
    for (int i = 0; i < 12; ++i)
        output->add(line_kind::event, std::string(99, 'e'), false);
    output->drain(0ms);
    const auto lines = lines_of(pipe.take());
    ASSERT_EQ(lines.size(), 21U);
    EXPECT_THAT(lines[0], HasSubstr(R"("count":22,"events":2})"));
    EXPECT_EQ(std::count(lines.begin() + 1, lines.begin() + 11, std::string(99, 'e')), 10)
        << "events must be written first";
    EXPECT_EQ(std::count(lines.begin() + 11, lines.end(), std::string(99, 'x')), 10);
}

TEST(log_output, writes_an_event_before_the_requests_that_wait)
{
    const slow_reader pipe;
    const auto output = output_to(pipe);
    for (int i = 0; i < 10'000; ++i)
        output->add(line_kind::request, std::string(99, 'x'), false);
    output->drain(0ms); // the pipe is full, so most lines are not written
    output->add(line_kind::event, "event", false);
    std::string all;
    while (all.find("event\n") == std::string::npos) {
        all += pipe.take();
        output->drain(0ms);
    }
    EXPECT_LT(all.find("event\n"), 300'000U) << "of 1,000,000";
    for (const auto& line : lines_of(all))
        ASSERT_TRUE(line == "event" || line.find_first_not_of('x') == std::string::npos) << line;
}

TEST(log_output, counts_kept_lines_until_they_are_written)
{
    const slow_reader pipe;
    const auto output = output_to(pipe, {1000, 300'000});
    EXPECT_EQ(output->memory().bytes, 0U);
    EXPECT_EQ(output->memory().bound, 301'000U);
    for (int i = 0; i < 10'000; ++i)
        output->add(line_kind::request, std::string(99, 'x'), false);
    EXPECT_EQ(output->memory().bytes, 300'000U);
    output->drain(0ms);
    EXPECT_GE(output->memory().bytes, 100'000U) << "a pipe holds less";
    EXPECT_LE(output->memory().bytes, 300'000U);
}

TEST(log_output, survives_a_reader_that_left)
{
    const slow_reader pipe;
    const auto output = output_to(pipe);
    pipe.leave();
    output->add(line_kind::event, "line", true);
    output->drain(0ms); // no SIGPIPE, no exception
}

TEST(log_output, passes_all_lines_to_an_active_reader_by_its_writer)
{
    const slow_reader pipe;
    const auto output = output_to(pipe);
    const running_writer writer(*output);
    std::thread adding([&] {
        for (int i = 0; i < 20'000; ++i)
            output->add(line_kind::request, std::string(99, 'x'), false);
        output->add(line_kind::request, "last", false);
    });
    std::string all;
    pipe.read_until(all, "last\n");
    adding.join();
    EXPECT_EQ(all.size(), 2'000'005U);
}

TEST(log_output, delivers_an_event_after_a_reader_was_blocked)
{
    const slow_reader pipe;
    const auto output = output_to(pipe, {1000, 500'000});
    const running_writer writer(*output);
    for (int i = 0; i < 10'000; ++i)
        output->add(line_kind::request, std::string(99, 'x'), false);
    output->add(line_kind::event, "event", true);
    std::string all;
    pipe.read_until(all, "event\n");
    EXPECT_LT(all.find("event\n"), 300'000U);
    pipe.read_until(all, "log_lines_dropped");
    EXPECT_THAT(all, HasSubstr("log_lines_dropped"));
}

TEST(log_output, keeps_its_writer_alive_after_a_reader_left)
{
    // SIGPIPE would end the test if the writer did not block it.
    const slow_reader pipe;
    const auto output = output_to(pipe);
    std::atomic<int> seconds = 0;
    const running_writer writer(*output, [&] { ++seconds; });
    pipe.leave();
    output->add(line_kind::event, "line", true);
    const auto most = std::chrono::steady_clock::now() + 10s;
    while (seconds < 2 && std::chrono::steady_clock::now() < most)
        std::this_thread::yield();
    EXPECT_GE(seconds, 2) << "the writer's other work must continue";
}

TEST(log_output, stops_although_nobody_reads)
{
    const slow_reader pipe;
    const auto output = output_to(pipe);
    {
        const running_writer writer(*output);
        for (int i = 0; i < 10'000; ++i)
            output->add(line_kind::request, std::string(99, 'x'), false);
    }
    output->drain(0ms);
    EXPECT_GT(output->memory().bytes, 0U);
}

TEST(log_output, writes_to_a_file)
{
    char name[] = "/tmp/scopegate-log-XXXXXX";
    const int file = ::mkstemp(name);
    ASSERT_GE(file, 0);
    ::unlink(name);
    const auto output = std::make_shared<log_output>(file, log_output::bounds{});
    {
        const running_writer writer(*output);
        for (int i = 0; i < 5000; ++i)
            output->add(line_kind::request, std::string(99, 'x'), false);
    }
    output->drain(0ms);
    EXPECT_EQ(::lseek(file, 0, SEEK_END), 500'000);
    ::close(file);
}

} // namespace
} // namespace scopegate::observe
