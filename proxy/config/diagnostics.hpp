// Collects all errors and warnings of one file, so that its author sees them at once.
#pragma once

#include "config/load.hpp"
#include "config/node.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config {

class diagnostics final {
public:
    // Messages begin with `file`.
    explicit diagnostics(std::string file) : file_(std::move(file)) {}

    void error(policy::source_mark at, std::string message);
    void warn(warning kind, policy::source_mark at, std::string message);
    [[nodiscard]] bool has_errors() const noexcept { return !errors_.empty(); }

    // Returns the messages in the order of the file, each once. An error in text that an alias repeats is
    // reported at that text, not at the alias.
    [[nodiscard]] std::vector<diagnostic> errors() const;
    [[nodiscard]] std::vector<diagnostic> warnings() const;

private:
    std::string file_;
    std::vector<diagnostic> errors_;
    std::vector<diagnostic> warnings_;
};

// Returns text of the file as messages show it: in double quotes, with unprintable characters escaped, and
// shortened if long.
[[nodiscard]] std::string in_quotes(std::string_view text);

// Returns a scalar as messages show it: as written in the file, never as replaced from the environment or
// another file. The replacement may be a misplaced secret (`keys: ${API_KEY}`), and every reload logs the
// messages.
[[nodiscard]] std::string as_written(const node& scalar);
// Does the same for the relevant part of its text. Returns the whole text if the part would reveal the
// replacement.
[[nodiscard]] std::string as_written(const node& scalar, std::string_view part);

// Returns `; did you mean "write:x"?`, or nothing if no known word is similar.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string> known);

// Returns `a, b or c`.
[[nodiscard]] std::string either(std::span<const std::string> words);

} // namespace scopegate::config
