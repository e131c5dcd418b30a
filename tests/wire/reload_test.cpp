// What a reload does not take up is said: whoever closes a listener must not believe that it is closed.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <algorithm>

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

TEST(reload, says_what_needs_a_restart_each_time)
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
    for (const auto end = std::chrono::steady_clock::now() + patience;
         warnings_of(gate, "server.workers") < 2 && std::chrono::steady_clock::now() < end;)
        static_cast<void>(raw_client(gate.address()).exchange(get("/public")));
    EXPECT_EQ(warnings_of(gate, "server.admin has changed"), 2U);
    EXPECT_EQ(warnings_of(gate, "server.workers has changed"), 2U);
    EXPECT_EQ(warnings_of(gate, "server.listen"), 0U);
    EXPECT_EQ(warnings_of(gate, "server.health"), 0U);
}

} // namespace
} // namespace scopegate::test
