#include "base/watched_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace scopegate {
namespace {

class watched_file : public testing::Test {
protected:
    watched_file()
    {
        auto pattern = (std::filesystem::temp_directory_path() / "scopegate-watched-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        std::ofstream(path()) << "one";
    }
    ~watched_file() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::string path() const { return (folder_ / "file").string(); }

    std::filesystem::path folder_;
};

TEST_F(watched_file, has_a_fingerprint_that_changes_with_it)
{
    const auto before = fingerprint_of(path());
    EXPECT_EQ(fingerprint_of(path()), before);
    std::ofstream(path()) << "three";
    EXPECT_NE(fingerprint_of(path()), before);
    std::filesystem::remove(path());
    EXPECT_EQ(fingerprint_of(path()), "-");
}

TEST_F(watched_file, is_open_for_writing_until_its_writer_closes_it)
{
    EXPECT_FALSE(is_open_for_writing(path()));
    EXPECT_FALSE(is_open_for_writing(path() + ".none"));
    std::ifstream reader(path());
    EXPECT_FALSE(is_open_for_writing(path())) << "a reader does not count as a writer";
    std::ofstream writer(path());
    writer << "half" << std::flush;
    EXPECT_TRUE(is_open_for_writing(path()));
    writer.close();
    EXPECT_FALSE(is_open_for_writing(path()));
}

TEST(stability_check, agrees_when_both_see_the_same)
{
    stability_check check;
    EXPECT_FALSE(check.is_stable("a"));
    EXPECT_TRUE(check.is_stable("a"));
    EXPECT_FALSE(check.is_stable("b"));
    EXPECT_FALSE(check.is_stable("a"));
    EXPECT_TRUE(check.is_stable("a"));
}

} // namespace
} // namespace scopegate
