// The readings of a path besides its folded form, and their maximum number.
#include "http/readings.hpp"

#include "support/allocations.hpp"

#include <gtest/gtest.h>

#include <string>

namespace scopegate::http {
namespace {

// Returns the distinct readings of a path in their order, each behind a blank.
std::string readings_of(std::string_view path, const path_rules& rules = {}, const spelled_out& spelled = {})
{
    std::string out, scratch;
    any_other_reading(path, rules, spelled, scratch, [&](const read_path& read) {
        const auto word = " " + std::string(read.path);
        if ((out + " ").find(word + " ") == std::string::npos)
            out += word;
        return false;
    });
    return out;
}

TEST(readings, drop_formats_and_scripts)
{
    struct row {
        std::string_view path;
        std::string_view readings;
        const char* why;
    };
    const row rows[] = {
        {"/export", "", "no dot"},
        {"/export.json", " /export", "a format"},
        {"/export.tar.gz", " /export /export.tar", "a format of two parts"},
        {"/a.b/export", "", "a dot in another segment"},
        {"/.export", "", "no name before the dot"},
        {"/..export", "", "nor before two"},
        {"/.a.json", " /.a", "a name that begins with a dot"},
        {"/report.php/x", " /report.php /report /x", "a script"},
        {"/REPORT.PHP/X", " /report.php /report /x /report.php/x", "in capitals"},
        {"/report.php", " /report", "a script with nothing behind it is a name with a format"},
        {"/a/report.php/x", " /a/report.php /a/report", "a script in a folder routes nothing"},
        {"/a/index.php/x", " /a/index.php /a/index /x /a/x", "but a front controller does"},
        {"/index.php/report.php/x",
         " /index.php /index /report.php/x /report.php /report /index.php/report.php /index.php/report",
         "a script behind a front controller"},
        {"/index.php/x.json", " /index.php/x /index.php /index /x.json /x", "a format behind one"},
        {"/report.phps/x", "", "another ending"},
        {"/a/index.html", " /a/index /a", "a folder's index"},
        {"/a.pl/b.php/c", " /a.pl /a /b.php/c /b.php /b /a.pl/b.php /a.pl/b",
         "each name that looks like a script"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(readings_of(r.path), r.readings) << r.path << ": " << r.why;
}

TEST(readings, follow_the_rules_of_the_file)
{
    const path_rules keep{false, false, false, format_rule::keep};
    EXPECT_EQ(readings_of("/export.json", keep), "");
    EXPECT_EQ(readings_of("/report.php/x", keep), " /report.php /x");
    EXPECT_EQ(readings_of("/export.json", {}, {false, true}), "");
    EXPECT_EQ(readings_of("/report.php/x", {}, {true, false}), "");
    EXPECT_EQ(readings_of("/report.php/x.json", {}, {true, false}), " /report.php/x");
    EXPECT_EQ(readings_of("/index.php/x.json", {}, {false, true}), " /index.php /index /x.json");
}

TEST(readings, are_bounded_in_number)
{
    const path_rules all{false, true, true, format_rule::reject};
    const std::string_view worst = "/a.%20/%20/;b/index.php/c.php/%2F/d.e.f%3Fx/y.z.%20";
    std::string scratch;
    std::size_t count = 0;
    const auto read_all = [&] {
        return any_other_reading(worst, all, {}, scratch, [&](const read_path& read) {
            ++count;
            return !read.path.starts_with('/');
        });
    };
    EXPECT_FALSE(read_all());
    EXPECT_GT(count, 31U);
    EXPECT_LE(count, 32U * 52U);
}

} // namespace
} // namespace scopegate::http
