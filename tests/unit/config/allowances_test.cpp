#include "config/diagnostics.hpp"
#include "unit/config/yaml.hpp"

#include <gmock/gmock.h>

namespace scopegate::config::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Returns a file with one warning, in line 4.
std::string with_comments(std::string_view above, std::string_view beside)
{
    return upstream + issuers + "scopes: {a: A}\n" + std::string(above) + "routes: {/x: {PURGE: a}} " +
           std::string(beside) + "\ntokens: {dpop: off}\n";
}

std::vector<std::string> names_of(std::string_view text)
{
    std::vector<std::string> out;
    for (const auto& w : load(text).warnings)
        out.emplace_back(name(*w.kind));
    return out;
}

TEST(allowances, silence_a_warning_beside_it_or_in_the_line_above)
{
    EXPECT_THAT(names_of(with_comments("", "")), ElementsAre("unregistered-method"));
    for (const auto& [above, beside] : std::initializer_list<std::pair<const char*, const char*>>{
             {"", "# scopegate: allow unregistered-method"},
             {"", "#scopegate:allow unregistered-method"},
             {"", "# cache server   # scopegate: allow unregistered-method"},
             {"", "# scopegate: allow idle-ca, unregistered-method"},
             {"# scopegate: allow unregistered-method\n", ""},
             {"  # scopegate: allow unregistered-method\n\n# why\n", ""}})
        EXPECT_THAT(names_of(with_comments(above, beside)), IsEmpty()) << above << beside;
}

TEST(allowances, silence_no_other_warnings_and_no_other_lines)
{
    for (const auto& [above, beside] : std::initializer_list<std::pair<const char*, const char*>>{
             {"", "# scopegate: allow idle-ca"},
             {"", "x# scopegate: allow unregistered-method"},
             {"unlisted: deny # scopegate: allow unregistered-method\n", ""},
             {"# scopegate: allow unregistered-method\nunlisted: deny\n", ""}}) {
        const auto text = with_comments(above, std::string_view(beside).starts_with('x') ? "" : beside);
        EXPECT_THAT(names_of(text), ElementsAre("unregistered-method")) << above << beside;
    }
}

TEST(allowances, cover_the_whole_file_above_the_first_key)
{
    diagnostics out("routes.yaml");
    const auto allowed = allowances::read("# scopegate: allow hosts-not-listed\n\nupstream: x\n", out);
    const std::vector<diagnostic> found{{"routes.yaml", {}, "whole", warning::hosts_not_listed},
                                        {"routes.yaml", {3, 1}, "first line", warning::hosts_not_listed},
                                        {"routes.yaml", {}, "another", warning::idle_ca}};
    EXPECT_THAT(places(allowed.filter(found)), ElementsAre("0:0: another"));
    EXPECT_FALSE(out.has_errors());
}

TEST(allowances, must_name_warnings_that_exist)
{
    EXPECT_THAT(errors(with_comments("", "# scopegate: allow unregistered-methods")),
                ElementsAre("4:45: unknown warning \"unregistered-methods\"; did you mean "
                            "\"unregistered-method\"?"));
    EXPECT_THAT(errors(with_comments("", "# scopegate: alow idle-ca")),
                ElementsAre("4:39: expected \"allow NAME\" after \"scopegate:\", found \"alow idle-ca\""));
}

TEST(diagnostic, names_the_warning_behind_its_message)
{
    EXPECT_EQ((diagnostic{"f.yaml", {2, 3}, "odd", warning::idle_ca}.text()),
              "f.yaml:2:3: warning: odd [idle-ca]");
    EXPECT_EQ((diagnostic{"f.yaml", {}, "wrong", {}}.text()), "f.yaml: error: wrong");
    EXPECT_EQ((diagnostic{"f.yaml", {}, "odd", warning::hosts_not_listed}.place()), "f.yaml");
}

TEST(warning, is_found_by_its_name)
{
    for (std::size_t i = 0; i < warning_count; ++i)
        EXPECT_EQ(warning_named(warning_names[i]), static_cast<warning>(i));
    EXPECT_FALSE(warning_named("none-such"));
}

} // namespace
} // namespace scopegate::config::test
