// Listeners and the file system: the files that they create, and those that they leave alone.
#include "net/listener.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace scopegate::net {
namespace {

using testing::HasSubstr;

mode_t mode_of(const std::string& path)
{
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 ? found.st_mode : 0;
}

class masked final {
public:
    explicit masked(mode_t mask) : before_(::umask(mask)) {}
    ~masked() { ::umask(before_); }
    masked(const masked&) = delete;
    masked& operator=(const masked&) = delete;

private:
    mode_t before_;
};

TEST(listener, gives_a_unix_socket_its_mode_whatever_the_umask)
{
    for (const mode_t mask : {0U, 022U, 077U, 0777U})
        for (const bool take_over : {false, true}) {
            const test::temporary_folder folder;
            const auto path = folder.path("gate.sock");
            const masked during(mask);
            const bound_listener listening(unix_endpoint(path), 2, take_over);
            EXPECT_TRUE(S_ISSOCK(mode_of(path)));
            EXPECT_EQ(mode_of(path) & 0777U, 0660U) << "umask " << mask << ", take over " << take_over;
        }
}

TEST(listener, gives_a_unix_socket_the_wanted_mode_and_group)
{
    for (const mode_t mode : {0600U, 0660U, 0666U, 0777U, 0000U})
        for (const bool take_over : {false, true}) {
            const test::temporary_folder folder;
            const auto path = folder.path("gate.sock");
            const masked during(0);
            const bound_listener listening(unix_endpoint(path), 1, take_over,
                                           {mode, std::to_string(::getegid())});
            EXPECT_EQ(mode_of(path) & 07777U, mode) << "take over " << take_over;
        }
}

// Leaves no socket behind on which nobody listens.
TEST(listener, refuses_an_unknown_group)
{
    const test::temporary_folder folder;
    const auto path = folder.path("gate.sock");
    for (const auto* group : {"no-such-group", "-1", "1x", "99999999999", "4294967295"})
        try {
            const bound_listener listening(unix_endpoint(path), 1, false, {0660, group});
            ADD_FAILURE() << group;
        } catch (const boost::system::system_error& refused) {
            EXPECT_THAT(refused.what(), HasSubstr("there is no group \"" + std::string(group) + "\""));
            EXPECT_EQ(mode_of(path), 0U) << group;
        }
}

TEST(listener, replaces_a_socket_that_it_takes_over)
{
    const test::temporary_folder folder;
    const auto path = folder.path("gate.sock");
    const bound_listener first(unix_endpoint(path), 1);
    const bound_listener second(unix_endpoint(path), 1, true);
    EXPECT_TRUE(S_ISSOCK(mode_of(path)));
    EXPECT_EQ(mode_of(path + "~"), 0U) << "the temporary name of the second socket is left behind";
}

// Each row puts another kind of file at the path.
TEST(listener, never_replaces_a_file_that_is_no_socket)
{
    const struct {
        const char* what;
        void (*make)(const std::string& path);
    } rows[] = {
        {"a file", [](const std::string& path) { ::close(::creat(path.c_str(), 0600)); }},
        {"a folder", [](const std::string& path) { ::mkdir(path.c_str(), 0700); }},
        {"a pipe", [](const std::string& path) { ::mkfifo(path.c_str(), 0600); }},
        {"a link", [](const std::string& path) { std::filesystem::create_symlink("elsewhere", path); }},
        {"a file beside", [](const std::string& path) { ::close(::creat((path + "~").c_str(), 0600)); }},
    };
    for (const auto& row : rows)
        for (const bool take_over : {false, true}) {
            if (!take_over && row.what == std::string_view("a file beside"))
                continue; // only a takeover uses that name
            const test::temporary_folder folder;
            const auto path = folder.path("gate.sock");
            row.make(path);
            const auto before = mode_of(path);
            const auto beside = mode_of(path + "~");
            try {
                const bound_listener listening(unix_endpoint(path), 1, take_over);
                ADD_FAILURE() << row.what << " was replaced, take over " << take_over;
            } catch (const boost::system::system_error& refused) {
                EXPECT_THAT(refused.what(), HasSubstr("not a socket")) << row.what;
                EXPECT_THAT(refused.what(), HasSubstr(path)) << row.what;
            }
            EXPECT_EQ(mode_of(path), before) << row.what;
            EXPECT_EQ(mode_of(path + "~"), beside) << row.what;
        }
}

} // namespace
} // namespace scopegate::net
