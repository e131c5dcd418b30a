// The process and its system: privileges, memory, signals and files.
#include "support/calendar.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <unistd.h>

namespace scopegate::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

std::string of_process(const gate_process& gate, const std::string& file)
{
    std::ifstream in("/proc/" + std::to_string(gate.pid()) + "/" + file);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(process, gains_no_privileges)
{
    const calendar c;
    EXPECT_THAT(of_process(c.gate, "status"), ContainsRegex("NoNewPrivs:\t1\n"));
}

#ifndef SCOPEGATE_SANITIZED
TEST(process, writes_no_core_file_unless_it_is_asked_to)
{
    const calendar c({.server = "core_dumps: false"});
    EXPECT_THAT(of_process(c.gate, "limits"), ContainsRegex("Max core file size +0 "));
}
#endif

TEST(process, warns_when_it_runs_as_root)
{
    const calendar c;
    if (::geteuid() == 0)
        EXPECT_EQ(c.gate.wait_for_event("runs_as_root")["level"], "warn");
    else
        for (const auto& line : c.gate.log())
            EXPECT_NE(line["event"], "runs_as_root");
}

TEST(process, logs_signals_that_it_ignores)
{
    calendar c;
    const std::pair<int, const char*> signals[] = {{SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}};
    for (const auto& [number, name] : signals) {
        c.gate.send_signal(number);
        const auto line = c.gate.wait_for_event(
            "signal_ignored", [wanted = name](const log_line& l) { return l["signal"] == wanted; });
        EXPECT_EQ(line["level"], "info");
    }
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    EXPECT_EQ(c.gate.stop(), 0);
}

TEST(process, names_the_key_whose_path_is_taken_by_a_file)
{
    const temporary_folder folder;
    const auto path = folder.write("gate.sock", "not a socket");
    const std::pair<const char*, gate_settings> rows[] = {
        {"server.listen", {.upstream = "http://127.0.0.1:1", .listen = "unix:" + path, .take_over = true}},
        {"server.admin", {.upstream = "http://127.0.0.1:1", .admin = "unix:" + path, .take_over = true}},
    };
    for (const auto& [key, settings] : rows) {
        try {
            const gate_process gate(settings);
            ADD_FAILURE() << key << ": the file was treated as a socket";
        } catch (const std::runtime_error& refused) {
            EXPECT_THAT(refused.what(), HasSubstr(std::string(key) + ": can't listen on unix:" + path));
        }
        EXPECT_EQ(content_of(path), "not a socket") << key;
    }
}

} // namespace
} // namespace scopegate::test
