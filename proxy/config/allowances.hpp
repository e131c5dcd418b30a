// Which warnings a file's author has silenced, and in which lines: `# scopegate: allow NAME, NAME`.
#pragma once

#include "config/warnings.hpp"
#include "policy/requirement.hpp"

#include <bitset>
#include <map>
#include <string_view>
#include <vector>

namespace scopegate::config {

class diagnostics;
struct diagnostic;

// Behind a value, the comment counts for its own line. Alone on a line, it counts for the next line that
// holds more than a comment; above the first key, for warnings about the file as a whole too. Immutable once
// read.
class allowances final {
public:
    // Reads the comments of a file. Reports an error for each name that is not a warning's.
    [[nodiscard]] static allowances read(std::string_view text, diagnostics& out);

    // Returns the warnings that are not silenced, in their order.
    [[nodiscard]] std::vector<diagnostic> filter(std::vector<diagnostic> warnings) const;

private:
    using names = std::bitset<warning_count>;
    std::map<int, names> lines_; // line 0: the file as a whole
};

} // namespace scopegate::config
