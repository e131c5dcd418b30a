#include "observe/http_date.hpp"

#include <array>
#include <ctime>

namespace scopegate::observe {

namespace {

using std::chrono::seconds;

std::int64_t second_of(wall_time t) noexcept
{
    return std::chrono::floor<seconds>(t).time_since_epoch().count();
}

// Writes the value as `digits` decimal digits with leading zeros.
char* put(char* out, int value, int digits) noexcept
{
    for (auto* p = out + digits; p != out; value /= 10)
        *--p = static_cast<char>('0' + value % 10);
    return out + digits;
}

char* put(char* out, std::string_view text) noexcept
{
    return std::copy(text.begin(), text.end(), out);
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
        auto* p = put(text.data(), three(days, parts.tm_wday));
        p = put(put(p, ", "), parts.tm_mday, 2);
        p = put(put(put(p, " "), three(months, parts.tm_mon)), " ");
        p = put(put(p, parts.tm_year + 1900, 4), " ");
        p = put(put(p, parts.tm_hour, 2), ":");
        p = put(put(p, parts.tm_min, 2), ":");
        put(put(p, parts.tm_sec, 2), " GMT");
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
        auto* p = put(put(text.data(), parts.tm_year + 1900, 4), "-");
        p = put(put(p, parts.tm_mon + 1, 2), "-");
        p = put(put(p, parts.tm_mday, 2), "T");
        p = put(put(p, parts.tm_hour, 2), ":");
        p = put(put(p, parts.tm_min, 2), ":");
        put(put(p, parts.tm_sec, 2), ".");
        made_for = second;
    }
    std::array<char, 4> rest;
    put(put(rest.data(), static_cast<int>(t.time_since_epoch().count() - second * 1000), 3), "Z");
    out.append(text.data(), text.size());
    out.append(rest.data(), rest.size());
}

} // namespace scopegate::observe
