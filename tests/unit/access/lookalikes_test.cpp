// Plays tests/cases/lookalikes.tsv and tests/cases/segment_lookalikes.tsv: which spellings are refused
// because they could be taken for another route.
#include "access/lookalikes.hpp"
#include "base/percent.hpp"
#include "base/text.hpp"
#include "support/places.hpp"
#include "support/policy_from_yaml.hpp"
#include "unit/access/evaluate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

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
    {"own", "  /u/{user}:rename: {GET: {scopes: read, where: {user: sub}}}\n"
            "  /w/n{user}: {GET: {scopes: read, where: {user: sub}}}\n"},
    {"batch", "  /x/{id}: {GET: $1}\n  /x/batch-{id}:cancel: {GET: $1}\n  /x/{id}:cancel: {GET: $2}\n"},
    {"plain", "  /z/{a}: {GET: $1}\n  /z/{a}:{b}: {GET: $2}\n"},
    {"info", "  /f/{path...}: {GET: $1}\n  /f/{name}:info: {GET: $2}\n"},
    {"both", "  /p/{user}: {GET: {scopes: $1, where: {user: sub}}}\n"
             "  /p/{user}:suspend: {GET: {scopes: $2, where: {user: sub}}}\n"},
    {"formats", "  /u/{user}:x: {GET: $1}\n  /u/{user}:x.json: {GET: $2}\n"},
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
        for (auto at = lines.find(mark); at != std::string::npos; at = lines.find(mark, at))
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

// Calls f(line number, columns) for each row of a table with this many columns. Returns how many there are.
template <class F>
std::size_t for_each_row(const char* table, std::size_t size, F&& f)
{
    std::ifstream file(std::string(SCOPEGATE_TEST_CASES "/") + table);
    std::size_t rows = 0;
    std::string line;
    for (int n = 1; std::getline(file, line); ++n) {
        if (line.empty() || line.starts_with('#'))
            continue;
        std::istringstream text(line);
        std::vector<std::string> columns(size);
        for (auto& column : columns)
            std::getline(text, column, '\t');
        EXPECT_FALSE(columns.back().empty()) << "a row has " << size << " columns: line " << n;
        f(n, columns);
        ++rows;
    }
    return rows;
}

TEST(lookalikes, match_the_table_of_cases)
{
    const auto rows = for_each_row("lookalikes.tsv", 4, [](int n, const std::vector<std::string>& column) {
        const auto space = column[0].find(' ');
        const auto method = column[0].substr(0, space), target = column[0].substr(space + 1);
        const auto p = scopegate::test::policy_from_yaml(std::string(routes) + paths_of(column[1]) + "}\n");
        EXPECT_EQ(decision_on(*p, method, target), column[2])
            << "lookalikes.tsv:" << n << ": " << method << ' ' << target << ": " << column[3];
    });
    EXPECT_GE(rows, 50U);
}

// A route with text beside its parameters, and a wider one with less or more needs.
TEST(lookalikes, match_the_table_of_cases_within_a_segment)
{
    const auto check = [](int n, const std::vector<std::string>& column) {
        for (const bool second_is_strict : {true, false}) {
            const auto p = scopegate::test::policy_from_yaml(file_with(column[0], column[2],
                                                                       second_is_strict ? "read" : "write",
                                                                       second_is_strict ? "write" : "read"));
            EXPECT_EQ(decision_on(*p, "GET", column[1], "7"), column[second_is_strict ? 3 : 4])
                << "segment_lookalikes.tsv:" << n << ": " << column[1] << ": " << column[5]
                << (second_is_strict ? "" : " (the first needs more)");
        }
    };
    EXPECT_GE(for_each_row("segment_lookalikes.tsv", 6, check), 150U);
}

// Returns whether some careless upstream reads the end of a path as `:suspend`: it decodes, ignores letter
// case, cuts the path at `?` or `#`, drops what is at the end, and perhaps a format.
bool may_mean_suspend(std::string_view segment)
{
    auto read = percent_decode(segment);
    read.resize(std::min(read.find_first_of("?#"), read.size()));
    std::transform(read.begin(), read.end(), read.begin(), ascii_lower);
    read.resize(read.find_last_not_of("./ ") + 1);
    const auto first_dot = std::min(read.find('.', 1), read.size());
    const auto last_dot = std::min(read.rfind('.'), read.size());
    return read.ends_with(":suspend") || read.substr(0, first_dot).ends_with(":suspend") ||
           read.substr(0, last_dot).ends_with(":suspend");
}

TEST(lookalikes, within_a_segment_never_need_less)
{
    constexpr std::array<std::string_view, 8> heads = {"7", "%37", "a.b", "7%20", "%C3%A9", "", "7:", "%3A"};
    constexpr std::array<std::string_view, 16> tails = {"",    "",      ".",     "..",    "%20",     "%2E",
                                                        "%3F", "%23",   ".json", ".J%53", ".tar.gz", "/",
                                                        "x",   ":more", "%3A",   "+"};
    const auto p = scopegate::test::policy_from_yaml(file_with("verb", "", "read", "write"));
    std::mt19937 random(11);
    const auto one_of = [&](const auto& list) { return std::string(list[random() % list.size()]); };
    std::size_t suspending = 0, allowed = 0;
    for (int n = 0; n < 3'000; ++n) {
        auto segment = one_of(heads);
        for (const char c : std::string_view(":suspend")) {
            const auto how = random() % 12;
            if (how == 0)
                append_triplet(segment, c);
            else
                segment += how == 1 && c != ':' ? static_cast<char>(c - 'a' + 'A') : c;
        }
        segment += one_of(tails) + one_of(tails);
        const bool means = may_mean_suspend(segment);
        const auto decision = decision_on(*p, "GET", "/v1/users/" + segment, "7");
        EXPECT_FALSE(means && decision == "allowed") << segment;
        suspending += means;
        allowed += decision == "allowed";
    }
    EXPECT_GT(suspending, 1'000U);
    EXPECT_GT(allowed, 200U) << "other names are values of the parameter";
}

} // namespace
} // namespace scopegate::access
