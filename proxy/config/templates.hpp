// Path templates: `/appointments/{id}`, `/files/{rest...}`.
#pragma once

#include "config/schema.hpp"

#include <optional>

namespace scopegate::config {

struct path_template {
    std::vector<policy::template_segment> segments; // literals as they stand in a normalised path
    bool trailing_slash = false;
};

// Takes a template apart. Nothing where it is none, or where no normalised path can equal it; that is said.
[[nodiscard]] std::optional<path_template> parse_template(compilation& c, const std::string& text,
                                                          policy::source_mark at);

// The template as a careless upstream might read it: its literals folded as http::fold_path folds a path.
// Nothing where that makes a dot segment.
[[nodiscard]] std::optional<std::vector<policy::template_segment>> folded(const path_template& t,
                                                                          const http::path_rules& rules);

} // namespace scopegate::config
