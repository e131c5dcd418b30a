#include "cli/columns.hpp"

#include "base/utf8.hpp"

#include <algorithm>

namespace scopegate::cli {

void columns::add(std::vector<std::string> cells)
{
    if (widths_.size() < cells.size())
        widths_.resize(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i)
        widths_[i] = std::max(widths_[i], count_characters(cells[i]));
    rows_.push_back(std::move(cells));
}

void columns::print(std::ostream& out) const
{
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out << row[i];
            if (i + 1 < row.size())
                out << std::string(widths_[i] - count_characters(row[i]) + 2, ' ');
        }
        out << '\n';
    }
}

} // namespace scopegate::cli
