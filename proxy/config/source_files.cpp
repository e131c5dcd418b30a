#include "config/source_files.hpp"

#include <algorithm>
#include <system_error>

namespace scopegate::config {

source_files::source_files(const std::string& path)
{
    std::error_code ignored;
    auto whole = std::filesystem::absolute(path, ignored).lexically_normal();
    folder_ = whole.parent_path();
    names_.push_back(whole.string());
}

std::string source_files::absolute(std::string_view path) const
{
    return (folder_ / std::filesystem::path(path)).lexically_normal().string();
}

std::string source_files::watch(std::string_view path)
{
    auto whole = absolute(path);
    if (std::find(names_.begin(), names_.end(), whole) == names_.end())
        names_.push_back(whole);
    return whole;
}

} // namespace scopegate::config
