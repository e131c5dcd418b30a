#include "cli/arguments.hpp"

#include "cli/commands.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

namespace scopegate::cli {

namespace {

constexpr std::size_t largest_file = 1024 * 1024;

std::optional<std::int64_t> whole_number(std::string_view text) noexcept
{
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

// Reads fixed-width numbers and single characters from the front of a text.
class reader final {
public:
    explicit reader(std::string_view text) noexcept : left_(text) {}
    int number(std::size_t digits) noexcept
    {
        const auto part = left_.substr(0, digits);
        const auto n = part.find_first_not_of("0123456789") == std::string_view::npos ? whole_number(part)
                                                                                      : std::nullopt;
        good_ = good_ && n && part.size() == digits;
        left_.remove_prefix(part.size());
        return good_ ? static_cast<int>(*n) : 0;
    }
    char one_of(std::string_view allowed) noexcept
    {
        const char c = left_.empty() ? '\0' : left_.front();
        good_ = good_ && c != '\0' && allowed.find(c) != std::string_view::npos;
        left_.remove_prefix(std::min<std::size_t>(left_.size(), 1));
        return c;
    }
    void skip_fraction() noexcept
    {
        if (!left_.starts_with('.'))
            return;
        left_.remove_prefix(1);
        const auto end = std::min(left_.find_first_not_of("0123456789"), left_.size());
        good_ = good_ && end > 0;
        left_.remove_prefix(end);
    }
    [[nodiscard]] bool finished() const noexcept { return good_ && left_.empty(); }

private:
    std::string_view left_;
    bool good_ = true;
};

std::optional<std::chrono::sys_seconds> rfc3339(std::string_view text)
{
    using namespace std::chrono;
    reader in(text);
    const int y = in.number(4);
    in.one_of("-");
    const int mo = in.number(2);
    in.one_of("-");
    const int d = in.number(2);
    in.one_of("Tt ");
    const int h = in.number(2);
    in.one_of(":");
    const int mi = in.number(2);
    in.one_of(":");
    const int s = in.number(2);
    in.skip_fraction();
    const char zone = in.one_of("Zz+-");
    minutes offset{0};
    if (zone == '+' || zone == '-') {
        offset = hours(in.number(2));
        in.one_of(":");
        offset += minutes(in.number(2));
    }
    const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
    if (!in.finished() || !date.ok() || h > 23 || mi > 59 || s > 60)
        return std::nullopt;
    const auto local = sys_days(date) + hours(h) + minutes(mi) + seconds(s);
    return zone == '-' ? local + offset : local - offset;
}

std::vector<std::string> pointer_steps(std::string_view name)
{
    std::vector<std::string> steps;
    if (!name.starts_with('/'))
        return {std::string(name)};
    while (!name.empty()) {
        name.remove_prefix(1);
        const auto end = std::min(name.find('/'), name.size());
        std::string step;
        for (std::size_t i = 0; i < end; ++i) { // ~1 is a slash and ~0 a tilde (RFC 6901 section 3)
            const bool escaped = name[i] == '~' && i + 1 < end && (name[i + 1] == '0' || name[i + 1] == '1');
            step += !escaped ? name[i] : name[++i] == '1' ? '/' : '~';
        }
        steps.push_back(std::move(step));
        name.remove_prefix(end);
    }
    return steps;
}

json::value with_step(const json::value* object, const std::vector<std::string>& steps, std::size_t at,
                      json::value claim)
{
    if (at == steps.size())
        return claim;
    const auto* before = object != nullptr ? object->if_object() : nullptr;
    auto members = before != nullptr ? *before : json::object{};
    const auto same = [&](const json::member& m) { return m.first == steps[at]; };
    auto found = std::find_if(members.begin(), members.end(), same);
    if (found == members.end())
        found = members.insert(members.end(), {steps[at], json::value()});
    found->second = with_step(&found->second, steps, at + 1, std::move(claim));
    return json::value(std::move(members));
}

} // namespace

wall_time parse_time(std::string_view text)
{
    if (const auto n = whole_number(text); n && *n >= 0 && *n <= 253'402'300'799)
        return wall_time(std::chrono::seconds(*n));
    if (const auto t = rfc3339(text))
        return *t;
    throw usage_error("'" + std::string(text) +
                      "' is not a time; write 2026-01-31T12:00:00Z, or seconds since 1970");
}

std::chrono::seconds parse_duration(std::string_view text)
{
    constexpr std::int64_t most = 100LL * 365 * 24 * 3600;
    const auto unit = text.empty() ? '\0' : text.back();
    const std::int64_t factor = unit == 's'   ? 1
                                : unit == 'm' ? 60
                                : unit == 'h' ? 3600
                                : unit == 'd' ? 24 * 3600
                                              : 0;
    const auto n = factor == 0 ? std::nullopt : whole_number(text.substr(0, text.size() - 1));
    if (!n || std::max(*n, -*n) > most / factor)
        throw usage_error("'" + std::string(text) + "' is not a duration; write 30s, 5m, 1h or 7d");
    return std::chrono::seconds(*n * factor);
}

std::string read_file(const std::string& name)
{
    std::ifstream file;
    if (name != "-") {
        file.open(name, std::ios::binary);
        if (!file)
            throw input_error("can't read " + name);
    }
    std::istream& in = name == "-" ? std::cin : file;
    std::string text(largest_file + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad() || (text.empty() && name != "-" && !in.eof()))
        throw input_error("can't read " + name);
    if (text.size() > largest_file)
        throw input_error(name + " is larger than 1 MiB");
    return text;
}

json::value read_claims(const std::string& argument)
{
    const bool is_text = argument.starts_with('{');
    const auto where = is_text ? std::string("the claims") : argument == "-" ? "standard input" : argument;
    json::limits bounds;
    bounds.bytes = largest_file;
    auto claims = json::parse(is_text ? argument : read_file(argument), bounds);
    if (!claims)
        throw input_error(where + ": not strict JSON (UTF-8, without duplicate members and comments)");
    if (claims->if_object() == nullptr)
        throw input_error(where + ": the claims must be a JSON object, such as {\"sub\": \"ann\"}");
    return *std::move(claims);
}

json::value merged(const json::value& object, const json::value& more)
{
    auto members = *object.if_object();
    for (const auto& added : *more.if_object()) {
        std::erase_if(members, [&](const json::member& m) { return m.first == added.first; });
        members.push_back(added);
    }
    return json::value(std::move(members));
}

json::value with_claim(const json::value& object, std::string_view name, json::value claim)
{
    return with_step(&object, pointer_steps(name), 0, std::move(claim));
}

} // namespace scopegate::cli
