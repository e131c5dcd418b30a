// Numbers, with and without units.
#include "config/values.hpp"
#include "policy/wording.hpp"

#include <charconv>
#include <limits>

namespace scopegate::config {

namespace {

using policy::unit;

struct kind_of_quantity {
    std::string_view name;    // with its article
    std::string_view example; // examples, the smallest common unit first
    std::span<const unit> units;
};
constexpr kind_of_quantity duration_kind{"a duration", "500ms, 10s, 5m or 1h", policy::duration_units};
constexpr kind_of_quantity size_kind{"a size", "512B, 64KiB, 10MiB or 1GiB", policy::size_units};

constexpr auto too_large = std::numeric_limits<std::uint64_t>::max();

// Removes the digits from the front of `s`. Returns too_large if the number does not fit.
std::optional<std::uint64_t> take_digits(std::string_view& s)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), number);
    if (end == s.data())
        return std::nullopt;
    s.remove_prefix(static_cast<std::size_t>(end - s.data()));
    return error == std::errc() ? number : too_large;
}

std::optional<std::uint64_t> read_quantity(compilation& c, const node& n, const kind_of_quantity& kind,
                                           std::uint64_t least, std::uint64_t most)
{
    if (!expect(c, n, node::kind::scalar))
        return std::nullopt;
    const auto refuse = [&](const std::string& why) {
        c.out.error(n.at, as_written(n) + why);
        return std::nullopt;
    };
    std::string_view rest = n.text;
    const auto number = take_digits(rest);
    if (number && *number != 0 && rest.empty())
        return refuse(" needs a unit: write " + std::string(kind.name) + " such as " +
                      std::string(kind.example));
    const unit* found = nullptr;
    for (const auto& u : kind.units)
        if (u.name == rest)
            found = &u;
    if (!number || (found == nullptr && !rest.empty()))
        return refuse(" is not " + std::string(kind.name) + " such as " + std::string(kind.example));
    const auto factor = found == nullptr ? 1 : found->factor;
    if (*number > most / factor)
        return refuse(" is too large: at most " + policy::in_units(most, kind.units));
    const auto value = *number * factor;
    if (value < least)
        return refuse(" is too small: at least " + policy::in_units(least, kind.units));
    return value;
}

} // namespace

std::optional<std::uint64_t> read_count(compilation& c, const node& n, std::uint64_t least,
                                        std::uint64_t most)
{
    if (!expect(c, n, node::kind::scalar))
        return std::nullopt;
    std::string_view rest = n.text;
    const auto number = take_digits(rest);
    if (number && rest.empty() && *number >= least && *number <= most)
        return number;
    c.out.error(n.at, "expected a whole number from " + std::to_string(least) + " to " +
                          std::to_string(most) + ", found " + as_written(n));
    return std::nullopt;
}

std::optional<std::chrono::milliseconds>
read_duration(compilation& c, const node& n, std::chrono::milliseconds least, std::chrono::milliseconds most)
{
    const auto value = read_quantity(c, n, duration_kind, static_cast<std::uint64_t>(least.count()),
                                     static_cast<std::uint64_t>(most.count()));
    if (!value)
        return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(*value));
}

std::optional<std::chrono::seconds> read_seconds(compilation& c, const node& n, std::chrono::seconds least,
                                                 std::chrono::seconds most)
{
    const auto value = read_duration(c, n, least, most);
    if (!value)
        return std::nullopt;
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(*value);
    if (whole == *value)
        return whole;
    c.out.error(n.at, as_written(n) + " is not a whole number of seconds");
    return std::nullopt;
}

std::optional<std::uint64_t> read_size(compilation& c, const node& n, std::uint64_t least, std::uint64_t most)
{
    return read_quantity(c, n, size_kind, least, most);
}

} // namespace scopegate::config
