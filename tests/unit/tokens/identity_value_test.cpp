// The forms of identity headers: what each sends, and what no form may send.
#include "tokens/identity_value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace scopegate::tokens {
namespace {

using encoding = policy::identity_header::encoding;
using list_form = policy::identity_header::list_form;
using testing::HasSubstr;

struct row {
    const char* sentence;
    encoding encode;
    list_form list;
    const char* claim;    // JSON
    const char* expected; // the value; in brackets a part of the reason for no value; empty: nothing to send
};

std::string written(encoding encode, list_form list, const json::value& claim)
{
    policy::identity_header how;
    how.name = "X-Value";
    how.encode = encode;
    how.list = list;
    std::string out;
    const auto why = append_identity_value(how, claim, out);
    return why.empty() ? out : "[" + std::string(why) + "]";
}

TEST(identity_value, has_the_form_that_the_file_chose)
{
    const auto plain = encoding::none, percent = encoding::percent, base64url = encoding::base64url,
               json = encoding::json;
    const auto space = list_form::space, comma = list_form::comma, as_json = list_form::json;
    const row rows[] = {
        {"text as it is", plain, space, R"("Cem \u00d6zdemir")", "Cem \xC3\x96zdemir"},
        {"a number by its text", plain, space, "1.50e2", "1.50e2"},
        {"percent-encoded", percent, space, R"("Cem \u00d6zdemir")", "Cem%20%C3%96zdemir"},
        {"only unreserved characters stay", percent, space, R"("aZ0-._~!*'()+/%,\"")",
         "aZ0-._~%21%2A%27%28%29%2B%2F%25%2C%22"},
        {"base64url without padding", base64url, space, R"("Cem \u00d6zdemir")", "Q2VtIMOWemRlbWly"},
        {"a character beyond the basic plane", base64url, space, R"("\ud83d\ude00")", "8J-YgA"},
        {"JSON in ASCII", json, space, R"("Cem \u00d6zdemir")", R"("Cem \u00d6zdemir")"},
        {"JSON of a character beyond the basic plane", json, space, R"("\ud83d\ude00")", R"("\ud83d\ude00")"},
        {"JSON of a character with three bytes", json, space, R"("\u20ac")", R"("\u20ac")"},
        {"JSON of a number", json, space, "7", "7"},
        {"JSON of an object", json, space, R"({"\u00d6":[true,null,"a\"b"]})",
         R"({"\u00d6":[true,null,"a\"b"]})"},
        {"no form but JSON has objects", plain, space, R"({"a":1})", "[object"},
        {"nor percent", percent, as_json, R"({"a":1})", "[object"},
        {"spaces at the beginning would be trimmed", plain, space, R"(" a")", "[space"},
        {"and those at the end", plain, space, R"("a ")", "[space"},
        {"but not if they are encoded", percent, space, R"(" a ")", "%20a%20"},
        {"nothing", plain, space, "null", ""},
        {"empty text", base64url, space, R"("")", ""},
        {"an empty list", plain, comma, "[]", ""},
        {"an empty list as JSON", plain, as_json, "[]", "[]"},

        {"a list, joined by spaces", plain, space, R"(["sales","admins",5,true])", "sales admins 5 true"},
        {"an element with a space", plain, space, R"(["Domain Users","admins"])", "[contains a space"},
        {"the same with commas", plain, comma, R"(["Domain Users","admins"])", "Domain Users, admins"},
        {"the same, encoded", percent, space, R"(["Domain Users","admins"])", "Domain%20Users admins"},
        {"an element with a comma", plain, comma, R"(["CN=a,OU=b"])", "[contains a comma"},
        {"the same, encoded", percent, comma, R"(["CN=a,OU=b","c"])", "CN%3Da%2COU%3Db, c"},
        {"a quote begins a quoted-string for some readers", plain, comma, R"(["\"a","b\""])", "[a quote"},
        {"spaces around an element", plain, comma, R"(["a "," b"])", "[space"},
        {"an empty element", percent, comma, R"(["a",""])", "[empty"},
        {"a nested element", plain, comma, R"(["a",["b"]])", "[JSON"},
        {"a null element", plain, space, R"(["a",null])", "[JSON"},
        {"base64url of each element", base64url, comma, R"(["a","b c"])", "YQ, YiBj"},
        {"as JSON", plain, as_json, R"(["Domain Users","\u00d6, \"x\"",5])",
         R"(["Domain Users","\u00d6, \"x\"",5])"},
        {"JSON, encoded as a whole", base64url, as_json, R"(["a"])", "WyJhIl0"},
        {"text is a list of one", plain, as_json, R"("admins")", R"(["admins"])"},
        {"text with the separator", plain, comma, R"("viewer,admin")", "[contains a comma"},
        {"text with spaces is not a list", plain, space, R"("Ann Lee")", "Ann Lee"},
    };
    for (const auto& r : rows) {
        const auto value = written(r.encode, r.list, json::parse(r.claim).value());
        const std::string expected = r.expected;
        if (expected.starts_with('[') && !expected.ends_with(']')) {
            EXPECT_THAT(value, HasSubstr(expected.substr(1))) << r.sentence;
            EXPECT_EQ(value.front(), '[') << r.sentence;
        } else {
            EXPECT_EQ(value, expected) << r.sentence;
        }
    }
}

// CR and LF end a header for every recipient, and other controls for some.
TEST(identity_value, never_has_a_control_character_in_any_form)
{
    const char* const rows[] = {
        R"("a\r\nX-Admin: 1")",
        R"("a\nb")",
        R"("a\rb")",
        R"("a\u0000b")",
        R"("a\tb")",
        R"("\u001f")",
        R"("a\u007f")",
        R"("a\u0085b")",
        R"("\u009b1m")",
        R"(["a","b\nc"])",
        R"({"a":"b\n"})",
        R"({"a\n":1})",
        R"([{"a":["\r"]}])",
        R"({"a":{"\u0080":1}})",
    };
    for (const auto* claim : rows)
        for (const auto encode : {encoding::none, encoding::percent, encoding::base64url, encoding::json})
            for (const auto list : {list_form::space, list_form::comma, list_form::json})
                EXPECT_EQ(written(encode, list, json::parse(claim).value()),
                          "[it contains a control character]")
                    << claim;
}

// Obs-text is read as Latin-1 by some recipients and refused by others.
TEST(identity_value, is_visible_ascii_once_encoded)
{
    const char* const rows[] = {R"("\u00e9\u2028\ufeff\ud83d\ude00")", R"(["\u00e9","\uffff"])",
                                R"("\u00a0a\u00ad")"};
    const auto is_visible = [](char c) { return c >= 0x20 && c < 0x7f; };
    for (const auto* claim : rows)
        for (const auto encode : {encoding::percent, encoding::base64url, encoding::json}) {
            const auto value = written(encode, list_form::space, json::parse(claim).value());
            EXPECT_TRUE(std::all_of(value.begin(), value.end(), is_visible)) << value;
            EXPECT_THAT(value, testing::Not(HasSubstr("it "))) << value;
        }
    for (const auto* broken :
         {R"("\ud800")", R"("\udc00\ud800")", "\"\xFF\"", "\"\xC3\"", "\"\xED\xA0\x80\""})
        EXPECT_FALSE(json::parse(broken)) << "no such claim reaches a header: " << broken;
}

} // namespace
} // namespace scopegate::tokens
