// Prints text in aligned columns. Each column is as wide as its widest cell, two spaces apart, and the last
// one is not padded.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace scopegate::cli {

class columns final {
public:
    void add(std::vector<std::string> cells);
    void print(std::ostream& out) const;

private:
    std::vector<std::vector<std::string>> rows_;
    std::vector<std::size_t> widths_;
};

} // namespace scopegate::cli
