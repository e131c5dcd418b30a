#include "observe/http_date.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <ctime>

namespace scopegate::observe {

namespace {

using std::chrono::seconds;

std::int64_t second_of(wall_time t) noexcept
{
    return std::chrono::floor<seconds>(t).time_since_epoch().count();
}

std::tm broken_down(std::int64_t second) noexcept
{
    std::tm parts{};
    const auto t = static_cast<std::time_t>(second);
    ::gmtime_r(&t, &parts);
    return parts;
}

constexpr std::string_view days = "SunMonTueWedThuFriSat";
constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";

std::string_view three(std::string_view names, int index) noexcept
{
    return names.substr(static_cast<std::size_t>(index) * 3, 3);
}

} // namespace

wall_time wall_now() noexcept
{
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string_view http_date(wall_time t) noexcept
{
    thread_local std::int64_t made_for = -1;
    thread_local std::array<char, 29> text;
    if (const auto second = second_of(t); second != made_for) {
        const auto parts = broken_down(second);
        fmt::format_to_n(text.data(), text.size(), "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                         three(days, parts.tm_wday), parts.tm_mday, three(months, parts.tm_mon),
                         parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
        made_for = second;
    }
    return {text.data(), text.size()};
}

void append_rfc3339(std::string& out, wall_time t)
{
    thread_local std::int64_t made_for = -1;
    thread_local std::array<char, 20> text; // up to the dot
    const auto second = second_of(t);
    if (second != made_for) {
        const auto parts = broken_down(second);
        fmt::format_to_n(text.data(), text.size(), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.",
                         parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                         parts.tm_sec);
        made_for = second;
    }
    out.append(text.data(), text.size());
    const auto milliseconds = t.time_since_epoch().count() - second * 1000;
    for (auto place = 100; place > 0;
         place /= 10) // each line has its own, so fmt would cost more than it saves
        out += static_cast<char>('0' + milliseconds / place % 10);
    out += 'Z';
}

} // namespace scopegate::observe
