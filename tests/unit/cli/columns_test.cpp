#include "cli/columns.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace scopegate::cli {
namespace {

TEST(columns, are_as_wide_as_their_widest_cell_and_leave_no_space_at_the_end)
{
    columns table;
    table.add({"METHOD", "PATH", "NEEDS"});
    table.add({"GET", "/caf\xC3\xA9", "public"});
    table.add({"DELETE", "/a", ""});
    std::ostringstream out;
    table.print(out);
    EXPECT_EQ(out.str(), "METHOD  PATH   NEEDS\n"
                         "GET     /caf\xC3\xA9  public\n"
                         "DELETE  /a     \n");
}

} // namespace
} // namespace scopegate::cli
