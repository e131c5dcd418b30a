// The text of routes.yaml to a tree. YAML can do more than a rules file should: what two readers could take
// differently (duplicate keys, merge keys, further documents, tags) is refused, and what grows out of bounds
// too.
#pragma once

#include "config/diagnostics.hpp"
#include "config/node.hpp"

#include <optional>
#include <string_view>

namespace scopegate::config {

inline constexpr std::size_t max_levels = 32;     // of nesting, aliases followed
inline constexpr std::size_t max_aliases = 1'000; // in one file
inline constexpr std::size_t max_expansion =
    16U * 1024 * 1024; // bytes that all aliases add, as the tree holds them
inline constexpr std::size_t max_source_size = 16U * 1024 * 1024; // bytes of one file

// Reads one YAML document. Nothing where it can't be read to its end; what else is wrong is in `out`, and the
// tree then lacks those entries. An empty text is `nothing`. Lines count from 1, columns in characters
// from 1.
[[nodiscard]] std::optional<node> read_yaml(std::string_view text, diagnostics& out);

} // namespace scopegate::config
