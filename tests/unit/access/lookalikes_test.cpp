// Plays tests/cases/lookalikes.tsv: which spellings are refused because they could be taken for another
// route.
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

std::string decision_on(const policy::policy& p, const std::string& method, const std::string& target)
{
    token_authority authority;
    authority.given =
        tokens::interpret_claims(p, 0, json::parse(R"({"scope":"read","sub":"a.b@c.de"})").value());
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

} // namespace
} // namespace scopegate::access
