#include "base/json.hpp"

#include <gmock/gmock.h>

#include <ostream>

namespace scopegate::json {

void PrintTo(const value& v, std::ostream* out)
{
    *out << serialize(v);
}

namespace {

using testing::ElementsAre;
using testing::Optional;

struct text_row {
    const char* sentence;
    std::string_view text;
};

TEST(json_text, escapes_characters_that_end_a_line_for_some_readers)
{
    std::string out;
    json::append_quoted(out, "a\xC2\x85"
                             "b\xE2\x80\xA8"
                             "c\xE2\x80\xA9"
                             "d\xC2\x9B"
                             "e\xC3\xA9\xC2\xA0");
    EXPECT_EQ(out, "\"a\\u0085b\\u2028c\\u2029d\\u009be\xC3\xA9\xC2\xA0\"");
}

TEST(json_parse, refuses_anything_but_one_strict_value)
{
    const text_row rows[] = {
        {"nothing at all", ""},
        {"white space only", " \n"},
        {"two values", "1 2"},
        {"something behind the value", R"({"a":1}x)"},
        {"a NUL behind the value", std::string_view("{}\0", 3)},
        {"a byte order mark", "\xEF\xBB\xBF{}"},
        {"a member twice", R"({"a":1,"a":1})"},
        {"a member twice, once escaped", R"({"scope":"a","sc\u006fpe":"b"})"},
        {"a member twice, deep inside", R"([{"x":{"aud":1,"b":2,"aud":3}}])"},
        {"an empty name twice", R"({"":1,"":2})"},
        {"a comment", "/* */ {}"},
        {"a trailing comma in an object", R"({"a":1,})"},
        {"a trailing comma in an array", "[1,]"},
        {"a single-quoted string", "{'a':1}"},
        {"a name without quotes", "{a:1}"},
        {"an object that does not end", R"({"a":1)"},
        {"a string that does not end", R"("abc)"},
        {"a raw control character in a string", "\"a\nb\""},
        {"a raw NUL in a string", std::string_view("\"a\0b\"", 5)},
        {"an unknown escape", R"("\x41")"},
        {"a short unicode escape", R"("\u12")"},
        {"a lone high surrogate", R"("\ud800")"},
        {"a lone low surrogate", R"("\udc00")"},
        {"a high surrogate and a plain character", R"("\ud800a")"},
        {"two high surrogates", R"("\ud800\ud800")"},
        {"a lone surrogate in a name", R"({"\udfff":1})"},
        {"a lone continuation byte", "\"\x80\""},
        {"an overlong slash", "\"\xC0\xAF\""},
        {"a surrogate as UTF-8", "\"\xED\xA0\x80\""},
        {"above the last code point", "\"\xF4\x90\x80\x80\""},
        {"a cut UTF-8 sequence", "\"\xE2\x82\""},
        {"invalid UTF-8 in a name", "{\"\xFF\":1}"},
        {"a leading zero", "01"},
        {"a leading plus", "+1"},
        {"a dot without digits", "1."},
        {"a dot without an integer", ".5"},
        {"an exponent without digits", "1e"},
        {"a hexadecimal number", "0x10"},
        {"not a number", "NaN"},
        {"infinity", "Infinity"},
        {"a literal in capitals", "True"},
        {"a literal cut short", "nul"},
    };
    for (const auto& row : rows)
        EXPECT_FALSE(parse(row.text).has_value()) << row.sentence << ": " << row.text;
}

TEST(json_parse, accepts_all_that_rfc_8259_allows)
{
    const struct {
        const char* sentence;
        std::string_view text, compact;
    } rows[] = {
        {"white space on all sides", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n", R"({"a":[1,2]})"},
        {"a bare string", R"("a")", R"("a")"},
        {"members in the order of the text", R"({"b":1,"a":2})", R"({"b":1,"a":2})"},
        {"names that differ by letter case", R"({"a":1,"A":2})", R"({"a":1,"A":2})"},
        {"the same name in two objects", R"([{"a":1},{"a":1}])", R"([{"a":1},{"a":1}])"},
        {"escapes", R"("\u0041\/\"\\\n")", R"("A/\"\\\n")"},
        {"a surrogate pair", R"("\ud83d\ude00")", "\"\xF0\x9F\x98\x80\""},
        {"an escaped NUL", R"("a\u0000b")", R"("a\u0000b")"},
        {"the largest code point", "\"\xF4\x8F\xBF\xBF\"", "\"\xF4\x8F\xBF\xBF\""},
        {"numbers as they were written", "[1.0,1e3,-0,12345678901234567890123,0.10]",
         "[1.0,1e3,-0,12345678901234567890123,0.10]"},
        {"literals", "[true,false,null]", "[true,false,null]"},
        {"nothing inside", R"([{},[],""])", R"([{},[],""])"},
    };
    for (const auto& row : rows) {
        const auto v = parse(row.text);
        ASSERT_TRUE(v.has_value()) << row.sentence << ": " << row.text;
        EXPECT_EQ(serialize(*v), row.compact) << row.sentence;
    }
}

TEST(json_parse, keeps_long_strings_and_names_whole)
{
    // Longer than any buffer in which the parser delivers pieces, with an escape in the middle.
    const std::string run(5000, 'x');
    const auto v = parse("{\"" + run + "\\u0041" + run + "\":\"" + run + "\\n" + run + "\"}");
    ASSERT_TRUE(v.has_value());
    const auto* found = v->find(run + "A" + run);
    ASSERT_NE(found, nullptr);
    EXPECT_THAT(*found->if_string(), run + "\n" + run);
}

TEST(json_parse, keeps_to_its_limits)
{
    const limits bounds{.bytes = 40, .depth = 3};
    EXPECT_TRUE(parse("[[[1]]]", bounds).has_value());
    EXPECT_FALSE(parse("[[[[1]]]]", bounds).has_value()) << "deeper than 3";
    EXPECT_FALSE(parse(R"({"a":[{"b":[]}]})", bounds).has_value()) << "objects and arrays count alike";
    EXPECT_TRUE(parse('"' + std::string(38, 'x') + '"', bounds).has_value());
    EXPECT_FALSE(parse('"' + std::string(39, 'x') + '"', bounds).has_value()) << "longer than 40 bytes";
    EXPECT_FALSE(parse(std::string(1'000'000, '['), {.bytes = 2'000'000, .depth = 16}).has_value());
}

TEST(json_parse, finds_a_duplicate_among_many_members)
{
    std::string text = "{";
    for (int i = 0; i < 1000; ++i)
        text += "\"n" + std::to_string(i) + "\":0,";
    EXPECT_TRUE(parse(text + "\"last\":0}").has_value());
    EXPECT_FALSE(parse(text + "\"n0\":0}").has_value());
    EXPECT_FALSE(parse(text + "\"n99\\u0039\":0}").has_value());
}

TEST(json_value, converts_to_its_own_kind_only)
{
    const auto v = parse(R"({"s":"text","n":1.5,"b":true,"z":null,"a":[1],"o":{"x":1}})");
    ASSERT_TRUE(v.has_value());
    EXPECT_EQ(v->type(), value::kind::members);
    EXPECT_EQ(v->find("missing"), nullptr);
    EXPECT_EQ(v->find("s")->find("x"), nullptr) << "a string has no members";
    EXPECT_EQ(*v->find("s")->if_string(), "text");
    EXPECT_EQ(v->find("s")->if_array(), nullptr);
    EXPECT_EQ(v->find("s")->if_number(), std::nullopt);
    EXPECT_THAT(v->find("n")->if_number(), Optional(1.5));
    EXPECT_EQ(v->find("n")->if_string(), nullptr);
    EXPECT_THAT(v->find("b")->if_bool(), Optional(true));
    EXPECT_EQ(v->find("n")->if_bool(), std::nullopt);
    EXPECT_TRUE(v->find("z")->is_null());
    EXPECT_EQ(v->find("a")->if_array()->size(), 1U);
    EXPECT_EQ(v->find("a")->if_object(), nullptr);
    EXPECT_EQ(v->find("o")->if_object()->front().first, "x");
}

TEST(json_value, returns_a_scalar_as_it_was_written)
{
    const struct {
        const char* text;
        std::optional<std::string_view> scalar;
    } rows[] = {{"\"a b\"", "a b"},     {"1.50", "1.50"},      {"-0", "-0"},
                {"true", "true"},       {"false", "false"},    {"\"\"", ""},
                {"null", std::nullopt}, {"[1]", std::nullopt}, {"{}", std::nullopt}};
    for (const auto& row : rows)
        EXPECT_EQ(parse(row.text)->scalar_text(), row.scalar) << row.text;
}

TEST(json_value, reads_numbers_that_a_double_holds)
{
    EXPECT_THAT(parse("1e3")->if_number(), Optional(1000.0));
    EXPECT_THAT(parse("-12.25")->if_number(), Optional(-12.25));
    EXPECT_THAT(parse("12345678901234567890")->if_number(), Optional(12345678901234567890.0));
    EXPECT_EQ(value::number("1e400").if_number(), std::nullopt);
}

TEST(json_value, compares_by_content)
{
    const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {R"({"a":1,"b":[2,"x"]})", R"({"b":[2,"x"],"a":1})", true}, // the members of an object are unordered
        {R"([1,2])", R"([2,1])", false},
        {"1", "1.0", false}, // numbers compare by their text
        {"1", R"("1")", false},
        {"true", R"("true")", false},
        {"null", R"("")", false},
        {"{}", "[]", false},
        {R"({"a":1})", R"({"a":1,"b":2})", false},
        {R"({"a":1})", R"({"a":2})", false},
    };
    for (const auto& row : rows)
        EXPECT_EQ(*parse(row.a) == *parse(row.b), row.same) << row.a << " and " << row.b;
}

TEST(json_quoted, writes_text_that_any_parser_can_read)
{
    const struct {
        const char* sentence;
        std::string_view raw, quoted;
    } rows[] = {
        {"plain", "abc", R"("abc")"},
        {"nothing", "", R"("")"},
        {"quotes and backslashes", R"(a"b\c)", R"("a\"b\\c")"},
        {"line ends cannot forge a log line", "a\r\nb\t", R"("a\r\nb\t")"},
        {"controls", std::string_view("\0\x1F\x7F", 3), R"("\u0000\u001f\u007f")"},
        {"UTF-8 stays", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {"a stray byte is replaced", "a\xFFz", "\"a\xEF\xBF\xBDz\""},
        {"so is each byte of an overlong form", "\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"and of a surrogate", "\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"a cut sequence at the end", "a\xE2\x82", "\"a\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    for (const auto& row : rows) {
        std::string out;
        append_quoted(out, row.raw);
        EXPECT_EQ(out, row.quoted) << row.sentence;
        EXPECT_TRUE(parse(out).has_value()) << row.sentence;
    }
}

TEST(json_path, finds_a_claim_by_name_or_pointer)
{
    const auto root =
        parse(R"({"sub":"u1","https://api/roles":["admin"],"address":{"country":"AT","a/b":{"m~n":1}},
                                "list":[{"x":"first"},"second"],"":"empty","/":"slash","01":"zero"})");
    ASSERT_TRUE(root.has_value());
    const struct {
        const char *path, *found; // the value's text, or null
    } rows[] = {
        {"sub", R"("u1")"},
        {"https://api/roles", R"(["admin"])"}, // a slash inside a name does not make it a pointer
        {"/address/country", R"("AT")"},
        {"address/country", nullptr},
        {"/address/a~1b/m~0n", "1"},
        {"/list/0/x", R"("first")"},
        {"/list/1", R"("second")"},
        {"/list/2", nullptr},
        {"/list/00", nullptr},
        {"/list/-", nullptr},
        {"/list/x", nullptr},
        {"/list/99999999999999999999", nullptr},
        {"/sub/deeper", nullptr},
        {"/missing", nullptr},
        {"", R"("empty")"},
        {"/", R"("empty")"},
        {"/~1", R"("slash")"},
        {"/01", R"("zero")"},
    };
    for (const auto& row : rows) {
        const auto* found = path(row.path).find(*root);
        EXPECT_EQ(found != nullptr ? serialize(*found) : "none", row.found != nullptr ? row.found : "none")
            << row.path;
    }
    EXPECT_EQ(path().find(*root), nullptr) << "an empty path names no value";
    EXPECT_EQ(path("/address/country").name(), "/address/country");
}

} // namespace
} // namespace scopegate::json
