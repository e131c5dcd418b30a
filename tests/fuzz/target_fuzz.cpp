// Targets: a normalized target is in normal form and means the same as the original. It contains nothing that
// a careless reader would split. Folding it twice changes nothing, and it has few readings.
#include "fuzz/fuzz.hpp"

#include "http/chars.hpp"
#include "http/host.hpp"
#include "http/readings.hpp"
#include "http/target.hpp"

#include <algorithm>

namespace http = scopegate::http;
using scopegate::fuzz::check;

namespace {

bool holds(std::string_view s, std::string_view what)
{
    return s.find(what) != std::string_view::npos;
}

bool has_dot_segments(std::string_view path)
{
    return holds(path, "/../") || holds(path, "/./") || path.ends_with("/..") || path.ends_with("/.");
}

// Checks the path as a server sees it that decodes first: no dots, no other separators, no control
// characters.
void check_decoded(std::string_view path, const http::path_rules& rules)
{
    const auto decoded = scopegate::percent_decode(path);
    check(!has_dot_segments(decoded) || rules.keep_encoded_slash || rules.keep_semicolon);
    check(!holds(decoded, "\\") && (rules.keep_encoded_slash || !holds(decoded, "//")));
    check(std::all_of(decoded.begin(), decoded.end(), [](char c) {
        const auto b = static_cast<unsigned char>(c);
        return b >= 0x20 && b != 0x7F;
    }));
    for (std::size_t i = 0; i < decoded.size(); ++i) // a second decoding must change nothing more
        check(!scopegate::starts_with_triplet(std::string_view(decoded).substr(i)));
}

void check_path(std::string_view path, const http::path_rules& rules)
{
    check(path.starts_with('/') && !holds(path, "//") && !has_dot_segments(path));
    check(!holds(path, "%5C") && !holds(path, "%00") && !holds(path, "?") && !holds(path, "#"));
    check(rules.keep_encoded_slash || !holds(path, "%2F"));
    check(rules.keep_semicolon || (!holds(path, ";") && !holds(path, "%3B")));
    check(
        std::all_of(path.begin(), path.end(), [](char c) { return http::is(http::char_class::visible, c); }));
    check_decoded(path, rules);
    std::string once, twice;
    const auto folded = http::fold_path(path, rules, once);
    if (!folded)
        return;
    check(folded->starts_with('/') && !holds(*folded, "//") && !has_dot_segments(*folded));
    check(rules.case_exact ||
          std::none_of(folded->begin(), folded->end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
    const auto again = http::fold_path(*folded, rules, twice);
    check(again.has_value() && *again == *folded);
    std::size_t readings = 0;
    http::any_other_reading(path, rules, {}, once, [&](const http::read_path& read) {
        check(read.path.starts_with('/') && ++readings <= 480);
        return false;
    });
}

void check_target(std::string_view target, std::string_view method, const http::path_rules& rules)
{
    std::string scratch, again;
    const auto normal = http::normalize_target(target, method, rules, scratch);
    if (!normal)
        return;
    check(target.ends_with(normal->query) && (normal->query.empty() || normal->query.starts_with('?')));
    check(normal->authority.empty() || http::is_host(normal->authority));
    if (normal->path == "*") {
        check(method == "OPTIONS");
        return;
    }
    check_path(normal->path, rules);
    // The matched path and the forwarded path are the same, in one spelling.
    const auto twice = http::normalize_target(normal->path, method, rules, again);
    check(twice.has_value() && twice->path == normal->path && twice->query.empty());
    if (target.starts_with('/'))
        check(scopegate::percent_decode(target.substr(0, target.size() - normal->query.size())) ==
              scopegate::percent_decode(normal->path));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto in = scopegate::fuzz::split_settings(bytes, size);
    const http::path_rules rules{in.has(0), in.has(1), in.has(2)};
    check_target(in.bytes, in.has(3) ? "OPTIONS" : "GET", rules);
    if (!holds(in.bytes, "/"))
        if (const auto segment = http::normalize_segment(in.bytes, rules)) {
            check(!segment->empty());
            check_path("/" + *segment, rules);
            check(http::normalize_segment(*segment, rules) == *segment);
        }
    return 0;
}
