// The files that routes.yaml names. Their paths are relative to its folder, and all of them are watched as it
// is.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config {

struct file_content {
    std::string text;
    std::string problem; // why it can't be read; empty: it was
};

// Reads a regular file of at most `max_size` bytes. Devices and pipes are refused: reading one could wait
// forever.
[[nodiscard]] file_content read_regular_file(const std::string& path, std::size_t max_size);

class source_files final {
public:
    // `path`: routes.yaml's own, not empty.
    explicit source_files(const std::string& path);

    // The absolute form of a path of the file.
    [[nodiscard]] std::string absolute(std::string_view path) const;
    // The same, which is watched from now on, whether it is there or not.
    [[nodiscard]] std::string watch(std::string_view path);
    // Absolute: routes.yaml first, each once.
    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

private:
    std::filesystem::path folder_;
    std::vector<std::string> names_;
};

} // namespace scopegate::config
