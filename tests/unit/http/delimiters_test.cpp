#include "http/delimiters.hpp"

#include <gtest/gtest.h>

namespace scopegate::http {
namespace {

TEST(decode_delimiters, decodes_characters_that_a_path_may_contain)
{
    struct row {
        std::string_view normalized, decoded;
        const char* why;
    };
    const row rows[] = {
        {"plain", "plain", "nothing to decode"},
        {"%2A", "*", "a sub-delimiter"},
        {"%24metadata", "$metadata", "before a name"},
        {"a%21%27%28%29%2B%2C%3D%3A%40", "a!'()+,=:@", "all of them"},
        {"%3B", "%3B", "a parameter begins at a semicolon"},
        {"%2F%3F%23%25%5B%7C", "%2F%3F%23%25%5B%7C", "what a path can't hold"},
        {"%C3%A9", "%C3%A9", "a letter beyond ASCII"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(decode_delimiters(r.normalized), r.decoded) << r.why;
}

} // namespace
} // namespace scopegate::http
