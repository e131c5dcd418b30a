// The single values of the file: text, words, numbers, durations, sizes, claims. Each reader takes a node and
// gives its value, or nothing where the value is wrong; what is wrong is said then.
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

// Text that is not empty and has no control characters in it.
[[nodiscard]] std::optional<std::string> read_text(compilation& c, const node& n);
// The same, or a list of such texts without repetition and not empty; with their places. A wrong item is left
// out.
struct placed_text {
    std::string text;
    policy::source_mark at;
    std::string shown; // by messages
};
[[nodiscard]] std::vector<placed_text> read_text_or_list(compilation& c, const node& n);
// Only the list.
[[nodiscard]] std::vector<placed_text> read_text_list(compilation& c, const node& n);
// The key of an entry.
[[nodiscard]] placed_text placed_key(const node& entry);

// The place of the value among the words.
[[nodiscard]] std::optional<std::size_t> read_word(compilation& c, const node& n,
                                                   const std::vector<std::string>& words);

// `true` or `false`.
[[nodiscard]] std::optional<bool> read_flag(compilation& c, const node& n);

// A count, in decimal digits, within the bounds.
[[nodiscard]] std::optional<std::uint64_t> read_count(compilation& c, const node& n, std::uint64_t least,
                                                      std::uint64_t most);

// `500ms`, `10s`, `5m`, `1h`, or `0`.
[[nodiscard]] std::optional<std::chrono::milliseconds>
read_duration(compilation& c, const node& n, std::chrono::milliseconds least, std::chrono::milliseconds most);
// The same in whole seconds: for what is compared with NumericDates.
[[nodiscard]] std::optional<std::chrono::seconds>
read_seconds(compilation& c, const node& n, std::chrono::seconds least, std::chrono::seconds most);

// Bytes: `512B`, `64KiB`, `10MiB`, `1GiB`, or `0`.
[[nodiscard]] std::optional<std::uint64_t> read_size(compilation& c, const node& n, std::uint64_t least,
                                                     std::uint64_t most);

// Where a claim lies: a name, or a JSON Pointer where it begins with `/`.
[[nodiscard]] std::optional<json::path> read_claim(compilation& c, const node& n);
// The same for an item of a list, or a key of a map.
[[nodiscard]] std::optional<json::path> claim_named(compilation& c, const placed_text& name);

// A scalar as JSON has it: a plain number, `true` or `false` is that, everything else a string.
[[nodiscard]] std::optional<json::value> read_json_scalar(compilation& c, const node& n);

constexpr std::size_t max_named_file = 16U * 1024 * 1024;
// The absolute path of a regular file that can be read; it is watched.
[[nodiscard]] std::optional<std::string> read_file_name(compilation& c, const node& n, std::string_view name);

} // namespace scopegate::config
