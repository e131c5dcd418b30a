// A test's own folder, which is removed at its end, and the files that the test puts there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::test {

class temporary_folder final {
public:
    temporary_folder();
    ~temporary_folder();
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; } // absolute
    [[nodiscard]] std::string path(std::string_view name) const;             // the path of a file in it
    // Writes the file, or replaces it atomically as a deployment does. Returns its path.
    std::string write(std::string_view name, std::string_view text) const;
    // Returns the full paths of its files.
    [[nodiscard]] std::vector<std::string> files() const;

private:
    std::string path_;
};

[[nodiscard]] std::string content_of(const std::string& path);

} // namespace scopegate::test
