#include "observe/http_date.hpp"

#include <gtest/gtest.h>

namespace scopegate::observe {
namespace {

using namespace std::chrono_literals;

wall_time at(std::chrono::milliseconds since_epoch)
{
    return wall_time(since_epoch);
}

struct date_row {
    std::chrono::milliseconds when;
    const char* http;
    const char* rfc3339;
};

TEST(dates, are_written_in_the_standard_format)
{
    const date_row rows[] = {
        {0ms, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z"},
        {784111777250ms, "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.250Z"},
        {784111777999ms, "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.999Z"},
        {1709164800005ms, "Thu, 29 Feb 2024 00:00:00 GMT", "2024-02-29T00:00:00.005Z"},
        {253402300799000ms, "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59.000Z"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(http_date(at(row.when)), row.http);
        std::string text = "t=";
        append_rfc3339(text, at(row.when));
        EXPECT_EQ(text, std::string("t=") + row.rfc3339);
    }
}

TEST(dates, follow_a_clock_that_is_set_back)
{
    (void)http_date(at(784111777250ms));
    EXPECT_EQ(http_date(at(784111776000ms)), "Sun, 06 Nov 1994 08:49:36 GMT");
}

} // namespace
} // namespace scopegate::observe
