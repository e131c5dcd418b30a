// Path templates: `/appointments/{id}`, `/users/{user}:suspend`, `/files/{rest...}`.
#pragma once

#include "config/schema.hpp"

#include <optional>

namespace scopegate::config {

struct path_template {
    std::vector<policy::template_segment> segments; // literals as in a normalized path
    bool trailing_slash = false;
};

// Parses a template. Reports an error and returns nothing if it is invalid, or if no normalized path can
// match it.
[[nodiscard]] std::optional<path_template> parse_template(compilation& c, const std::string& text,
                                                          policy::source_mark at);

// Returns the template as a careless upstream might read it: its literals folded as http::fold_path folds a
// path. Returns nothing if that makes a dot segment.
[[nodiscard]] std::optional<std::vector<policy::template_segment>> folded(const path_template& t,
                                                                          const http::path_rules& rules);

// Returns whether a pattern of the template loses text in that form: `{a}...` becomes `{a}`. Decoding and
// letter case lose none.
[[nodiscard]] bool loses_text(const path_template& t, const http::path_rules& rules);

} // namespace scopegate::config
