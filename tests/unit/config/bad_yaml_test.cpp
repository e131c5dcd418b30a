// Each broken file in tests/cases/bad_yaml must cause exactly the messages in NAME.expect. Each message is
// one line, `line:col: message`, in the order of the file. Line 0 stands for the file as a whole. The files
// may use the environment variables SET, LIST and GAP.
#include "config/load.hpp"
#include "support/places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace scopegate::config {
namespace {

const std::filesystem::path folder = std::filesystem::path(SCOPEGATE_TEST_CASES) / "bad_yaml";

std::vector<std::string> names()
{
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".yaml")
            out.push_back(entry.path().stem().string());
    std::sort(out.begin(), out.end());
    return out;
}

std::string content(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

loaded load(const std::string& name)
{
    return load_file((folder / (name + ".yaml")).string(), [](const std::string& variable) {
        return variable == "SET"    ? std::optional<std::string>("set")
               : variable == "LIST" ? std::optional<std::string>("a, b")
               : variable == "GAP"  ? std::optional<std::string>("a,,b")
                                    : std::nullopt;
    });
}

class bad_yaml : public testing::TestWithParam<std::string> {};

TEST_P(bad_yaml, has_these_errors_and_no_policy)
{
    const auto result = load(GetParam());
    std::string said;
    for (const auto& e : result.errors)
        said += std::to_string(e.at.line) + ':' + std::to_string(e.at.column) + ": " + e.message + '\n';
    EXPECT_EQ(said, content(folder / (GetParam() + ".expect")));
    EXPECT_EQ(result.policy, nullptr);
    EXPECT_FALSE(result.errors.empty());
}

INSTANTIATE_TEST_SUITE_P(files, bad_yaml, testing::ValuesIn(names()), [](const auto& p) { return p.param; });

TEST(bad_yaml_files, cover_many_mistakes)
{
    EXPECT_GE(names().size(), 60U);
}

TEST(bad_yaml_files, never_show_a_secret)
{
    for (const auto& name : names())
        for (const auto& e : load(name).errors) {
            EXPECT_THAT(e.message, testing::Not(testing::HasSubstr("hunter2"))) << name;
            EXPECT_THAT(e.message, testing::Not(testing::HasSubstr("0123456789abcdef"))) << name;
        }
}

} // namespace
} // namespace scopegate::config
