// Plays tests/cases/lookalikes.tsv and tests/cases/segment_lookalikes.tsv: which spellings are refused
// because they could be taken for another route.
#include "access/lookalikes.hpp"
#include "support/places.hpp"
#include "support/policy_from_yaml.hpp"
#include "unit/access/evaluate.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <sstream>

namespace scopegate::access {
namespace {

constexpr std::string_view routes = R"(
upstream: http://127.0.0.1:3000
issuers: [{issuer: https://id.example.com/, audience: https://calendar.example.com}]
scopes: {read: x, write: x}
routes:
  /{rest...}: {GET: authenticated}
  /users/{id}: {GET: read}
  /users/@me: {GET: write}
  /users/{id}/notes: {GET: read}
  /Reports: {GET: read}
  /export: {GET: write}
  /export/: {GET: write}
  /team/{a}: {GET: authenticated}
  /team/{a}/{b}: {GET: write}
  /vault/{a}: {GET: write}
  /vault/{a}/{b}: {GET: authenticated}
  /open/{rest...}: {GET: public}
  /open/secret: {GET: write}
  /lone/{a}/{b}: {ANY: read}
  /état: {GET: write}
  /keys: {GET: write}
  /admin/{page}: {GET: write}
  /cities/{city}: {GET: read}
  /mine/{user}: {GET: {scopes: read, where: {user: sub}}}
  /mine/{user}/: {GET: {scopes: read, where: {user: sub}}}
  /mine/{user}/{part}: {GET: {scopes: read, where: {user: sub}}}
  /people/{user}/{part}: {GET: {scopes: read, where: {user: sub}}}
  /people/{user}/profile: {GET: {scopes: read, where: {user: sub}}}
  /appointments/{id}: {GET: read}
  /appointments/export: {GET: write}
  /appointments/archive.zip: {GET: write}
  /openapi: {GET: write}
  /openapi.json: {GET: read}
  /v1/users: {GET: write}
  /v1: {GET: write}
  /files/{name}: {GET: read}
  /report.php: {GET: write}
  /legacy.php/{rest...}: {GET: authenticated}
  /tools/{name}: {GET: write}
  /tools/{name}/{part}: {GET: authenticated}
  /staff/members: {GET: write}
  /staff/members/{id}: {GET: write}
  /sites/{domain}/report.php: {GET: write}
  /sites/{rest...}: {GET: authenticated}
  /folder/: {GET: write}
  /folder/{page}: {GET: authenticated}
  /site/panel: {GET: write}
  /site/{rest...}: {GET: authenticated}
paths: {)";

std::string paths_of(const std::string& rules)
{
    std::string out;
    constexpr std::array<std::array<const char*, 2>, 5> settings{{{"exact", "case: exact, "},
                                                                  {"slash", "encoded_slash: keep, "},
                                                                  {"semicolon", "semicolon: keep, "},
                                                                  {"drop", "format: drop, "},
                                                                  {"keep", "format: keep, "}}};
    for (const auto& [word, setting] : settings)
        if (rules.find(word) != std::string::npos)
            out += setting;
    return out;
}

// Two routes, the wider one first. A `$` stands for what each needs.
struct two_routes {
    std::string_view name;
    std::string_view lines;
};
constexpr two_routes pairs_of_routes[] = {
    {"verb", "  /v1/users/{user}: {GET: $1}\n  /v1/users/{user}:suspend: {GET: $2}\n"},
    {"rest", "  /v1/{rest...}: {GET: $1}\n  /v1/users/{user}:suspend: {GET: $2}\n"},
    {"verbs", "  /v1/users/{user}:{verb}: {GET: $1}\n  /v1/users/{user}:suspend: {GET: $2}\n"},
    {"json", "  /accounts/{sid}: {GET: $1}\n  /accounts/{sid}.json: {GET: $2}\n"},
    {"export", "  /accounts/{sid}.json: {GET: $1}\n  /accounts/export: {GET: $2}\n"},
    {"version", "  /v{version}: {GET: $1}\n  /v1: {GET: $2}\n"},
    {"prefix", "  /{name}/x: {GET: $1}\n  /v{version}/x: {GET: $2}\n"},
    {"odata", "  /root/{item}: {GET: $1}\n  /root/delta(token='{token}'): {GET: $2}\n"},
    {"compare", "  /compare/{any}: {GET: $1}\n  /compare/{base}...{head}: {GET: $2}\n"},
    {"pair", "  /pairs/{user}:{group}: {GET: {scopes: read, where: {user: sub}}}\n"},
    {"script", "  /{rest...}: {GET: $1}\n  /{name}.php: {GET: $2}\n"},
};

// Returns the file with one of these pairs.
std::string file_with(std::string_view name, const std::string& rules, const char* first, const char* second)
{
    std::string lines;
    for (const auto& pair : pairs_of_routes)
        if (pair.name == name)
            lines = pair.lines;
    for (const auto& [mark, scope] : {std::pair("$1", first), std::pair("$2", second)})
        if (const auto at = lines.find(mark); at != std::string::npos)
            lines.replace(at, 2, scope);
    return R"(
upstream: http://127.0.0.1:3000
issuers: [{issuer: https://id.example.com/, audience: https://calendar.example.com}]
scopes: {read: x, write: x}
paths: {)" +
           paths_of(rules) + "}\nroutes:\n" + lines;
}

std::string decision_on(const policy::policy& p, const std::string& method, const std::string& target,
                        const char* subject = "a.b@c.de")
{
    token_authority authority;
    authority.given = tokens::interpret_claims(
        p, 0, json::parse(std::string(R"({"scope":"read","sub":")") + subject + "\"}").value());
    access_scratch scratch;
    const auto why =
        test::evaluate(p, {method, target}, authority, wall_time(std::chrono::seconds(1)), scratch).why();
    return std::string(name(why));
}

TEST(lookalikes, match_the_table_of_cases)
{
    std::ifstream file(SCOPEGATE_TEST_CASES "/lookalikes.tsv");
    std::size_t rows = 0;
    std::string line;
    for (int n = 1; std::getline(file, line); ++n) {
        if (line.empty() || line.starts_with('#'))
            continue;
        std::istringstream columns(line);
        std::string method, target, rules, decision, why;
        std::getline(columns, method, ' ');
        for (auto* column : {&target, &rules, &decision, &why})
            std::getline(columns, *column, '\t');
        ASSERT_FALSE(why.empty()) << "a row has four columns: line " << n;
        const auto p = scopegate::test::policy_from_yaml(std::string(routes) + paths_of(rules) + "}\n");
        EXPECT_EQ(decision_on(*p, method, target), decision)
            << "lookalikes.tsv:" << n << ": " << method << ' ' << target << ": " << why;
        ++rows;
    }
    EXPECT_GE(rows, 50U);
}

// A route with text beside its parameters, and a wider one with less or more needs.
TEST(lookalikes, match_the_table_of_cases_within_a_segment)
{
    std::ifstream file(SCOPEGATE_TEST_CASES "/segment_lookalikes.tsv");
    std::size_t rows = 0;
    std::string line;
    for (int n = 1; std::getline(file, line); ++n) {
        if (line.empty() || line.starts_with('#'))
            continue;
        std::istringstream columns(line);
        std::string pair, target, rules, strict, loose, why;
        for (auto* column : {&pair, &target, &rules, &strict, &loose, &why})
            std::getline(columns, *column, '\t');
        ASSERT_FALSE(why.empty()) << "a row has six columns: line " << n;
        for (const bool second_is_strict : {true, false}) {
            const auto p = scopegate::test::policy_from_yaml(file_with(
                pair, rules, second_is_strict ? "read" : "write", second_is_strict ? "write" : "read"));
            EXPECT_EQ(decision_on(*p, "GET", target, "7"), second_is_strict ? strict : loose)
                << "segment_lookalikes.tsv:" << n << ": " << target << ": " << why
                << (second_is_strict ? "" : " (the first needs more)");
        }
        ++rows;
    }
    EXPECT_GE(rows, 150U);
}

} // namespace
} // namespace scopegate::access
