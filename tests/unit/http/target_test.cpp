#include "http/host.hpp"
#include "http/target.hpp"
#include "support/allocations.hpp"
#include "support/places.hpp"
#include "unit/http/outcome.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <vector>

namespace scopegate::http {
namespace {

// Decodes the escapes of tests/cases/targets.tsv.
std::string unescape(const std::string& s)
{
    std::string out;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] != '\\') {
            out += s[i];
            continue;
        }
        switch (s.at(++i)) {
        case 't':
            out += '\t';
            break;
        case 'r':
            out += '\r';
            break;
        case 'n':
            out += '\n';
            break;
        case 'x':
            out += static_cast<char>(std::stoi(s.substr(i + 1, 2), nullptr, 16));
            i += 2;
            break;
        default:
            out += s[i];
        }
    }
    return out;
}

struct target_row {
    int line = 0;
    std::string target, rules, becomes, folded, why;
};

std::vector<target_row> read_rows()
{
    std::ifstream file(SCOPEGATE_TEST_CASES "/targets.tsv");
    std::vector<target_row> rows;
    std::string line;
    for (int n = 1; std::getline(file, line); ++n) {
        if (line.empty() || line.starts_with("# "))
            continue;
        std::istringstream columns(line);
        target_row row;
        row.line = n;
        for (auto* column : {&row.target, &row.rules, &row.becomes, &row.folded, &row.why})
            std::getline(columns, *column, '\t');
        row.target = unescape(row.target);
        row.becomes = unescape(row.becomes);
        row.folded = unescape(row.folded);
        rows.push_back(row);
    }
    return rows;
}

path_rules rules_of(const std::string& words)
{
    path_rules rules;
    rules.case_exact = words.find("exact") != std::string::npos;
    rules.keep_encoded_slash = words.find("slash") != std::string::npos;
    rules.keep_semicolon = words.find("semicolon") != std::string::npos;
    return rules;
}

std::string becomes(const result<request_target>& r)
{
    return test::outcome(r,
                         [](const request_target& t) { return std::string(t.path) + std::string(t.query); });
}
std::string itself(std::string_view s)
{
    return std::string(s);
}

TEST(targets, become_the_paths_of_the_table)
{
    const auto rows = read_rows();
    ASSERT_GE(rows.size(), 150U);
    for (const auto& row : rows) {
        SCOPED_TRACE("targets.tsv:" + std::to_string(row.line) + ": " + row.why);
        ASSERT_FALSE(row.why.empty()) << "a row has five columns";
        const auto rules = rules_of(row.rules);
        const std::string_view method = row.rules.find("options") == std::string::npos ? "GET" : "OPTIONS";
        std::string scratch = "left over", folded;
        const auto target = normalize_target(row.target, method, rules, scratch);
        EXPECT_EQ(becomes(target), row.becomes);
        EXPECT_EQ(target ? test::outcome(fold_path(target->path, rules, folded), itself) : "-", row.folded);
    }
}

TEST(targets, are_unchanged_by_a_second_normalization)
{
    for (const auto& row : read_rows()) {
        const auto rules = rules_of(row.rules);
        std::string scratch, again;
        const auto target = normalize_target(row.target, "GET", rules, scratch);
        if (target.has_error())
            continue;
        EXPECT_EQ(becomes(normalize_target(target->path, "GET", rules, again)), target->path) << row.why;
    }
}

TEST(targets, keep_the_authority_of_the_absolute_form)
{
    std::string scratch;
    const auto authority = [&](std::string_view target) {
        return test::outcome(normalize_target(target, "GET", {}, scratch),
                             [](const request_target& t) { return std::string(t.authority); });
    };
    EXPECT_EQ(authority("http://API.example.com:8080/a?b"), "API.example.com:8080");
    EXPECT_EQ(authority("https://[2001:db8::1]"), "[2001:db8::1]");
    EXPECT_EQ(authority("/a"), "");
    EXPECT_TRUE(same_authority("API.example.com:8080", "api.example.com:8080"));
    EXPECT_FALSE(same_authority("api.example.com", "api.example.com:80"));
    EXPECT_FALSE(same_authority("api.example.com", "evil.example"));
}

TEST(targets, are_not_copied_when_already_normal)
{
    std::string scratch;
    const std::string_view sent = "/users/42/calendar.ics?from=today";
    const auto target = normalize_target(sent, "GET", {}, scratch);
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path.data(), sent.data());
    EXPECT_EQ(target->query.data(), sent.data() + target->path.size());
    EXPECT_TRUE(scratch.empty());
    EXPECT_EQ(fold_path(target->path, {}, scratch)->data(), sent.data());
}

TEST(targets, are_rewritten_without_allocation_once_warm)
{
    std::string scratch, folded;
    const auto both = [&] {
        const auto target = normalize_target("/Users/auth0|123/%41%c3%a9?q", "GET", {}, scratch);
        return target && fold_path(target->path, {}, folded);
    };
    ASSERT_TRUE(both());
    const test::allocation_scope allocations;
    EXPECT_TRUE(both());
    EXPECT_EQ(allocations.count(), 0U);
}

TEST(normalize_segment, spells_a_literal_like_a_normalized_path)
{
    struct row {
        std::string_view literal;
        path_rules rules;
        std::string_view becomes;
        std::string_view why;
    };
    const path_rules none, slash{false, true, false}, semicolon{false, false, true};
    const row rows[] = {
        {"appointments", none, "appointments", "a plain name"},
        {"Auth0|x", none, "Auth0%7Cx", "what a request may send raw is encoded alike"},
        {"%41%7e", none, "A~", "unreserved triplets are decoded"},
        {"a%3ab", none, "a%3Ab", "others are upper-cased"},
        {"übersicht", none, "%C3%BCbersicht", "a template may be written in UTF-8"},
        {"my docs", none, "my%20docs", "and with spaces"},
        {"a%2Fb", slash, "a%2Fb", "an encoded slash where it is kept"},
        {"a%2Fb", none, "!ambiguous-path", "and nowhere else"},
        {"a;b", semicolon, "a;b", "a semicolon where it is kept"},
        {"a;b", none, "!ambiguous-path", "and nowhere else"},
        {"", none, "!ambiguous-path", "no normalized path holds an empty segment"},
        {".", none, "!ambiguous-path", "nor a dot segment"},
        {"%2e.", none, "!ambiguous-path", "in any spelling"},
        {"a\\b", none, "!ambiguous-path", "nor a backslash"},
        {"a%2541", none, "!ambiguous-path", "nor what is encoded twice"},
        {"a/b", none, "!malformed-target", "a slash ends a segment"},
        {"a?b", none, "!malformed-target", "a question mark ends the path"},
        {"a#b", none, "!malformed-target", "a number sign ends the target"},
        {"a\nb", none, "!malformed-target", "a control"},
        {"a%4", none, "!malformed-target", "half a triplet"},
        {"\xff", none, "!malformed-target", "no UTF-8"},
        {"%ff", none, "!malformed-target", "no UTF-8 in triplets"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(test::outcome(normalize_segment(r.literal, r.rules), itself), r.becomes) << r.why;
}

TEST(is_host, accepts_names_and_addresses_with_a_port)
{
    for (const auto* good : {"example.com", "EXAMPLE.com.", "a", "127.0.0.1", "127.0.0.1:80", "a:65535",
                             "a:", "a:0", "[::1]", "[::1]:8080", "[2001:db8::192.0.2.1]", "my_host",
                             "xn--bcher-kva.example", "a%20b", "a!$&'()*+,;=b"})
        EXPECT_TRUE(is_host(good)) << good;
    for (const auto* bad : {"",
                            ":",
                            ":80",
                            "a b",
                            " a",
                            "a@b",
                            "a/b",
                            "a?b",
                            "a#b",
                            "a\\b",
                            "a:b",
                            "a:80:80",
                            "a:65536",
                            "a:000080",
                            "a:-1",
                            "a:+1",
                            "::1",
                            "[::1",
                            "::1]",
                            "[]",
                            "[::1]80",
                            "[::1]a",
                            "[::1]:x",
                            "[v1.a]",
                            "[127.0.0.1]",
                            "[fe80::1%eth0]",
                            "[fe80::1%25eth0]",
                            "[[::1]]",
                            "a%",
                            "a%2",
                            "a%zz",
                            "a\tb",
                            "a\x80",
                            "a|b",
                            "a\"b",
                            "<a>",
                            "[1111:2222:3333:4444:5555:6666:7777:8888:9999]",
                            "[00000000000000000000000000000000000000000000000000::1]"})
        EXPECT_FALSE(is_host(bad)) << bad;
    EXPECT_FALSE(is_host(std::string_view("[::1\0]", 6)));
    EXPECT_FALSE(is_host(std::string_view("a\0b", 3)));
}

} // namespace
} // namespace scopegate::http
