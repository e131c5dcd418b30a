// Step 2: what is matched is what is forwarded. A request target is normalised once; whatever a careless
// upstream could read as another path is refused. Pure, allocates only when the path has to be rewritten
// (into the caller's scratch).
#pragma once

#include "base/errc.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace scopegate::http {

// How an upstream treats a format behind a dot, as that of `export.json`.
enum class format_rule : std::uint8_t {
    reject, // it may drop it: a path that is another route without it is refused
    drop,   // it drops it: values that are compared with claims must have none either
    keep,   // it keeps it: the format is part of the name
};

// `paths:` of routes.yaml; each relaxes one rule.
struct path_rules {
    bool case_exact = false;         // case: exact: letter case is not folded
    bool keep_encoded_slash = false; // encoded_slash: keep: %2F passes, but separates no segments
    bool keep_semicolon = false;     // semicolon: keep: `;` and %3B pass
    format_rule format = format_rule::reject;
};

struct request_target {
    std::string_view path;  // normalised, begins with `/`; what is matched and forwarded. `*` for OPTIONS *
    std::string_view query; // with its `?`, as it came; empty: none
    std::string_view authority; // of an absolute-form target; empty otherwise
};

// Normalises an origin-form or absolute-form target (`*` for OPTIONS only; authority-form, CONNECT's, is
// refused). The views point into `target` or into `scratch` (cleared first; not used where the path
// is plain), and live as long as both stay unchanged. Fails with malformed_target (a `%` without two hex
// digits, fragment, controls, non-ASCII, invalid UTF-8, not a path, a scheme other than http and https) or
// ambiguous_path (dot segments in any spelling, empty segments, %2F, %5C, `\`, encoded controls, `;`, %25
// before two hex digits).
[[nodiscard]] result<request_target> normalise_target(std::string_view target, std::string_view method,
                                                      const path_rules& rules, std::string& scratch);

// The same for a path template's literal segment (no `/` in it): its normalised spelling, as it stands in a
// normalised path. Fails as above where no normalised path can hold it.
[[nodiscard]] result<std::string> normalise_segment(std::string_view literal, const path_rules& rules);

// The folded form of a normalised path: what a careless upstream might make of it. Fully percent-decoded,
// letter case ignored (letter_case.hpp; unless case_exact), trailing dots and spaces of segments dropped,
// empty segments and the trailing slash too, the rest cut off at an encoded `?` or `#`; with keep_semicolon
// parameters cut, with keep_encoded_slash %2F read as `/`. Writes to `out` and returns a view of it, or
// returns `path` itself where folding changes nothing. Fails with ambiguous_path where a dot segment appears.
[[nodiscard]] result<std::string_view> fold_path(std::string_view path, const path_rules& rules,
                                                 std::string& out);

// Percent-decodes; malformed triplets stay as they are.
[[nodiscard]] std::string percent_decode(std::string_view s);

} // namespace scopegate::http
