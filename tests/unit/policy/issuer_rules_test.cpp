// Tests of the scopes that an issuer may grant, and of the condition on the token's issuer.
#include "policy/decide.hpp"

#include "unit/policy/builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace scopegate::policy {

namespace {

constexpr wall_time noon{std::chrono::seconds(1'700'000'000)};

scope_set closure(const policy& p, const std::vector<std::string>& names)
{
    scope_set out;
    for (const auto& name : names)
        p.scopes.add_with_implied(name, out);
    return out;
}

TEST(grants, limit_the_effective_scopes_also_through_implications)
{
    test::builder b;
    b.scopes({"read:a", "read:b", "write:a"}).scope("admin", {"read:a", "read:b", "write:a"});
    const auto& p = b.get();
    using names = std::vector<std::string>;
    struct {
        const char* sentence;
        names grants, token, effective;
    } const rows[] = {
        {"a granted scope", {"read:a"}, {"read:a"}, {"read:a"}},
        {"another one does not count", {"read:a"}, {"read:a", "admin"}, {"read:a"}},
        {"a scope that is not granted can bring one that is", {"read:a"}, {"admin"}, {"read:a"}},
        {"a granted scope brings all that it implies",
         {"admin"},
         {"admin"},
         {"read:a", "read:b", "write:a", "admin"}},
        {"what a granted scope implies is granted alone too", {"admin"}, {"write:a"}, {"write:a"}},
        {"nothing in common", {"read:b"}, {"write:a"}, {}},
        {"a name that the file does not declare", {"read:a"}, {"other"}, {}},
    };
    for (const auto& row : rows) {
        const auto grants = closure(p, row.grants);
        const std::vector<std::string_view> token(row.token.begin(), row.token.end());
        const auto got = grant({}, p.scopes, test::claims({}), token, &grants);
        EXPECT_EQ(p.scopes.names(got.effective), row.effective) << row.sentence;
        EXPECT_TRUE(grants.contains_all(got.effective)) << row.sentence;
        EXPECT_EQ(grant({}, p.scopes, test::claims({}), token).effective, got.token) << "without grants: all";
    }
}

struct asked_issuer {
    std::size_t index;
    std::string name; // of a tenant
};

// An issuer of one name, and one of any tenant, which grants read alone.
test::builder two_issuers()
{
    test::builder b;
    b.scopes({"read", "write"});
    b.issuer().issuer = "https://own.example";
    auto& any = b.issuer();
    any.issuer = "https://login.example/{tenant}";
    any.pattern = tenant_pattern_of(any.issuer);
    any.grants = closure(b.get(), {"read"});
    b.route("/read", {{"GET", "read"}}).route("/write", {{"GET", "write"}});
    const auto with = [&](issuer_condition condition) {
        auto needs = b.needs("authenticated");
        needs.conditions.emplace_back(std::move(condition));
        return needs;
    };
    b.route("/own", test::builder::methods{{"GET", with({{"o"}, {"https://own.example"}, {}})}});
    b.route("/any", test::builder::methods{{"GET", with({{"a"}, {}, {1}})}});
    b.route("/t1", test::builder::methods{{"GET", with({{"t"}, {"https://login.example/t1"}, {}})}});
    return b;
}

TEST(decide, takes_the_issuer_of_the_token_into_account)
{
    auto b = two_issuers();
    const asked_issuer own{0, {}}, t1{1, "https://login.example/t1"}, t2{1, "https://login.example/t2"};
    struct {
        const char* path;
        const asked_issuer& from;
        failure why;
    } const rows[] = {
        {"/own", own, reason::allowed},
        {"/own", t1, reason::condition_failed},
        {"/any", own, reason::condition_failed},
        {"/any", t1, reason::allowed},
        {"/any", t2, reason::allowed},
        {"/t1", own, reason::condition_failed},
        {"/t1", t1, reason::allowed},
        {"/t1", t2, reason::condition_failed},
        {"/read", t1, reason::allowed},
        {"/write", own, reason::allowed},
        {"/write", t1, {reason::scope_limited, cause::scope_not_granted}},
    };
    const auto claims = test::claims({});
    for (const auto& row : rows) {
        const auto& issuer = b.get().issuers[row.from.index];
        const std::vector<std::string_view> token{"read", "write"};
        const auto scopes =
            grant({}, b.get().scopes, claims, token, issuer.grants ? &*issuer.grants : nullptr);
        const bearer sent{claims, scopes, row.from.index, row.from.name};
        const auto decided = decide(b.get(), b.get().match(row.path, "GET"), &sent, noon);
        const auto* refused = std::get_if<denial>(&decided);
        const auto why = refused != nullptr ? refused->why : failure(reason::allowed);
        EXPECT_EQ(name(why.why), name(row.why.why)) << row.path << " from " << row.from.name;
        EXPECT_EQ(name(why.detail), name(row.why.detail)) << row.path << " from " << row.from.name;
    }
}

TEST(explain, says_what_the_issuer_does_not_grant)
{
    auto b = two_issuers();
    const auto claims = test::claims({});
    const std::vector<std::string_view> token{"read", "write"};
    const auto scopes = grant({}, b.get().scopes, claims, token, &*b.get().issuers[1].grants);
    const bearer sent{claims, scopes, 1, "https://login.example/t1"};
    steps trace;
    static_cast<void>(decide(b.get(), b.get().match("/write", "GET"), &sent, noon, &trace));
    std::string said;
    for (const auto& step : trace)
        said += step.what + '\n';
    EXPECT_NE(said.find("scope write is not granted by issuer https://login.example/t1\n"), said.npos)
        << said;
    EXPECT_EQ(said.find("roles"), said.npos) << said;
    trace.clear();
    static_cast<void>(decide(b.get(), b.get().match("/read", "GET"), &sent, noon, &trace));
    EXPECT_TRUE(std::any_of(trace.begin(), trace.end(), [](const step& s) {
        return s.holds &&
               s.what == "issuer https://login.example/t1 does not grant write, which is not needed here";
    })) << "a request that needs another scope";
    trace.clear();
    static_cast<void>(decide(b.get(), b.get().match("/own", "GET"), &sent, noon, &trace));
    EXPECT_EQ(trace.back().what, "the token's issuer is https://login.example/t1; it must be o");
    EXPECT_FALSE(trace.back().holds);
}

TEST(issuer_condition, is_as_strict_as_one_that_lists_more)
{
    const issuer_condition one{{"a"}, {"a"}, {}}, two{{"a", "b"}, {"a", "b"}, {}}, any{{"t"}, {}, {1}};
    EXPECT_TRUE(one.is_as_strict_as(two));
    EXPECT_FALSE(two.is_as_strict_as(one));
    EXPECT_FALSE(any.is_as_strict_as(two));
    EXPECT_TRUE(any.same_as(any));
    EXPECT_FALSE(one.same_as(two));
    EXPECT_EQ(two.describe(), "issuer is a or b");
}

} // namespace

} // namespace scopegate::policy
