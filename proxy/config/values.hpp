// The single values of the file: text, words, numbers, durations, sizes, claims. Each reader takes a node and
// returns its value. If the value is invalid, it reports an error and returns nothing.
#pragma once

#include "base/json.hpp"
#include "config/schema.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config {

// Reads text that is not empty and contains no control characters.
[[nodiscard]] std::optional<std::string> read_text(compilation& c, const node& n);
// Reads such a text, or a non-empty list of such texts without duplicates, with their positions. Omits
// invalid items.
struct located_text {
    std::string text;
    policy::source_mark at;
    std::string shown; // in messages
};
[[nodiscard]] std::vector<located_text> read_text_or_list(compilation& c, const node& n);
// Reads only the list.
[[nodiscard]] std::vector<located_text> read_text_list(compilation& c, const node& n);
// Returns the key of an entry.
[[nodiscard]] located_text located_key(const node& entry);

// Returns the index of the value among the words.
[[nodiscard]] std::optional<std::size_t> read_word(compilation& c, const node& n,
                                                   const std::vector<std::string>& words);

// Reads `true` or `false`.
[[nodiscard]] std::optional<bool> read_flag(compilation& c, const node& n);

// Reads a count in decimal digits, within the bounds.
[[nodiscard]] std::optional<std::uint64_t> read_count(compilation& c, const node& n, std::uint64_t least,
                                                      std::uint64_t most);

// Reads `500ms`, `10s`, `5m`, `1h`, or `0`.
[[nodiscard]] std::optional<std::chrono::milliseconds>
read_duration(compilation& c, const node& n, std::chrono::milliseconds least, std::chrono::milliseconds most);
// Does the same in whole seconds, for values that are compared with NumericDates.
[[nodiscard]] std::optional<std::chrono::seconds>
read_seconds(compilation& c, const node& n, std::chrono::seconds least, std::chrono::seconds most);

// Reads a number of bytes: `512B`, `64KiB`, `10MiB`, `1GiB`, or `0`.
[[nodiscard]] std::optional<std::uint64_t> read_size(compilation& c, const node& n, std::uint64_t least,
                                                     std::uint64_t most);

constexpr std::chrono::milliseconds longest_timeout = std::chrono::hours(24 * 365);
constexpr std::uint64_t max_body_limit = std::uint64_t{1} << 60U;

// Reads the location of a claim: a name, or a JSON Pointer if it begins with `/`.
[[nodiscard]] std::optional<json::path> read_claim(compilation& c, const node& n);
// Does the same for an item of a list, or a key of a map.
[[nodiscard]] std::optional<json::path> claim_named(compilation& c, const located_text& name);

// Reads a scalar as JSON: a plain number, `true` or `false` keeps its type, everything else is a string.
[[nodiscard]] std::optional<json::value> read_json_scalar(compilation& c, const node& n);

constexpr std::size_t max_named_file = 16U * 1024 * 1024;
// Returns the absolute path of a regular file that can be read, and watches the file.
[[nodiscard]] std::optional<std::string> read_file_name(compilation& c, const node& n, std::string_view name);

} // namespace scopegate::config
