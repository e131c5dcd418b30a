// What people write behind options: times, durations, JSON that is text or a file. Each says precisely what
// is wrong with it.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace scopegate::cli {

// Seconds since 1970, or RFC 3339 (`2026-01-31T12:00:00Z`, `...+01:00`). Throws usage_error.
[[nodiscard]] wall_time parse_time(std::string_view text);

// `30s`, `5m`, `1h`, `7d`; a leading `-` for the past. Throws usage_error.
[[nodiscard]] std::chrono::seconds parse_duration(std::string_view text);

// The whole of a file, or of standard input where the name is `-`. At most 1 MiB. Throws input_error.
[[nodiscard]] std::string read_file(const std::string& name);

// A JSON object: the argument itself where it begins with `{`, otherwise the file of that name (`-`: standard
// input). Throws input_error.
[[nodiscard]] json::value read_claims(const std::string& argument);

// The first object with the second's members, which win.
[[nodiscard]] json::value merged(const json::value& object, const json::value& more);

// The object with one claim set, replaced or added. `name` as in routes.yaml: with a leading `/` a JSON
// Pointer, whose missing objects are made.
[[nodiscard]] json::value with_claim(const json::value& object, std::string_view name, json::value claim);

} // namespace scopegate::cli
