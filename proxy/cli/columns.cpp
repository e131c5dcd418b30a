#include "cli/columns.hpp"

#include <algorithm>

namespace scopegate::cli {

namespace {

// Counts characters, not bytes: a path may contain UTF-8.
std::size_t width(const std::string& cell) noexcept
{
    return static_cast<std::size_t>(std::count_if(
        cell.begin(), cell.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

} // namespace

void columns::add(std::vector<std::string> cells)
{
    if (widths_.size() < cells.size())
        widths_.resize(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i)
        widths_[i] = std::max(widths_[i], width(cells[i]));
    rows_.push_back(std::move(cells));
}

void columns::print(std::ostream& out) const
{
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out << row[i];
            if (i + 1 < row.size())
                out << std::string(widths_[i] - width(row[i]) + 2, ' ');
        }
        out << '\n';
    }
}

} // namespace scopegate::cli
