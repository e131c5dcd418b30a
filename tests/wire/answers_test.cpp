// Checks the responses that clients get, byte for byte, over a socket: each reason for a denial has its
// status, challenge and problem.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAreArray;

constexpr std::string_view json_type = "Content-Type: application/json\r\n";

// Returns the calendar's challenge with `parameters` behind its realm.
std::string bearer(std::string_view parameters)
{
    std::string text = "Bearer realm=\"https://calendar.example.com\"";
    text.append(parameters.empty() ? "" : ", ").append(parameters);
    return text + ", resource_metadata=\"https://calendar.example.com/.well-known/oauth-protected-resource\"";
}

TEST(answers, carry_the_api_response_of_a_permitted_request)
{
    calendar c;
    c.api.answer("/appointments/new",
                 "HTTP/1.1 201 Created\r\nLocation: /appointments/7\r\nX-Own: a\r\nX-Own: b\r\n"
                 "Content-Length: 2\r\n\r\n{}");
    const auto token = calendar_token("read:appointments write:appointments");
    const auto read = c.exchange(get("/appointments?from=monday&x=%2F%zz", token));
    EXPECT_EQ(read.status, 200U) << read;
    EXPECT_EQ(json_member(read.body, "target"), "/appointments?from=monday&x=%2F%zz");
    EXPECT_EQ(read.value("Content-Type"), "application/json");

    const auto created =
        c.exchange(request_text("PUT", "/appointments/new", token, json_type, R"({"at":"noon"})"));
    EXPECT_EQ(created.start_line, "HTTP/1.1 201 Created") << created;
    EXPECT_EQ(created.value("Location"), "/appointments/7");
    EXPECT_EQ(created.value("X-Own"), "a | b");
    EXPECT_EQ(created.body, "{}");
    const auto seen = c.api.wait_for_requests(2)[1];
    EXPECT_EQ(seen.body, R"({"at":"noon"})");
    EXPECT_EQ(seen.value("Content-Type"), "application/json");
    EXPECT_EQ(seen.value("Content-Length"), "13");
}

struct refusal {
    std::string sentence, request;
    unsigned status;
    std::string problem;   // the last word of `type`
    std::string challenge; // empty if the response has none
    std::string also = {}; // another expected field, `Name: value`
};

std::vector<refusal> refusals()
{
    const auto reader = calendar_token("read:appointments");
    const std::string read = "scope=\"read:appointments\"";
    const std::string write = "scope=\"write:appointments\"";
    const auto described = [](std::string_view error, std::string_view text) {
        return "error=\"" + std::string(error) + "\", error_description=\"" + std::string(text) + "\", ";
    };
    return {
        {"no token", get("/appointments"), 401, "no-token", bearer(read)},
        {"no token, where any would do", get("/any"), 401, "no-token", bearer("")},
        {"another scheme is no token", get("/appointments", {}, "Authorization: Basic YTpi\r\n"), 401,
         "no-token", bearer(read)},
        {"an expired token", get("/appointments", expired_token()), 401, "token-expired",
         bearer(described("invalid_token", "The access token has expired.") + read)},
        {"a forged token", get("/appointments", forged_token("read:appointments")), 401, "bad-signature",
         bearer(described("invalid_token", "The access token's signature is invalid.") + read)},
        {"no token at all by its looks", get("/appointments", "garbage"), 401, "malformed-token",
         bearer(described("invalid_token", "The access token is not well-formed.") + read)},
        {"credentials that are none", get("/appointments", {}, "Authorization: Bearer\r\n"), 400,
         "malformed-credentials",
         bearer(described("invalid_request", "The request has no well-formed bearer token.") + read)},
        {"two tokens, though the same",
         get("/appointments", reader, "Authorization: Bearer " + reader + "\r\n"), 400, "several-tokens",
         bearer(described("invalid_request", "The request must carry exactly one access token.") + read)},
        {"a scope that lacks", request_text("POST", "/appointments", reader), 403, "insufficient-scope",
         bearer(described("insufficient_scope", "The access token lacks a required scope.") + write)},
        {"scopes are compared whole",
         get("/appointments",
             calendar_token("read:appointment read:appointmentss xread:appointments READ:APPOINTMENTS")),
         403, "insufficient-scope",
         bearer(described("insufficient_scope", "The access token lacks a required scope.") + read)},
        {"somebody else's resource", get("/users/bob", reader), 403, "condition-failed", ""},
        {"no route", get("/nothing", reader), 404, "no-route", ""},
        {"no route, without a token too", get("/nothing"), 404, "no-route", ""},
        {"a route's other method", request_text("PATCH", "/appointments", reader), 405, "wrong-method", "",
         "Allow: GET, HEAD, POST"},
        {"a method that is never forwarded", request_text("TRACE", "/public", {}), 405, "wrong-method", ""},
        {"a dot segment", get("/public/../appointments"), 400, "ambiguous-path", ""},
        {"an encoded slash", get("/public/a%2Fb"), 400, "ambiguous-path", ""},
        {"a twin of another route", get("/APPOINTMENTS/7", reader), 404, "no-route", ""},
        {"a percent sign alone", get("/public/%zz"), 400, "malformed-target", ""},
    };
}

TEST(answers, state_status_challenge_and_problem_of_each_denial)
{
    calendar c;
    for (const auto& row : refusals()) {
        const auto answer = c.exchange(row.request);
        SCOPED_TRACE(row.sentence);
        EXPECT_EQ(answer.status, row.status) << answer;
        EXPECT_EQ(answer.value("WWW-Authenticate"), row.challenge) << answer;
        EXPECT_EQ(answer.value("Content-Type"), "application/problem+json");
        EXPECT_EQ(answer.value("Cache-Control"), "no-store");
        EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:" + row.problem) << answer;
        EXPECT_EQ(json_member(answer.body, "status"), std::to_string(row.status));
        EXPECT_NE(json_member(answer.body, "title"), "");
        EXPECT_NE(json_member(answer.body, "detail"), "");
        EXPECT_NE(json_member(answer.body, "request_id"), "");

        std::vector<std::string> expected{"date", "content-type", "cache-control", "content-length"};
        if (!row.challenge.empty())
            expected.emplace_back("www-authenticate");
        if (row.status == 405)
            expected.emplace_back("allow");
        EXPECT_THAT(field_names(answer), UnorderedElementsAreArray(expected)) << answer;
        EXPECT_THAT(answer.head, HasSubstr(row.also));
    }
    EXPECT_THAT(c.api.requests(), IsEmpty()) << "a refused request reached the API";
}

TEST(answers, name_the_missing_scope_in_the_problem_too)
{
    calendar c;
    const auto answer =
        c.exchange(request_text("DELETE", "/appointments/7", calendar_token("read:appointments")));
    EXPECT_EQ(answer.status, 403U);
    EXPECT_EQ(json_member(answer.body, "required_scopes"), R"(["read:appointments","write:appointments"])");
    EXPECT_EQ(json_member(answer.body, "missing_scopes"), R"(["write:appointments"])");
}

TEST(answers, have_no_body_when_a_head_request_is_denied)
{
    calendar c;
    auto client = c.connect();
    const auto refused = client.exchange(request_text("HEAD", "/appointments", {}));
    EXPECT_EQ(refused.status, 401U);
    EXPECT_NE(refused.value("Content-Length"), "0");
    EXPECT_EQ(client.exchange(get("/public")).status, 200U) << "the connection is out of sync after HEAD";
}

TEST(answers, follow_each_requests_own_token_on_one_connection)
{
    calendar c;
    auto client = c.connect();
    const auto good = calendar_token("read:appointments");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client.exchange(get("/appointments", good)).status, 200U);
        EXPECT_EQ(client.exchange(get("/appointments", expired_token())).status, 401U);
        EXPECT_EQ(client.exchange(request_text("POST", "/appointments", good)).status, 403U)
            << "a decision was cached";
        EXPECT_EQ(client.exchange(get("/appointments")).status, 401U)
            << "the previous request's token was used again";
    }
}

TEST(answers, include_public_metadata_that_repeats_nothing_of_the_request)
{
    calendar c;
    const auto answer =
        c.exchange("GET /.well-known/oauth-protected-resource HTTP/1.1\r\nHost: evil.example.org\r\n\r\n");
    EXPECT_EQ(answer.status, 200U) << answer;
    EXPECT_EQ(json_member(answer.body, "resource"), calendar_audience);
    EXPECT_EQ(json_member(answer.body, "scopes_supported"), R"(["read:appointments","write:appointments"])");
    EXPECT_THAT(answer.body, Not(HasSubstr("evil")));
    EXPECT_EQ(answer.value("Access-Control-Allow-Origin"), "*");
    EXPECT_THAT(c.api.requests(), IsEmpty());
}

TEST(answers, include_the_metadata_before_any_route_in_every_spelling_of_its_path)
{
    calendar c({.routes = "routes: {'/{all...}': {ANY: public}}"});
    for (const auto* target :
         {"/.well-known/oauth-protected-resource?x", "/.well-known/%6Fauth-protected-resource",
          "http://calendar.example.com/.well-known/oauth-protected-resource"}) {
        const auto answer = c.exchange(get(target));
        EXPECT_EQ(json_member(answer.body, "resource"), "https://calendar.example.com") << target << answer;
    }
    EXPECT_TRUE(c.api.requests().empty());
}

TEST(answers, never_repeat_a_token_or_a_query_nor_does_the_log)
{
    calendar c;
    const auto forged = forged_token("read:appointments");
    const auto answer = c.exchange(get("/appointments?secret=marzipan", forged));
    const auto signature = forged.substr(forged.rfind('.') + 1);
    EXPECT_THAT(answer.head + answer.body, Not(HasSubstr(signature)));
    const auto line = c.gate.wait_for_event("request");
    EXPECT_EQ(line["reason"], "bad-signature");
    EXPECT_EQ(line["route"], "/appointments");
    for (const auto& l : c.gate.log()) {
        EXPECT_THAT(l.text, Not(HasSubstr(signature)));
        EXPECT_THAT(l.text, Not(HasSubstr("marzipan")));
    }
    EXPECT_THAT(c.gate.errors(), IsEmpty());
}

TEST(answers, are_logged_with_the_decision)
{
    calendar c;
    c.exchange(get("/appointments/42", calendar_token("read:appointments"), "X-Request-Id: abc-123\r\n"));
    const auto line = c.gate.wait_for_event("request");
    EXPECT_EQ(line["client_request_id"], "abc-123") << line.text;
    EXPECT_EQ(line["client"], "127.0.0.1");
    EXPECT_EQ(line["method"], "GET");
    EXPECT_EQ(line["route"], "/appointments/{id}");
    EXPECT_EQ(line["status"], "200");
    EXPECT_EQ(line["reason"], "allowed");
    EXPECT_EQ(line["required"], R"(["read:appointments"])");
    EXPECT_EQ(line["sub"], "ada");
    EXPECT_EQ(line["client_id"], "agenda");
    EXPECT_EQ(line["issuer"], calendar_issuer);
}

} // namespace
} // namespace scopegate::test
