// The log names each change that a reload cannot apply: an operator who removes a listener must not believe
// that it is closed.
#include "support/calendar.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

namespace scopegate::test {
namespace {

using testing::HasSubstr;

std::size_t warnings_of(const gate_process& gate, std::string_view setting)
{
    const auto lines = gate.log();
    return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](const log_line& line) {
        return line["event"] == "config_warning" && line["message"].find(setting) != std::string::npos;
    }));
}

TEST(reload, names_changes_that_need_a_restart_each_time)
{
    const recording_upstream api;
    gate_settings settings{.upstream = api.url()};
    gate_process gate(settings);
    settings.admin = "off";
    settings.server = "workers: 3";
    gate.write_routes(settings);
    gate.send_signal(SIGHUP);
    static_cast<void>(gate.wait_for_event("reloaded"));
    settings.more = "unlisted: authenticated";
    gate.write_routes(settings);
    gate.send_signal(SIGHUP);
    for (const auto end = std::chrono::steady_clock::now() + test_timeout;
         warnings_of(gate, "server.workers") < 2 && std::chrono::steady_clock::now() < end;)
        static_cast<void>(raw_client(gate.address()).exchange(get("/public")));
    EXPECT_EQ(warnings_of(gate, "server.admin has changed"), 2U);
    EXPECT_EQ(warnings_of(gate, "server.workers has changed"), 2U);
    EXPECT_EQ(warnings_of(gate, "server.listen"), 0U);
    EXPECT_EQ(warnings_of(gate, "server.health"), 0U);
}

// The first half is valid by itself, and lacks a limit that refuses requests.
TEST(reload, waits_until_a_file_that_is_written_in_place_is_closed)
{
    calendar c({.more = "limit: {permissions: permissions}\n"});
    const auto token = calendar_token("read:appointments", R"(,"permissions":[])");
    ASSERT_EQ(c.exchange(get("/appointments", token)).status, 403U);
    const auto path = c.gate.folder() + "/routes.yaml";
    const auto whole = content_of(path);
    const auto half = whole.find("limit: {permissions");
    std::ofstream file(path);
    file << whole.substr(0, half) << std::flush;
    EXPECT_EQ(c.gate.wait_for_event("reload_waits")["file"], path);
    EXPECT_EQ(c.exchange(get("/appointments", token)).status, 403U);
    file << whole.substr(half) << "mode: observe\n";
    file.close();
    static_cast<void>(c.gate.wait_for_event("reloaded"));
    EXPECT_EQ(c.exchange(get("/appointments", token)).status, 200U) << "the whole file permits the request";
    const auto lines = c.gate.log();
    EXPECT_EQ(
        std::count_if(lines.begin(), lines.end(), [](const log_line& l) { return l["event"] == "reloaded"; }),
        1);
}

} // namespace
} // namespace scopegate::test
