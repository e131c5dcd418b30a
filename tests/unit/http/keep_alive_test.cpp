// Reading of the timeout that a Keep-Alive field announces.
#include "http/keep_alive.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <string>

namespace scopegate::http {
namespace {

std::optional<long> seconds_in(const std::string& lines)
{
    field_list fields;
    EXPECT_TRUE(parse_field_lines(lines, 0, fields)) << lines;
    const auto found = keep_alive_timeout(fields);
    return found ? std::optional<long>(found->count()) : std::nullopt;
}

TEST(keep_alive, uses_the_shortest_numeric_timeout)
{
    struct {
        std::string sentence, lines;
        std::optional<long> seconds;
    } const rows[] = {
        {"none", "Connection: keep-alive\r\n", std::nullopt},
        {"Node's", "Keep-Alive: timeout=5\r\n", 5},
        {"Apache's", "Keep-Alive: timeout=15, max=100\r\n", 15},
        {"in another order and letter case", "keep-alive: max=100,TIMEOUT=7\r\n", 7},
        {"nothing at all", "Keep-Alive: timeout=0\r\n", 0},
        {"two of them", "Keep-Alive: timeout=9\r\nKeep-Alive: timeout=3, timeout=4\r\n", 3},
        {"too large for any number", "Keep-Alive: timeout=99999999999999999999\r\n", 86'400},
        {"no number", "Keep-Alive: timeout=soon\r\n", std::nullopt},
        {"a number and more", "Keep-Alive: timeout=5s\r\n", std::nullopt},
        {"a negative one", "Keep-Alive: timeout=-5\r\n", std::nullopt},
        {"no value", "Keep-Alive: timeout=\r\n", std::nullopt},
        {"a bare number, as the first servers had it", "Keep-Alive: 300\r\n", std::nullopt},
        {"what imitates the field", "Keep_Alive: timeout=5\r\n", std::nullopt},
    };
    for (const auto& r : rows)
        EXPECT_EQ(seconds_in(r.lines), r.seconds) << r.sentence;
}

} // namespace
} // namespace scopegate::http
