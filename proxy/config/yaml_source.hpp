// Parses the text of routes.yaml to a tree. YAML can do more than a rules file should. Constructs that two
// readers could understand differently are refused (duplicate keys, merge keys, further documents, tags), and
// so is unbounded growth.
#pragma once

#include "config/diagnostics.hpp"
#include "config/node.hpp"

#include <optional>
#include <string_view>

namespace scopegate::config {

inline constexpr std::size_t max_levels = 32;     // of nesting, with aliases followed
inline constexpr std::size_t max_aliases = 1'000; // in one file
// Bytes that all aliases add to the tree.
inline constexpr std::size_t max_expansion = 16U * 1024 * 1024;
inline constexpr std::size_t max_source_size = 16U * 1024 * 1024; // bytes of one file

// Reads one YAML document. Returns nothing if it can't be read to its end. Other errors are reported to
// `out`, and the tree lacks those entries. An empty text yields `nothing`. Lines and columns count from 1;
// columns are in characters.
[[nodiscard]] std::optional<node> read_yaml(std::string_view text, diagnostics& out);

} // namespace scopegate::config
