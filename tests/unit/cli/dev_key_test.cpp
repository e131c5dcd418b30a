#include "cli/dev_key.hpp"

#include "cli/commands.hpp"
#include "jose/jwks.hpp"
#include "jose/jws.hpp"

#include <gmock/gmock.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace scopegate::cli {
namespace {

namespace fs = std::filesystem;

class dev_keys : public ::testing::Test {
protected:
    dev_keys()
    {
        auto pattern = (fs::temp_directory_path() / "scopegate-key-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw std::runtime_error("mkdtemp");
        folder = pattern;
    }
    ~dev_keys() override { fs::remove_all(folder); }

    [[nodiscard]] std::string file(const char* name) const { return (folder / name).string(); }
    [[nodiscard]] static std::string read(const std::string& name)
    {
        std::ifstream in(name);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    [[nodiscard]] static unsigned mode(const std::string& name)
    {
        struct stat status {};
        return ::stat(name.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
    }

    fs::path folder;
};

TEST_F(dev_keys, are_created_when_missing_and_readable_by_their_owner_only)
{
    const auto made = open_dev_key(file("scopegate-dev-key.pem"), jose::algorithm::es256);
    EXPECT_TRUE(made.created);
    EXPECT_EQ(mode(file("scopegate-dev-key.pem")), 0600U);
    EXPECT_EQ(made.jwks_file, file("scopegate-dev-keys.json"));
    EXPECT_EQ(read(made.jwks_file).find("\"d\""), std::string::npos)
        << "the public file contains the private part";
}

TEST_F(dev_keys, are_kept_when_they_exist)
{
    const auto first = open_dev_key(file("k.pem"), jose::algorithm::es256);
    const auto public_half = read(first.jwks_file);
    const auto second = open_dev_key(file("k.pem"), jose::algorithm::eddsa);
    EXPECT_FALSE(second.created);
    EXPECT_EQ(second.key.kid(), first.key.kid());
    EXPECT_EQ(second.key.alg(), jose::algorithm::es256);
    EXPECT_EQ(read(second.jwks_file), public_half);
}

TEST_F(dev_keys, rewrite_a_missing_public_half)
{
    const auto first = open_dev_key(file("k.pem"), jose::algorithm::es256);
    const auto public_half = read(first.jwks_file);
    fs::remove(first.jwks_file);
    (void)open_dev_key(file("k.pem"), jose::algorithm::es256);
    EXPECT_EQ(read(first.jwks_file), public_half);
}

TEST_F(dev_keys, do_not_overwrite_a_file_that_is_no_key)
{
    std::ofstream(file("notes.pem")) << "remember the milk\n";
    try {
        (void)open_dev_key(file("notes.pem"), jose::algorithm::es256);
        FAIL() << "a text file was taken for a key";
    } catch (const input_error& e) {
        EXPECT_THAT(e.what(), ::testing::HasSubstr("notes.pem"));
        EXPECT_THAT(e.what(), ::testing::Not(::testing::HasSubstr("milk")));
    }
    EXPECT_EQ(read(file("notes.pem")), "remember the milk\n");
}

TEST(jwks_file_of, is_beside_its_key)
{
    EXPECT_EQ(jwks_file_of("scopegate-dev-key.pem"), "scopegate-dev-keys.json");
    EXPECT_EQ(jwks_file_of("dir/ann.pem"), "dir/ann-keys.json");
    EXPECT_EQ(jwks_file_of("ann"), "ann-keys.json");
    EXPECT_EQ(jwks_file_of("my.key"), "my.key-keys.json");
}

} // namespace
} // namespace scopegate::cli
