#include "config/yaml_source.hpp"

#include "config/placeholders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::config {
namespace {

using kind = node::kind;

// Writes the tree on one line, with places: `{a@1:1="x"@1:4}`; plain scalars have no quotes.
std::string shown(const node& n)
{
    const auto at = "@" + std::to_string(n.at.line) + ":" + std::to_string(n.at.column);
    std::string out;
    switch (n.type) {
    case kind::nothing:
        return "nothing" + at;
    case kind::broken:
        return "broken" + at;
    case kind::scalar:
        return (n.plain ? n.text : '"' + n.text + '"') + at;
    case kind::list:
    case kind::map:
        for (const node& item : n.items) {
            if (n.is(kind::map))
                out += item.key + "@" + std::to_string(item.key_at.line) + ":" +
                       std::to_string(item.key_at.column) + "=";
            out += shown(item) + " ";
        }
        if (!out.empty())
            out.pop_back();
        return (n.is(kind::map) ? "{" + out + "}" : "[" + out + "]") + at;
    }
    return out;
}

std::string read(std::string_view text)
{
    diagnostics out("x");
    const auto root = read_yaml(text, out);
    for (const auto& e : out.errors())
        return e.text();
    return root ? shown(*root) : "nothing, and no error";
}

TEST(yaml_source, records_the_place_of_every_node)
{
    struct row {
        const char* why;
        const char* text;
        const char* tree;
    };
    const row rows[] = {
        {"block style", "a: x\nb:\n  - y\n  -  z\n", "{a@1:1=x@1:4 b@2:1=[y@3:5 z@4:6]@3:3}@1:1"},
        {"flow style", "{a: x, b: [y, z]}", "{a@1:2=x@1:5 b@1:8=[y@1:12 z@1:15]@1:11}@1:1"},
        {"an alias has its own place, what is in it has that of the anchor",
         "a: &l [x]\nb: *l\nc: &s y\nd: *s\n",
         "{a@1:1=[x@1:8]@1:4 b@2:1=[x@1:8]@2:4 c@3:1=y@3:4 d@4:1=y@4:4}@1:1"},
        {"an empty value has the place of its key", "a:\nb: ~\nc: null\n",
         "{a@1:1=nothing@1:1 b@2:1=nothing@2:1 c@3:1=nothing@3:1}@1:1"},
        {"an empty item has the place of its list", "- \n- x\n", "[nothing@1:1 x@2:3]@1:1"},
        {"columns count characters", "{é: ö, ü: \"日本\", z: y}",
         "{é@1:2=ö@1:5 ü@1:8=\"日本\"@1:11 z@1:17=y@1:20}@1:1"},
        {"a byte order mark is no character",
         "\xEF\xBB\xBF"
         "a: x\n",
         "{a@1:1=x@1:4}@1:1"},
        {"line ends of Windows", "a: x\r\nb: y\r\n", "{a@1:1=x@1:4 b@2:1=y@2:4}@1:1"},
        {"a document may have its marks", "---\na: x\n...\n", "{a@2:1=x@2:4}@2:1"},
        {"nothing at all", "", "nothing@0:0"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(read(r.text), r.tree) << r.why;
}

TEST(yaml_source, keeps_scalars_as_written)
{
    struct row {
        const char* text;
        const char* tree;
    };
    const row rows[] = {
        {"off", "off@1:1"},
        {"no", "no@1:1"},
        {"0x10", "0x10@1:1"},
        {"010", "010@1:1"},
        {"1e3", "1e3@1:1"},
        {"2026-01-01", "2026-01-01@1:1"},
        {"\"off\"", "\"off\"@1:1"},
        {"'it''s'", "\"it's\"@1:1"},
        {"\"a\\tb\"", "\"a\tb\"@1:1"},
        {"|-\n  a\n  b", "\"a\nb\"@1:1"},
        {"!!str 5", "\"5\"@1:1"},
        {"!!int 5", "5@1:1"},
        {"! x", "\"x\"@1:1"},
        {"\"null\"", "\"null\"@1:1"},
        {"a: !!null x", "{a@1:1=nothing@1:1}@1:1"},
        {"a#b", "a#b@1:1"},
        {"a: b", "{a@1:1=b@1:4}@1:1"},
        {"urn:a:b", "urn:a:b@1:1"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(read(r.text), r.tree) << r.text;
}

TEST(yaml_source, finds_an_unclosed_construct_wherever_the_file_ends)
{
    for (const char* text : {"a: \"x", "a: \"x\n", "a: 'x\n", "a: \"x\nb: y\nc: z\n", "a: [x\nb: y\n",
                             "a: {x: y\n", "a: \"x\\\"\n", "a: 'x''\n", "\"", "'", "[", "{", "a: \"\n\n\n"})
        EXPECT_THAT(read(text), testing::HasSubstr("error: not valid YAML: ")) << text;
}

TEST(yaml_source, accepts_files_within_the_bounds)
{
    const std::string deepest(max_levels, '[');
    EXPECT_THAT(read(deepest + std::string(max_levels, ']')), testing::StartsWith("[[["));
    std::string aliases = "a: &a x\nb: [";
    for (std::size_t i = 0; i < max_aliases; ++i)
        aliases += "*a, ";
    EXPECT_THAT(read(aliases + "]"), testing::StartsWith("{a@1:1=x"));
}

TEST(yaml_source, refuses_a_file_that_is_too_large)
{
    diagnostics out("x");
    EXPECT_FALSE(read_yaml(std::string(max_source_size + 1, ' '), out));
    ASSERT_EQ(out.errors().size(), 1U);
    EXPECT_EQ(out.errors().front().text(), "x: error: the file is larger than 16 MiB");
}

TEST(yaml_source, refuses_text_that_another_reader_could_read_differently)
{
    struct row {
        const char* why;
        std::string text;
        const char* message;
    };
    const row rows[] = {
        {"yaml-cpp would stop reading here, and the rest of the file be lost", "a: x\n# \x04\nb: y\n",
         "x:2:3: error: a control character"},
        {"NUL", std::string("a: x\0", 5), "x:1:5: error: a control character"},
        {"UTF-16",
         std::string("\xFF\xFE"
                     "a\0",
                     4),
         "x:1:1: error: a byte that is not UTF-8"},
        {"an overlong slash", "a: \xC0\xAF", "x:1:4: error: a byte that is not UTF-8"},
        {"an overlong form of three bytes", "\xE0\x80\x80", "x:1:1: error: a byte that is not UTF-8"},
        {"a surrogate", "\xED\xA0\x80", "x:1:1: error: a byte that is not UTF-8"},
        {"beyond Unicode", "\xF4\x90\x80\x80", "x:1:1: error: a byte that is not UTF-8"},
        {"cut short", "a\xE2\x82", "x:1:2: error: a byte that is not UTF-8"},
        {"a line end that only some see", "a: x\rb: y",
         "x:1:5: error: a carriage return without a line feed"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(read(r.text), r.message) << r.why;
}

std::string replaced(const std::string& value)
{
    diagnostics out("x");
    node n;
    n.type = kind::scalar;
    n.text = value;
    replace_placeholders(
        n,
        [](const std::string& name) -> std::optional<std::string> {
            if (name == "A")
                return "a";
            if (name == "EMPTY")
                return "";
            if (name == "YAML")
                return "x: [${A}]\n- $$";
            return std::nullopt;
        },
        out);
    return out.has_errors() ? "error: " + out.errors().front().message : n.text;
}

TEST(placeholders, are_replaced_in_values)
{
    struct row {
        const char* why;
        const char* text;
        const char* value;
    };
    const row rows[] = {
        {"a name", "${A}", "a"},
        {"among other text, twice", "x${A}y${A}z", "xayaz"},
        {"an empty value is a value", "<${EMPTY}>", "<>"},
        {"the default of an unset name", "${NONE:-b}", "b"},
        {"the default of an empty one, as in a shell", "${EMPTY:-b}", "b"},
        {"the default of a name that is set", "${A:-b}", "a"},
        {"an empty default", "<${NONE:-}>", "<>"},
        {"a default with :- in it", "${NONE:-b:-c}", "b:-c"},
        {"a default with a dollar sign", "${NONE:-$$b}", "$b"},
        {"a dollar sign", "$$", "$"},
        {"a dollar sign before a brace", "$${A}", "${A}"},
        {"two of them", "$$$$", "$$"},
        {"three, and a name", "$$${A}", "$a"},
        {"a dollar sign before anything else stays", "$5 $A $", "$5 $A $"},
        {"what comes from the environment is no YAML, and is not replaced again", "${YAML}",
         "x: [${A}]\n- $$"},
        {"an unset name", "${NONE}",
         "error: the environment variable \"NONE\" is not set and has no default here"},
        {"no name", "${}", "error: \"${}\" is not ${NAME} or ${NAME:-default}; write $$ for a dollar sign"},
        {"a name that is none", "${A-b}",
         "error: \"${A-b}\" is not ${NAME} or ${NAME:-default}; write $$ for a dollar sign"},
        {"not closed", "${A", "error: a ${ without a closing }; write $$ for a dollar sign"},
        {"one inside another", "${NONE:-${A}}", "error: the default of \"NONE\" can't contain another ${"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(replaced(r.text), r.value) << r.why;
}

} // namespace
} // namespace scopegate::config
