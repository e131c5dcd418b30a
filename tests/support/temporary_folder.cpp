#include "support/temporary_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace scopegate::test {

namespace fs = std::filesystem;

temporary_folder::temporary_folder() : path_((fs::temp_directory_path() / "scopegate-test-XXXXXX").string())
{
    if (::mkdtemp(path_.data()) == nullptr)
        throw std::runtime_error("can't make a folder " + path_);
}

temporary_folder::~temporary_folder()
{
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::string temporary_folder::path(std::string_view name) const
{
    return (fs::path(path_) / name).string();
}

std::string temporary_folder::write(std::string_view name, std::string_view text) const
{
    auto at = path(name);
    std::ofstream(at + ".new", std::ios::binary) << text;
    fs::rename(at + ".new", at);
    return at;
}

std::vector<std::string> temporary_folder::files() const
{
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(path_))
        found.push_back(entry.path().string());
    return found;
}

std::string content_of(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace scopegate::test
