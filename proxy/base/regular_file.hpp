// Reads files that the configuration names.
#pragma once

#include <cstddef>
#include <string>

namespace scopegate {

struct file_content {
    std::string text;
    std::string problem; // why it can't be read; empty on success
};

// Reads a regular file of at most `max_size` bytes. Refuses devices and pipes, because reading one could
// block forever.
[[nodiscard]] file_content read_regular_file(const std::string& path, std::size_t max_size);

} // namespace scopegate
