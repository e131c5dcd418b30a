// Targets: what is normalised is in normal form, holds nothing that a careless reader takes apart, and folds
// once.
#include "http/target.hpp"

#include <algorithm>
#include <cstdlib>

namespace http = scopegate::http;

namespace {

void check(bool holds)
{
    if (!holds)
        std::abort();
}

bool holds(std::string_view s, std::string_view what)
{
    return s.find(what) != std::string_view::npos;
}

void check_path(std::string_view path, const http::path_rules& rules)
{
    check(path.starts_with('/') && !holds(path, "//") && !holds(path, "/../") && !holds(path, "/./"));
    check(!path.ends_with("/..") && !path.ends_with("/.") && !holds(path, "%5C") && !holds(path, "%00"));
    check(rules.keep_encoded_slash || !holds(path, "%2F"));
    check(rules.keep_semicolon || (!holds(path, ";") && !holds(path, "%3B")));
    check(std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7F; }));
    std::string once, twice;
    const auto folded = http::fold_path(path, rules, once);
    if (!folded)
        return;
    const auto again = http::fold_path(*folded, rules, twice);
    check(again.has_value() && *again == *folded && !holds(*folded, "//"));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view target(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const http::path_rules rules{(bytes[0] & 1U) != 0, (bytes[0] & 2U) != 0, (bytes[0] & 4U) != 0};
    std::string scratch, again;
    if (const auto normal = http::normalise_target(target, "GET", rules, scratch)) {
        check_path(normal->path, rules);
        const auto twice = http::normalise_target(normal->path, "GET", rules, again);
        check(twice.has_value() && twice->path == normal->path);
        check(http::percent_decode(normal->path).size() <= normal->path.size());
    }
    if (const auto segment = http::normalise_segment(target, rules))
        check_path("/" + *segment, rules);
    return 0;
}
