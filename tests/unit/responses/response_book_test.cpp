#include "responses/response_book.hpp"

#include "responses/metadata.hpp"

#include "support/places.hpp"
#include "unit/responses/calendar.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

namespace scopegate::responses {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string field(const response& a, std::string_view name)
{
    for (const auto& [n, value] : fields_of(a))
        if (n == name)
            return std::string(value);
    return "-";
}

reason reason_named(std::string_view word)
{
    for (std::size_t i = 0; i < reason_count; ++i)
        if (name(static_cast<reason>(i)) == word)
            return static_cast<reason>(i);
    throw std::out_of_range("no such reason: " + std::string(word));
}

std::vector<std::string> split(const std::string& line, char separator)
{
    std::vector<std::string> parts;
    std::istringstream in(line);
    for (std::string part; std::getline(in, part, separator);)
        parts.push_back(part);
    return parts;
}

TEST(challenges, match_the_table_of_cases)
{
    const calendar file;
    const response_book book(file.p);
    std::ifstream cases(SCOPEGATE_TEST_CASES "/challenges.tsv");
    int rows = 0;
    for (std::string line; std::getline(cases, line);) {
        if (line.empty() || line.front() == '#')
            continue;
        const auto cell = split(line, '\t');
        ASSERT_EQ(cell.size(), 7U) << line;
        auto refusal = file.deny(reason_named(cell[1]), cell[2] == "-" ? "" : cell[2], std::stoul(cell[3]));
        for (const auto& scope : split(cell[4], ' '))
            if (scope != "-")
                refusal.missing.insert(*file.p.scopes.find(scope));
        const auto made = book.make(refusal, "id-1");
        EXPECT_EQ(std::to_string(made.status), cell[5]) << cell[0];
        EXPECT_EQ(field(made, "WWW-Authenticate"), cell[6]) << cell[0];
        ++rows;
    }
    EXPECT_GE(rows, 20);
}

TEST(answers, name_the_protocol_that_a_port_speaks)
{
    const calendar file;
    const response_book book(file.p);
    policy::denial refusal;
    refusal.why = reason::malformed_request;
    refusal.why.detail = cause::plain_http_on_tls_port;
    EXPECT_EQ(book.make(refusal, "id-1").body,
              R"({"type":"urn:scopegate:problem:malformed-request","title":"Bad request","status":400,)"
              R"("detail":"This port requires TLS; use https.","request_id":"id-1"})");
    refusal.why.detail = cause::tls_on_plain_port;
    EXPECT_THAT(book.make(refusal, "id-1").body, HasSubstr("without TLS; use http."));
}

TEST(answers, have_a_text_for_every_reason)
{
    const calendar file;
    const response_book book(file.p);
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto why = static_cast<reason>(i);
        const auto made = book.make(file.deny(why), "id-1");
        EXPECT_GE(made.status, 400U) << name(why);
        EXPECT_LE(made.status, 505U) << name(why);
        EXPECT_EQ(field(made, "Cache-Control"), "no-store") << name(why);
        EXPECT_EQ(field(made, "Content-Type"), "application/problem+json") << name(why);
        const auto body = json::parse(made.body);
        ASSERT_TRUE(body) << made.body;
        EXPECT_EQ(body->find("type")->scalar_text(), "urn:scopegate:problem:" + std::string(name(why)));
        EXPECT_EQ(body->find("status")->scalar_text(), std::to_string(made.status));
        std::string sent;
        write(made, false, true, "Mon, 30 Nov 2026 23:59:59 GMT", sent);
        EXPECT_TRUE(sent.starts_with("HTTP/1.1 " + std::to_string(made.status) + ' ')) << name(why);
        EXPECT_EQ(body->find("request_id")->scalar_text(), "id-1");
        EXPECT_FALSE(body->find("title")->if_string()->empty()) << name(why);
        EXPECT_FALSE(body->find("detail")->if_string()->empty()) << name(why);
        // Each 503 says when to retry, never 0, which would invite a storm of retries.
        EXPECT_EQ(field(made, "Retry-After") != "-", made.status == 503) << name(why);
        EXPECT_NE(field(made, "Retry-After"), "0") << name(why);
        EXPECT_EQ(field(made, "Allow") != "-", made.status == 405) << name(why);
        EXPECT_EQ(body->find("required_scopes") != nullptr, made.status == 403) << name(why);
    }
}

// RFC 9449 section 7.1.
TEST(answers, challenge_with_dpop_only_clients_that_it_concerns)
{
    calendar file;
    const response_book book(file.p);
    const auto begins = [&](const policy::denial& d, std::string_view scheme) {
        const auto challenge = field(book.make(d, "id"), "WWW-Authenticate");
        const bool algorithms =
            challenge.find(R"(algs="RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519")") !=
            std::string::npos;
        EXPECT_EQ(algorithms, scheme == "DPoP ") << challenge;
        return challenge.starts_with(scheme);
    };
    for (const auto why : {reason::no_token, reason::malformed_token, reason::unbound_token,
                           reason::several_tokens, reason::insufficient_scope, reason::login_too_old}) {
        auto d = file.deny(why, "/one");
        EXPECT_TRUE(begins(d, "Bearer ")) << name(why);
        d.dpop = true;
        EXPECT_TRUE(begins(d, "DPoP ")) << name(why);
    }
    file.p.tokens.dpop.how = policy::dpop_settings::mode::require;
    EXPECT_TRUE(begins(file.deny(reason::no_token), "DPoP "));
    EXPECT_TRUE(begins(file.deny(reason::insufficient_scope, "/one"), "DPoP "));
}

// RFC 6750 section 3: an error_description consists of %x20-21 / %x23-5B / %x5D-7E, and the detail becomes
// one.
TEST(answers, have_details_that_fit_a_challenge)
{
    for (std::size_t i = 0; i < reason_count; ++i)
        for (const char c : row(static_cast<reason>(i)).detail)
            EXPECT_TRUE(c >= 0x20 && c < 0x7F && c != '"' && c != '\\') << name(static_cast<reason>(i)) << c;
}

TEST(answers, challenge_with_401_always_and_with_5xx_never)
{
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto& r = row(static_cast<reason>(i));
        if (r.status == 401) { // RFC 9110 section 15.5.2: MUST
            EXPECT_NE(r.challenges, response_row::challenge::none) << name(static_cast<reason>(i));
        } else if (r.status >= 500) {
            EXPECT_EQ(r.challenges, response_row::challenge::none) << name(static_cast<reason>(i));
        }
    }
}

TEST(answers, close_the_connection_when_its_framing_or_pace_is_in_doubt)
{
    const auto closes = [](reason r) { return row(r).close; };
    for (const auto r :
         {reason::malformed_request, reason::ambiguous_framing, reason::unsupported_coding, reason::bad_host,
          reason::unsupported_version, reason::unsupported_expectation, reason::headers_too_large,
          reason::target_too_long, reason::body_too_large, reason::request_timeout, reason::connection_limit,
          reason::memory_limit, reason::internal_error})
        EXPECT_TRUE(closes(r)) << name(r);
    for (const auto r : {reason::no_token, reason::token_expired, reason::insufficient_scope,
                         reason::no_route, reason::wrong_method, reason::ambiguous_path,
                         reason::keys_unavailable, reason::upstream_unreachable})
        EXPECT_FALSE(closes(r)) << name(r);
}

TEST(problems, name_the_scopes_of_a_403)
{
    const calendar file;
    const response_book book(file.p);
    EXPECT_EQ(
        book.make(file.deny(reason::insufficient_scope, "/all", 0, {"read:appointments"}), "7f").body,
        R"({"type":"urn:scopegate:problem:insufficient-scope","title":"Insufficient scope","status":403,)"
        R"("detail":"The access token lacks a required scope.","request_id":"7f",)"
        R"("required_scopes":["write:appointments","read:appointments"],"missing_scopes":["read:appointments"]})");
}

TEST(problems, list_the_alternatives_of_an_any)
{
    const calendar file;
    const response_book book(file.p);
    EXPECT_THAT(book.make(file.deny(reason::insufficient_scope, "/any", 1, {"export"}), "7f").body,
                HasSubstr(R"("required_scopes":["write:appointments","export"],"missing_scopes":["export"],)"
                          R"("alternatives":[["admin"],["write:appointments","export"]]})"));
}

TEST(problems, name_the_scopes_that_the_scope_cap_removed)
{
    const calendar file;
    const response_book book(file.p);
    EXPECT_THAT(book.make(file.deny(reason::scope_limited, "/one", 0, {"write:appointments"}), "7f").body,
                HasSubstr(R"("missing_scopes":["write:appointments"])"));
}

TEST(problems, name_no_missing_scope_in_a_403_for_another_reason)
{
    const calendar file;
    const response_book book(file.p);
    EXPECT_THAT(book.make(file.deny(reason::condition_failed, "/one"), "7f").body,
                HasSubstr(R"("required_scopes":["write:appointments"],"missing_scopes":[]})"));
    EXPECT_THAT(book.make(file.deny(reason::condition_failed, "/authenticated"), "7f").body,
                HasSubstr(R"("required_scopes":[],"missing_scopes":[]})"));
}

TEST(problems, keep_scopes_out_of_other_denials)
{
    const calendar file;
    const response_book book(file.p);
    for (const auto why : {reason::no_token, reason::token_expired, reason::keys_unavailable})
        EXPECT_THAT(book.make(file.deny(why, "/one"), "7f").body, Not(HasSubstr("scopes"))) << name(why);
}

TEST(answers, list_the_allowed_methods_for_a_wrong_one)
{
    const calendar file;
    const response_book book(file.p);
    EXPECT_EQ(field(book.make(file.deny(reason::wrong_method, "/one"), "7f"), "Allow"), "GET, HEAD");
    // RFC 9110 section 10.2.1: an empty Allow states that the resource allows no methods.
    EXPECT_EQ(field(book.make(file.deny(reason::wrong_method), "7f"), "Allow"), "");
}

TEST(answers, say_when_to_retry)
{
    const calendar file;
    const response_book book(file.p);
    const std::pair<reason, const char*> seconds[] = {
        {reason::keys_unavailable, "2"}, {reason::introspection_unavailable, "2"},
        {reason::key_pending, "10"},     {reason::proof_memory_full, "15"},
        {reason::connection_limit, "1"}, {reason::memory_limit, "1"},
        {reason::upstream_busy, "1"},    {reason::upstream_unreachable, "-"},
        {reason::upstream_timeout, "-"},
    };
    for (const auto& [why, wanted] : seconds)
        EXPECT_EQ(field(book.make(file.deny(why), "7f"), "Retry-After"), wanted) << name(why);
}

TEST(answers, have_these_bytes_on_the_wire)
{
    const calendar file;
    const response_book book(file.p);
    std::string wire = "before|";
    book.write(file.deny(reason::no_route), "7f", false, true, "Sun, 06 Nov 1994 08:49:37 GMT", wire);
    EXPECT_EQ(wire, "before|HTTP/1.1 404 Not Found\r\n"
                    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                    "Content-Type: application/problem+json\r\n"
                    "Cache-Control: no-store\r\n"
                    "Content-Length: 131\r\n"
                    "\r\n"
                    R"({"type":"urn:scopegate:problem:no-route","title":"Not found","status":404,)"
                    R"("detail":"The resource was not found.","request_id":"7f"})");
}

TEST(answers, state_the_length_without_a_body_for_head)
{
    const calendar file;
    const response_book book(file.p);
    std::string wire;
    book.write(file.deny(reason::no_route), "7f", true, true, "", wire);
    EXPECT_EQ(wire, "HTTP/1.1 404 Not Found\r\n"
                    "Content-Type: application/problem+json\r\n"
                    "Cache-Control: no-store\r\n"
                    "Content-Length: 131\r\n"
                    "\r\n");
}

TEST(answers, announce_the_end_of_the_connection)
{
    const calendar file;
    const response_book book(file.p);
    const auto wire = [&](reason why, bool keep_alive) {
        std::string out;
        book.write(file.deny(why), "7f", true, keep_alive, "", out);
        return out;
    };
    EXPECT_THAT(wire(reason::no_route, false), HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(wire(reason::ambiguous_framing, true), HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(wire(reason::no_token, true), Not(HasSubstr("Connection")));
}

// A realm comes from the file. A line break in it must not start another header field.
TEST(challenges, cannot_be_broken_out_of)
{
    calendar file;
    file.p.issuers.front().audience = {"a\"b\\c\r\nSet-Cookie: x=1\x01\xC3\xA9"};
    const response_book book(file.p);
    EXPECT_THAT(field(book.make(file.deny(reason::no_token), "7f"), "WWW-Authenticate"),
                StartsWith(R"(Bearer realm="a\"b\\c  Set-Cookie: x=1   ", )"));
}

TEST(challenges, leave_out_empty_parameters)
{
    calendar file;
    file.p.metadata.resource.clear();
    const response_book book(file.p);
    EXPECT_EQ(field(book.make(file.deny(reason::no_token, "/one"), "7f"), "WWW-Authenticate"),
              R"(Bearer realm="https://calendar.example.com", scope="write:appointments")");
    EXPECT_FALSE(book.is_metadata_path("/.well-known/oauth-protected-resource"));
}

// The issuer of a client that asks for the name in the token would refuse it, or give it nothing.
TEST(challenges, name_the_scopes_as_clients_ask_for_them)
{
    policy::test::builder made;
    auto& p = made.get();
    p.scopes.add("read", "May read", "api://id/read");
    p.scopes.add("write", "May write");
    made.issuer();
    p.metadata.resource = "https://calendar.example.com";
    made.route("/x", {{"GET", "write read"}});
    const response_book book(p);
    policy::denial d;
    d.matched = &p.routes.front();
    d.needs = &d.matched->methods.front().second;
    d.missing = d.needs->alternatives.front().scopes;
    for (const auto why : {reason::no_token, reason::insufficient_scope}) {
        d.why = why;
        EXPECT_THAT(field(book.make(d, "7f"), "WWW-Authenticate"),
                    HasSubstr(R"(scope="write api://id/read")"));
    }
    EXPECT_THAT(book.make(d, "7f").body,
                HasSubstr(R"("required_scopes":["write","read"],"missing_scopes":["read","write"])"));
    const auto document = metadata_document(p);
    EXPECT_THAT(document, HasSubstr(R"("scopes_supported":["api://id/read","write"])"));
    EXPECT_THAT(document,
                HasSubstr(R"("scope_descriptions":{"api://id/read":"May read","write":"May write"})"));
}

TEST(challenges, name_the_document_of_the_routes_resource)
{
    policy::test::builder made;
    auto& p = made.get();
    made.scopes({"a", "b", "c"}).issuer();
    made.route("/own", {{"GET", "a"}}).route("/x", {{"GET", "b"}}).route("/y", {{"GET", "authenticated"}});
    p.metadata.resource = "https://h.example/own";
    p.metadata.resources.push_back({"/x", "https://h.example/x", "X", {"x"}, {}});
    p.metadata.resources.push_back({"/y", "https://h.example/y", "", {"y"}, {}});
    p.routes[1].methods[0].second.resource = 1;
    p.routes[2].methods[0].second.resource = 2;
    const response_book book(p);
    const auto challenge = [&](std::size_t route) {
        policy::denial d;
        d.why = reason::no_token;
        d.matched = &p.routes[route];
        d.needs = &d.matched->methods.front().second;
        return field(book.make(d, "7f"), "WWW-Authenticate");
    };
    const std::string document =
        std::string("resource_metadata=\"https://h.example") + std::string(metadata_well_known);
    EXPECT_THAT(challenge(0), HasSubstr(document + "/own\""));
    EXPECT_THAT(challenge(1), HasSubstr(document + "/x\""));
    EXPECT_THAT(challenge(2), HasSubstr(document + "/y\""));

    const auto served = [&](const std::string& suffix) {
        const auto path = std::string(metadata_well_known) + suffix;
        return book.is_metadata_path(path) ? book.make_metadata(path, "GET", "7f").body : "";
    };
    EXPECT_EQ(served(""), served("/own")) << "the plain path is the server's own";
    EXPECT_THAT(served("/own"), StartsWith(R"({"resource":"https://h.example/own")"));
    EXPECT_THAT(served("/own"), HasSubstr(R"("scopes_supported":["a"])"));
    EXPECT_THAT(served("/x"), StartsWith(R"({"resource":"https://h.example/x")"));
    EXPECT_THAT(served("/x"), HasSubstr(R"("scopes_supported":["b"])"));
    EXPECT_THAT(served("/x"), HasSubstr(R"("resource_name":"X")"));
    EXPECT_THAT(served("/y"), StartsWith(R"({"resource":"https://h.example/y")"));
    EXPECT_THAT(served("/y"), Not(HasSubstr("scopes_supported")));
    EXPECT_EQ(served("/z"), "");
}

TEST(metadata, is_served_to_anyone)
{
    const calendar file;
    const response_book book(file.p);
    const auto get = book.make_metadata(metadata_well_known, "GET", "7f");
    EXPECT_EQ(get.status, 200U);
    EXPECT_EQ(get.body, metadata_document(file.p));
    EXPECT_EQ(field(get, "Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(field(get, "Content-Type"), "application/json");
    EXPECT_THAT(field(get, "Cache-Control"), StartsWith("public"));
    EXPECT_EQ(book.make_metadata(metadata_well_known, "OPTIONS", "7f").status, 204U);
    EXPECT_EQ(book.make_metadata(metadata_well_known, "OPTIONS", "7f").body, "");
    const auto post = book.make_metadata(metadata_well_known, "POST", "7f");
    EXPECT_EQ(post.status, 405U);
    EXPECT_EQ(field(post, "Allow"), "GET, HEAD, OPTIONS");
}

} // namespace
} // namespace scopegate::responses
