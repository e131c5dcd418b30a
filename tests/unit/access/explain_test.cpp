#include "access/explain.hpp"

#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

namespace scopegate::access {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr wall_time noon{std::chrono::seconds(1'800'000'000)};

class calendar {
public:
    calendar()
    {
        file_.scopes({"read:a", "write:a", "admin"});
        file_.route("/a", {{"GET", "read:a"}, {"PUT", "admin | read:a write:a"}});
        file_.route("/open", {{"GET", "public"}});
        p().file = "routes.yaml";
        p().routes[0].mark = {3, 3};
        p().routes[0].methods[0].second.mark = {4, 10};
        p().routes[0].methods[1].second.mark = {5, 10};
        p().issuers.emplace_back().issuer = "https://id.example.com/";
        p().metadata.resource = "https://calendar.example.com";
    }
    [[nodiscard]] policy::policy& p() { return file_.get(); }

    explanation ask(std::string_view method, std::string_view target, const char* scopes = nullptr)
    {
        const responses::response_book book(p());
        token_authority authority;
        if (scopes != nullptr)
            authority.given = tokens::interpret_claims(
                p(), 0, policy::test::claims({{"scope", policy::test::text(scopes)}}));
        return explain(p(), book, {method, target}, authority, noon);
    }

private:
    policy::test::builder file_;
};

TEST(explain, names_the_line_behind_a_denial)
{
    calendar file;
    const auto e = file.ask("GET", "/a", "write:a");
    EXPECT_FALSE(e.allowed);
    EXPECT_EQ(e.why, reason::insufficient_scope);
    EXPECT_EQ(e.route, "/a");
    EXPECT_EQ(e.line, 4);
    EXPECT_THAT(e.required_scopes(), ElementsAre("read:a"));
    EXPECT_THAT(e.missing_scopes, ElementsAre("read:a"));
    EXPECT_THAT(e.token_scopes, ElementsAre("write:a"));
    ASSERT_TRUE(e.answer);
    EXPECT_EQ(e.answer->status, 403U);
}

TEST(explain, points_at_the_template_if_the_method_is_wrong)
{
    calendar file;
    const auto e = file.ask("DELETE", "/a");
    EXPECT_EQ(e.why, reason::wrong_method);
    EXPECT_EQ(e.line, 3);
}

TEST(explain, points_nowhere_if_no_line_is_the_cause)
{
    calendar file;
    const auto e = file.ask("GET", "/nowhere");
    EXPECT_EQ(e.line, 0);
    EXPECT_THAT(to_json(e), HasSubstr(R"("route":null,"file":null,"line":null)"));
}

TEST(explain, suggests_a_template_for_a_path_without_a_route)
{
    calendar file;
    EXPECT_THAT(file.ask("GET", "/a/").near, ElementsAre("/a without the slash at the end"));
    EXPECT_THAT(file.ask("DELETE", "/open/").near,
                ElementsAre("/open without the slash at the end; it has GET"));
    EXPECT_THAT(file.ask("GET", "/OPEN").near, ElementsAre("/open in another letter case or spelling"));
    EXPECT_THAT(file.ask("GET", "/opne").near, ElementsAre("/open"));
    EXPECT_THAT(file.ask("DELETE", "/a").near, ElementsAre("/a with another method: GET, PUT"));
    EXPECT_THAT(file.ask("GET", "/open").near, IsEmpty());
    EXPECT_THAT(file.ask("GET", "/a//b").near, IsEmpty()) << "the path itself is refused";
    EXPECT_THAT(to_json(file.ask("GET", "/opne")), HasSubstr(R"("near":["/open"])"));
    EXPECT_THAT(to_json(file.ask("GET", "/open")), ::testing::Not(HasSubstr("near")));
}

TEST(explain, names_the_cause_why_a_claim_is_ignored)
{
    calendar file;
    const responses::response_book book(file.p());
    token_authority authority;
    authority.given = tokens::interpret_claims(file.p(), 0, *json::parse(R"({"scope":{"read:a":true}})"));
    const auto e = explain(file.p(), book, {"GET", "/a", {}, nullptr}, authority, noon);
    EXPECT_EQ(e.why, reason::insufficient_scope);
    EXPECT_EQ(e.why.detail, cause::scope_claim_shape);
    EXPECT_THAT(to_json(e), HasSubstr(R"("cause":"scope-claim-shape")"));
}

TEST(explain, names_the_alternative_that_was_met)
{
    calendar file;
    const auto e = file.ask("PUT", "/a", "read:a write:a");
    EXPECT_TRUE(e.allowed);
    EXPECT_THAT(e.required_scopes(), ElementsAre("read:a", "write:a"));
    EXPECT_FALSE(e.answer) << "the API responds";
}

TEST(explain, writes_one_json_object)
{
    calendar file;
    const auto text = to_json(file.ask("PUT", "/a", "read:a \"x"));
    const auto parsed = json::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->find("decision")->scalar_text(), "deny");
    EXPECT_EQ(parsed->find("status")->scalar_text(), "403");
    EXPECT_EQ(parsed->find("reason")->scalar_text(), "insufficient-scope");
    EXPECT_EQ(parsed->find("line")->scalar_text(), "5");
    EXPECT_EQ(parsed->find("alternatives")->if_array()->size(), 2U);
    const auto* answer = parsed->find("answer");
    EXPECT_EQ(answer->find("status")->scalar_text(), "403");
    EXPECT_THAT(std::string(*answer->find("headers")->find("WWW-Authenticate")->if_string()),
                HasSubstr(R"(scope="admin")"));
    EXPECT_EQ(answer->find("body")->find("type")->scalar_text(), "urn:scopegate:problem:insufficient-scope");
}

TEST(explain, writes_no_response_in_json_for_a_permitted_request)
{
    calendar file;
    const auto text = to_json(file.ask("GET", "/open"));
    EXPECT_THAT(text, HasSubstr(R"({"decision":"allow","observed":false,"status":null,"reason":"allowed")"));
    EXPECT_THAT(text, HasSubstr(R"("answer":null})"));
    EXPECT_TRUE(json::parse(text)) << text;
}

TEST(explain, reports_that_observe_mode_forwards_the_request)
{
    calendar file;
    file.p().observe = true;
    const auto e = file.ask("GET", "/a");
    EXPECT_FALSE(e.allowed);
    EXPECT_TRUE(e.observed);
    EXPECT_FALSE(file.ask("TRACE", "/a").observed) << "TRACE stays refused";
}

// Observe mode examines the token of a request that no requirement decides about.
TEST(explain, names_no_requirement_when_observe_mode_forwards_a_refused_target)
{
    struct row {
        const char* method;
        const char* target;
        reason why;
    };
    const row rows[] = {
        {"GET", "/nowhere", reason::no_route},    {"GET", "/", reason::no_route},
        {"DELETE", "/a", reason::wrong_method},   {"get", "/a", reason::wrong_method},
        {"TRACE", "/a", reason::wrong_method},    {"CONNECT", "/nowhere", reason::no_route},
        {"GET", "/a//b", reason::ambiguous_path}, {"GET", "/a/../b", reason::ambiguous_path},
        {"GET", "/A", reason::no_route},          {"GET", "a", reason::malformed_target},
        {"GET", "", reason::malformed_target},    {"GET", "*", reason::malformed_target},
        {"OPTIONS", "*", reason::no_route},
    };
    for (const auto* scopes : {static_cast<const char*>(nullptr), "", "read:a", "read:a undeclared"})
        for (const auto& r : rows) {
            SCOPED_TRACE(std::string(r.method) + ' ' + r.target);
            calendar file;
            file.p().observe = true;
            const auto e = file.ask(r.method, r.target, scopes);
            EXPECT_EQ(e.why, r.why);
            EXPECT_EQ(e.token_seen, scopes != nullptr);
            EXPECT_THAT(e.required_scopes(), IsEmpty());
            EXPECT_TRUE(json::parse(to_json(e))) << to_json(e);
        }
}

TEST(explain, knows_the_metadata_document)
{
    calendar file;
    const auto e = file.ask("GET", "/.well-known/oauth-protected-resource");
    EXPECT_TRUE(e.allowed);
    ASSERT_TRUE(e.answer);
    EXPECT_EQ(e.answer->status, 200U);
    EXPECT_TRUE(json::parse(to_json(e))) << to_json(e);
    const auto refused = file.ask("POST", "/.well-known/oauth-protected-resource");
    EXPECT_FALSE(refused.allowed);
    EXPECT_FALSE(refused.steps.back().holds) << "a denial names the step that failed";
    EXPECT_TRUE(file.ask("GET", "/.well-known/oauth%2Dprotected-resource?x").allowed)
        << "the proxy responds there for every spelling of the path";
    EXPECT_TRUE(file.ask("GET", "http://a.test/.well-known/oauth-protected-resource").allowed);
}

} // namespace
} // namespace scopegate::access
