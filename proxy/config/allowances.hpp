// The warnings that the author of a file has silenced, by line: `# scopegate: allow NAME, NAME`.
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

// After a value, the comment applies to its own line. Alone on a line, it applies to the next line that
// contains more than a comment. Above the first key, it also applies to warnings about the file as a whole.
// Immutable once read.
class allowances final {
public:
    // Reads the comments of a file. Reports an error for each name that is not the name of a warning.
    [[nodiscard]] static allowances read(std::string_view text, diagnostics& out);

    // Returns the warnings that are not silenced, in their order.
    [[nodiscard]] std::vector<diagnostic> filter(std::vector<diagnostic> warnings) const;

private:
    using names = std::bitset<warning_count>;
    std::map<int, names> lines_; // line 0: the file as a whole
};

} // namespace scopegate::config
