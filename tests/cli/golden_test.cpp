// Golden tests of the command line. Each folder of tests/cases/cli is a case. A shell runs its `cmd` in an
// empty folder with the files of `given/` and of the case. The input is `stdin`, if it exists. The results
// are compared with `expect.stdout`, `expect.stderr` (absent: no output is allowed) and `exit` (absent: 0).
// In an expected line, `{{...}}` is a regular expression; a line `{{*}}` stands for all the rest. With
// SCOPEGATE_GOLDEN=write, the results are written as the new expectations.
#include "support/places.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace scopegate {
namespace {

namespace fs = std::filesystem;

const fs::path cases = fs::path(SCOPEGATE_TEST_CASES) / "cli";

std::string read(const fs::path& file)
{
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write(const fs::path& file, const std::string& text)
{
    if (text.empty())
        fs::remove(file);
    else
        std::ofstream(file, std::ios::binary) << text;
}

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

bool line_matches(const std::string& expected, const std::string& line)
{
    if (expected.find("{{") == std::string::npos)
        return expected == line;
    std::string pattern;
    for (std::size_t at = 0; at < expected.size();) {
        const auto open = std::min(expected.find("{{", at), expected.size());
        for (; at < open; ++at)
            pattern += std::string(std::isalnum(static_cast<unsigned char>(expected[at])) != 0 ? "" : "\\") +
                       expected[at];
        if (open == expected.size())
            break;
        const auto close = expected.find("}}", open);
        pattern += "(" + expected.substr(open + 2, close - open - 2) + ")";
        at = close + 2;
    }
    return std::regex_match(line, std::regex(pattern));
}

bool text_matches(const std::string& expected, const std::string& text)
{
    const auto wanted = lines_of(expected);
    const auto lines = lines_of(text);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == "{{*}}")
            return true;
        if (i >= lines.size() || !line_matches(wanted[i], lines[i]))
            return false;
    }
    return wanted.size() == lines.size();
}

// A folder for one case, removed with this object.
class workplace final {
public:
    explicit workplace(const fs::path& test_case)
    {
        auto pattern = (fs::temp_directory_path() / "scopegate-golden-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw std::runtime_error("mkdtemp");
        at = pattern;
        fs::create_directory(at / "here");
        for (const auto& from : {cases / "given", test_case})
            for (const auto& file : fs::directory_iterator(from))
                fs::copy(file, at / "here" / file.path().filename(),
                         fs::copy_options::overwrite_existing | fs::copy_options::recursive);
        for (const auto* own : {"cmd", "stdin", "expect.stdout", "expect.stderr", "exit"})
            fs::remove(at / "here" / own);
    }
    ~workplace()
    {
        std::error_code ignored;
        fs::remove_all(at, ignored);
    }
    workplace(const workplace&) = delete;
    workplace& operator=(const workplace&) = delete;

    int run(const fs::path& test_case) const
    {
        const auto input = fs::exists(test_case / "stdin") ? test_case / "stdin" : fs::path("/dev/null");
        const auto line =
            "cd '" + (at / "here").string() + "' && env -i HOME=/nonexistent LANG=C.UTF-8 PATH='" +
            fs::path(SCOPEGATE_PROGRAM).parent_path().string() + ":/usr/bin:/bin' sh '" +
            (test_case / "cmd").string() + "' < '" + input.string() + "' > ../stdout 2> ../stderr";
        const int status = std::system(line.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    fs::path at;
};

class golden : public ::testing::TestWithParam<std::string> {};

TEST_P(golden, matches_the_expected_output)
{
    const auto test_case = cases / GetParam();
    const workplace place(test_case);
    const int exit = place.run(test_case);
    const auto out = read(place.at / "stdout");
    const auto err = read(place.at / "stderr");
    if (const auto* mode = std::getenv("SCOPEGATE_GOLDEN"); mode != nullptr && std::string(mode) == "write") {
        write(test_case / "expect.stdout", out);
        write(test_case / "expect.stderr", err);
        write(test_case / "exit", exit == 0 ? "" : std::to_string(exit) + "\n");
        return;
    }
    const auto expected_exit = read(test_case / "exit");
    EXPECT_EQ(exit, expected_exit.empty() ? 0 : std::stoi(expected_exit)) << read(test_case / "cmd") << err;
    if (const auto expected = read(test_case / "expect.stdout"); !text_matches(expected, out)) {
        EXPECT_EQ(out, expected) << "standard output of: " << read(test_case / "cmd");
    }
    if (const auto expected = read(test_case / "expect.stderr"); !text_matches(expected, err)) {
        EXPECT_EQ(err, expected) << "standard error of: " << read(test_case / "cmd");
    }
}

std::vector<std::string> names()
{
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(cases))
        if (fs::exists(entry.path() / "cmd"))
            found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
}

INSTANTIATE_TEST_SUITE_P(cli, golden, ::testing::ValuesIn(names()),
                         [](const auto& test) { return test.param; });

} // namespace
} // namespace scopegate
