// The files that routes.yaml names. Their paths are relative to its folder, and they are watched like
// routes.yaml itself.
#pragma once

#include "base/regular_file.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config {

class source_files final {
public:
    // `path` is that of routes.yaml and not empty.
    explicit source_files(const std::string& path);

    // Returns the absolute form of a path in the file.
    [[nodiscard]] std::string absolute(std::string_view path) const;
    // Does the same, and watches that path from now on, even if it does not exist.
    [[nodiscard]] std::string watch(std::string_view path);
    // Returns absolute paths: routes.yaml first, each once.
    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

private:
    std::filesystem::path folder_;
    std::vector<std::string> names_;
};

} // namespace scopegate::config
