// Target normalization. The path that is matched is the path that is forwarded. A request target is
// normalized once, and refused if a careless upstream could read it as another path. Pure; allocates only
// when the path must be rewritten (into the caller's scratch).
#pragma once

#include "base/errc.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace scopegate::http {

// How an upstream treats a format after a dot, as in `export.json`.
enum class format_rule : std::uint8_t {
    reject, // it may drop it: a path that is another route without its format is refused
    drop,   // it drops it: values that are compared with claims must not have one either
    keep,   // it keeps it: the format is part of the name
};

// `paths:` of routes.yaml; each relaxes one rule.
struct path_rules {
    bool case_exact = false;         // `case: exact`: letter case is not folded
    bool keep_encoded_slash = false; // `encoded_slash: keep`: %2F passes, but does not separate segments
    bool keep_semicolon = false;     // `semicolon: keep`: `;` and %3B pass
    format_rule format = format_rule::reject;
};

struct request_target {
    std::string_view path;      // normalized, begins with `/`; both matched and forwarded. `*` for OPTIONS *
    std::string_view query;     // with its `?`, as received; empty without a query
    std::string_view authority; // of an absolute-form target; empty otherwise
};

// Normalizes an origin-form or absolute-form target, or `*` for OPTIONS. Refuses authority-form, which only
// CONNECT uses. The views point into `target` or into `scratch`, and live as long as both stay unchanged.
// `scratch` is cleared first, and stays empty if the path is plain. Fails with:
// - malformed_target: a `%` without two hex digits, fragment, controls, non-ASCII, invalid UTF-8, not a path,
//   a scheme other than http and https.
// - ambiguous_path: dot segments in any spelling, empty segments, %2F, %5C, `\`, encoded controls, `;`, %25
//   before two hex digits.
[[nodiscard]] result<request_target> normalize_target(std::string_view target, std::string_view method,
                                                      const path_rules& rules, std::string& scratch);

// Normalizes the literal segment of a path template, which contains no `/`. Fails as above if no normalized
// path can contain the segment.
[[nodiscard]] result<std::string> normalize_segment(std::string_view literal, const path_rules& rules);

// Returns the folded form of a normalized path: how a careless upstream might read it. The path is
// percent-decoded in full, and letter case is ignored unless case_exact (letter_case.hpp). Trailing dots and
// spaces of segments, empty segments and the trailing slash are dropped. The rest is cut off at an encoded
// `?` or `#`. With keep_semicolon, parameters are cut; with keep_encoded_slash, %2F is read as `/`. Writes to
// `out` and returns a view of it, or returns `path` itself if folding changes nothing. Fails with
// ambiguous_path if a dot segment appears.
[[nodiscard]] result<std::string_view> fold_path(std::string_view path, const path_rules& rules,
                                                 std::string& out);

} // namespace scopegate::http
