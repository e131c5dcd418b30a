// Lists of names in claims: each form, and texts that must not be split in two by surprise.
#include "jose/names_claim.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::jose {
namespace {

using form = names_claim::form;
using names = std::vector<std::string_view>;
using testing::Each;
using testing::SizeIs;

struct row {
    const char* sentence;
    form as;
    const char* claim; // JSON
    names found;
    bool odd = false;
};

TEST(names_claim, reads_each_form)
{
    const row rows[] = {
        {"text is split at spaces", form::space, R"("viewer admin")", {"viewer", "admin"}},
        {"several spaces are one", form::space, R"("  a   b ")", {"a", "b"}},
        {"only spaces split",
         form::space,
         R"("a,b\tc\u00a0d")",
         {"a,b\tc\xC2\xA0"
          "d"}},
        {"an element is never split", form::space, R"(["a b","c"])", {"a b", "c"}},
        {"text is split at commas",
         form::comma,
         R"("Internal/everyone,admin")",
         {"Internal/everyone", "admin"}},
        {"spaces around a name do not count", form::comma, R"(" a b ,, c ,")", {"a b", "c"}},
        {"an element with a comma is one name", form::comma, R"(["a,admin"])", {"a,admin"}},
        {"only spaces and commas", form::comma, R"(" , ,")", {}},
        {"text is one name", form::text, R"("viewer, admin")", {"viewer, admin"}},
        {"a list of texts", form::text, R"(["a","b"])", {"a", "b"}},
        {"empty text is no name", form::text, R"("")", {}},
        {"an object is no text", form::text, R"({"admin":true})", {}, true},
        {"text is no list", form::list, R"("admin")", {}, true},
        {"a list as it is", form::list, R"(["a","b c","a"])", {"a", "b c", "a"}},
        {"an empty list", form::list, "[]", {}},
        {"elements of other types", form::list, R"(["a",1,null,["b"],{"c":true}])", {"a"}, true},
        {"an object's keys", form::keys, R"({"admin":{"1":"x.test"},"viewer":true})", {"admin", "viewer"}},
        {"a key that is denied",
         form::keys,
         R"({"a":false,"b":null,"c":0,"d":"","e":[],"f":{},"g":0.0,"h":-0,"i":0e9})",
         {}},
        {"a key that is granted",
         form::keys,
         R"({"a":true,"b":1,"c":"x","d":[0],"e":{"f":false}})",
         {"a", "b", "c", "d", "e"}},
        {"odd keys are names like any",
         form::keys,
         R"({"":true,"__proto__":1,"constructor":{"x":1},"a b,c":1})",
         {"__proto__", "constructor", "a b,c"}},
        {"text has no keys", form::keys, R"("admin")", {}, true},
        {"a list has no keys", form::keys, R"(["admin"])", {}, true},
        {"an empty object", form::keys, "{}", {}},
        {"roles as keys", form::text_or_keys, R"({"admin":{"1":"x.test"}})", {"admin"}},
        {"keys below a key are no roles", form::text_or_keys, R"({"calendar":{"admin":true}})", {"calendar"}},
        {"a role as text", form::text_or_keys, R"("Internal/everyone,admin")", {"Internal/everyone,admin"}},
        {"roles as a list", form::text_or_keys, R"(["a","b"])", {"a", "b"}},
        {"scopes have no keys unless the file says so", form::space, R"({"read:a":true})", {}, true},
        {"a number", form::space, "7", {}, true},
        {"a boolean", form::keys, "true", {}, true},
    };
    for (const auto& r : rows) {
        const auto claims = json::parse(std::string(R"({"x":)") + r.claim + "}").value();
        const auto listed = names_in(claims, names_claim(json::path("x"), r.as));
        EXPECT_EQ(listed.names, r.found) << r.sentence;
        EXPECT_EQ(listed.odd, r.odd) << r.sentence;
        EXPECT_TRUE(listed.present) << r.sentence;
    }
}

TEST(names_claim, is_absent_or_null)
{
    const names_claim from(json::path("/x/y"));
    for (const auto* claims :
         {"{}", R"({"x":{}})", R"({"x":{"y":null}})", R"({"/x/y":"a"})", R"({"x":"y"})"}) {
        const auto listed = names_in(json::parse(claims).value(), from);
        EXPECT_FALSE(listed.present || listed.odd) << claims;
        EXPECT_TRUE(listed.names.empty()) << claims;
    }
}

TEST(names_claim, reads_a_member_of_each_object)
{
    const row rows[] = {
        {"UMA's permissions",
         form::space,
         R"([{"rsname":"a","scopes":["read:a","write:a"]},{"rsname":"b","scopes":["read:b"]}])",
         {"read:a", "write:a", "read:b"}},
        {"a permission without scopes",
         form::space,
         R"([{"rsname":"a"},{"scopes":null},{"scopes":["x"]}])",
         {"x"}},
        {"text in the member", form::comma, R"([{"scopes":"a,b"}])", {"a", "b"}},
        {"keys in the member", form::keys, R"([{"scopes":{"a":true,"b":false}}])", {"a"}},
        {"no objects", form::space, R"(["scopes",["scopes"],{"scopes":["x"]}])", {"x"}, true},
        {"a member of another form", form::space, R"([{"scopes":7},{"scopes":["x"]}])", {"x"}, true},
        {"an object in place of the list", form::space, R"({"scopes":["x"]})", {}, true},
        {"text in place of the list", form::space, R"("scopes")", {}, true},
        {"an empty list", form::space, "[]", {}},
    };
    for (const auto& r : rows) {
        names_claim from(json::path("/authorization/permissions"), r.as);
        from.each = json::path("scopes");
        const auto claims =
            json::parse(std::string(R"({"authorization":{"permissions":)") + r.claim + "}}").value();
        const auto listed = names_in(claims, from);
        EXPECT_EQ(listed.names, r.found) << r.sentence;
        EXPECT_EQ(listed.odd, r.odd) << r.sentence;
    }
}

TEST(names_claim, never_merges_equal_names_of_different_case_or_spelling)
{
    const auto claims =
        json::parse("{\"x\":{\"Admin\":true,\"admi\\u006e\":true,\"adm\\u0131n\":true}}").value();
    EXPECT_EQ(names_in(claims, names_claim(json::path("x"), form::keys)).names,
              (names{"Admin", "admin", "adm\xC4\xB1n"}));
    EXPECT_FALSE(json::parse(R"({"x":{"admin":false,"adm\u0069n":true}})"))
        << "which of two equal keys counts is ambiguous";
}

TEST(names_claim, takes_long_lists)
{
    std::string text = "[";
    for (int i = 0; i < 5000; ++i)
        text += (i == 0 ? "" : ",") + std::string(R"("role")");
    const auto claims = json::parse(R"({"x":)" + text + "]}").value();
    const auto listed = names_in(claims, names_claim(json::path("x"), form::list));
    EXPECT_THAT(listed.names, SizeIs(5000));
    EXPECT_THAT(listed.names, Each(std::string_view("role")));
}

TEST(names_claim, makes_a_listing_that_it_reads_again)
{
    for (const auto as : {form::space, form::comma, form::text, form::text_or_keys, form::list, form::keys})
        for (const auto* each : {"", "scopes", "/deep/scopes"}) {
            names_claim from(json::path("x"), as);
            if (*each != '\0')
                from.each = json::path(each);
            json::object members;
            members.emplace_back("x", make_listing(from, "read:a, write:a  read:a"));
            const json::value claims(std::move(members));
            const auto listed = names_in(claims, from);
            EXPECT_FALSE(listed.odd) << json::serialize(claims);
            EXPECT_THAT(listed.names, testing::IsSupersetOf({"read:a,", "write:a"}))
                << json::serialize(claims);
        }
}

TEST(names_claim, is_described_as_a_path)
{
    names_claim from(json::path("scp"));
    EXPECT_EQ(from.describe(), "scp");
    from.each = json::path("scopes");
    EXPECT_EQ(from.describe(), "scp[].scopes");
    from.each = json::path("/a/b");
    EXPECT_EQ(from.describe(), "scp[]/a/b");
}

} // namespace
} // namespace scopegate::jose
