#include "control/startup_memory.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <string>

namespace scopegate::control {
namespace {

// Returns the resident pages of files, in KiB.
std::size_t of_files()
{
    std::ifstream status("/proc/self/status");
    const std::string name = "RssFile:";
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(name))
            return std::stoul(line.substr(name.size()));
    return 0;
}

TEST(startup_memory, is_returned_to_the_system)
{
    const auto before = of_files();
    release_startup_memory();
    const auto after = of_files();
    EXPECT_LT(after, before);
}

} // namespace
} // namespace scopegate::control
