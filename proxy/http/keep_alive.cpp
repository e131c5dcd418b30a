#include "http/keep_alive.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace scopegate::http {

namespace {

// Longer than any connection is kept open.
constexpr std::uint32_t longest = 86'400;

std::optional<std::chrono::seconds> seconds_of(std::string_view text) noexcept
{
    std::uint32_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (text.empty() || end != text.data() + text.size() || error == std::errc::invalid_argument)
        return std::nullopt;
    return std::chrono::seconds(error == std::errc::result_out_of_range ? longest : std::min(n, longest));
}

} // namespace

std::optional<std::chrono::seconds> keep_alive_timeout(const field_list& fields)
{
    constexpr std::string_view name = "timeout=";
    std::optional<std::chrono::seconds> shortest;
    for (const auto& f : fields) {
        if (f.id != field_id::keep_alive || f.underscore)
            continue;
        for_each_element(f.value, [&](std::string_view element) {
            if (!iequals(element.substr(0, name.size()), name))
                return;
            const auto seconds = seconds_of(element.substr(name.size()));
            if (seconds && (!shortest || *seconds < *shortest))
                shortest = seconds;
        });
    }
    return shortest;
}

} // namespace scopegate::http
