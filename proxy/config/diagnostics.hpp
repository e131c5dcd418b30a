// Collects everything that is wrong with one file, so that its author sees all of it at once.
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
    // `file`: the name that messages begin with.
    explicit diagnostics(std::string file) : file_(std::move(file)) {}

    void error(policy::source_mark at, std::string message);
    void warn(warning kind, policy::source_mark at, std::string message);
    [[nodiscard]] bool has_errors() const noexcept { return !errors_.empty(); }

    // In the order of the file, each once: what an alias repeats is said where it stands, not where it is
    // used.
    [[nodiscard]] std::vector<diagnostic> errors() const;
    [[nodiscard]] std::vector<diagnostic> warnings() const;

private:
    std::string file_;
    std::vector<diagnostic> errors_;
    std::vector<diagnostic> warnings_;
};

// Text of the file as messages show it: in double quotes, what can't be printed escaped, a long one cut
// short.
[[nodiscard]] std::string in_quotes(std::string_view text);

// A scalar as messages show it: as it stands in the file, never what the environment or another file put in
// its place. That may be a secret that went astray (`keys: ${API_KEY}`), and messages are logged at every
// reload.
[[nodiscard]] std::string as_written(const node& scalar);
// The same of the part of its text that counts: whole where a part would give it away.
[[nodiscard]] std::string as_written(const node& scalar, std::string_view part);

// `; did you mean "write:x"?`, or nothing where no known word is near.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string> known);

// `a, b or c`.
[[nodiscard]] std::string either(std::span<const std::string> words);

} // namespace scopegate::config
