#include "http/rare_readings.hpp"

#include <gtest/gtest.h>

namespace scopegate::http {
namespace {

TEST(rare_readings, remove_session_parameters)
{
    struct row {
        std::string_view folded, path;
        std::size_t literal_from;
        const char* why;
    };
    constexpr auto npos = std::string_view::npos;
    const row rows[] = {
        {"/(s(x))/admin", "/admin", 0, "before a name"},
        {"/a/(a(x)f(y))/admin", "/a/admin", 2, "in another place"},
        {"/a/ad/(s(x))min", "/a/admin", 2, "inside a name"},
        {"/admin/(s(x))", "/admin", 0, "behind it"},
        {"/(s(x))/a/(s(y))/b", "/a/b", 0, "twice"},
        {"/(s(x))", "/", npos, "alone"},
        {"/(s())/a", "/a", 0, "an empty one"},
        {"/a", "", npos, "none"},
        {"/(x)/a", "", npos, "no session"},
        {"/(s(x)/a", "", npos, "without its end"},
        {"/(1(x))/a", "", npos, "without a letter"},
        {"/(s(x/y))/a", "", npos, "over two segments"},
        {"/a(s(x))", "", npos, "not at the beginning of a segment"},
    };
    for (const auto& r : rows) {
        const auto without = without_session(r.folded);
        EXPECT_EQ(without.path, r.path) << r.why;
        EXPECT_EQ(without.literal_from, r.literal_from) << r.why;
        EXPECT_TRUE(r.path.empty() || may_hold_session(r.folded)) << r.why;
    }
}

TEST(rare_readings, ignore_a_bare_format)
{
    EXPECT_EQ(without_bare_format("/a/admin/.json", {}).path, "/a/admin");
    EXPECT_EQ(without_bare_format("/a/admin/.json", {}).literal_from, 2U);
    for (const auto* path : {"/admin/a.json", "/admin/..json", "/admin/.", "/.json", "/admin", "/"})
        EXPECT_EQ(without_bare_format(path, {}).path, "") << path;
    EXPECT_EQ(without_bare_format("/admin/.json", {false, false, false, format_rule::keep}).path, "");
}

} // namespace
} // namespace scopegate::http
