// Parses the values of options: times, durations, and JSON given as text or as a file. The errors say
// precisely what is wrong.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace scopegate::cli {

// Parses seconds since 1970, or RFC 3339 (`2026-01-31T12:00:00Z`, `...+01:00`). Throws usage_error.
[[nodiscard]] wall_time parse_time(std::string_view text);

// Parses `30s`, `5m`, `1h`, `7d`; a leading `-` means the past. Throws usage_error.
[[nodiscard]] std::chrono::seconds parse_duration(std::string_view text);

// Returns a file's contents, or standard input for the name `-`. At most 1 MiB. Throws input_error.
[[nodiscard]] std::string read_file(const std::string& name);

// Returns a JSON object: the argument itself if it begins with `{`, otherwise the contents of the file of
// that name (`-`: standard input). Throws input_error.
[[nodiscard]] json::value read_claims(const std::string& argument);

// Returns the first object with the second's members added; on conflicts the second wins.
[[nodiscard]] json::value merged(const json::value& object, const json::value& more);

// Returns the object with one claim replaced or added. `name` is written as in routes.yaml: with a leading
// `/` it is a JSON Pointer, and missing objects along it are created.
[[nodiscard]] json::value with_claim(const json::value& object, std::string_view name, json::value claim);

} // namespace scopegate::cli
