#include "base/json_writer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace scopegate::json {
namespace {

TEST(json_writer, puts_commas_between_members_and_elements)
{
    std::string out;
    writer json(out);
    json.open_object().member("a", 1).member("b", "x").name("c").open_array();
    json.open_object().close_object().open_array().close_array().value(nullptr).value(true);
    json.close_array().name("d").open_object().member("e", false).close_object().close_object();
    EXPECT_EQ(out, R"({"a":1,"b":"x","c":[{},[],null,true],"d":{"e":false}})");
    EXPECT_TRUE(parse(out));
}

TEST(json_writer, escapes_texts_and_foreign_names)
{
    std::string out;
    writer(out)
        .open_object()
        .member("a", "\"\n{")
        .escaped_name("b\",[")
        .value("[")
        .member("c", ":")
        .close_object();
    EXPECT_EQ(out, R"({"a":"\"\n{","b\",[":"[","c":":"})");
    EXPECT_TRUE(parse(out));
}

TEST(json_writer, writes_the_longest_numbers)
{
    std::string out;
    writer json(out);
    json.open_array().value(std::numeric_limits<std::uint64_t>::max());
    json.value(std::numeric_limits<std::int64_t>::min()).value(std::uint8_t{7}).close_array();
    EXPECT_EQ(out, "[18446744073709551615,-9223372036854775808,7]");
}

TEST(json_writer, takes_text_that_is_json_already)
{
    std::string out;
    writer json(out);
    json.open_object().name("a").raw() += "1.250";
    json.member_list("b", std::vector<std::string>{"x", "y"}).member_list("c", std::vector<std::string>{});
    json.close_object();
    EXPECT_EQ(out, R"({"a":1.250,"b":["x","y"],"c":[]})");
}

TEST(json_writer, continues_an_open_object)
{
    std::string out = R"({"a":1)";
    writer(out).member("b", 2).close_object();
    EXPECT_EQ(out, R"({"a":1,"b":2})");
}

} // namespace
} // namespace scopegate::json
