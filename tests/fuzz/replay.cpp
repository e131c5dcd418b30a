// The main function of a fuzzer without libFuzzer: plays the files of the given folders, so that old findings
// stay fixed under every compiler and sanitizer. A fault ends the program. Each file is named before it is
// played.
#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

std::vector<std::filesystem::path> files_of(const char* folder)
{
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.is_regular_file())
            files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace

int main(int count, char** folders)
{
    std::size_t played = 0;
    for (int i = 1; i < count; ++i)
        for (const auto& path : files_of(folders[i])) {
            std::cout << path.filename().string() << std::endl;
            std::ifstream file(path, std::ios::binary);
            const std::string bytes(std::istreambuf_iterator<char>(file), {});
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
            ++played;
        }
    std::cout << played << " inputs played\n";
    return played == 0 ? 1 : 0;
}
