// The proxy and `explain` decide alike: thousands of generated requests go through both.
#include "access/explain.hpp"
#include "observe/http_date.hpp"
#include "support/policy_from_yaml.hpp"
#include "support/raw_client.hpp"
#include "unit/gate/running_worker.hpp"
#include "unit/tokens/calendar_policy.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace scopegate::gate {
namespace {

constexpr std::string_view host = "calendar.example.com";

std::string yaml_of(const std::string& upstream, std::string_view more)
{
    return "upstream: " + upstream + R"(
issuers: [{issuer: https://id.example.com/, audience: https://calendar.example.com}]
scopes: {read: See, write: Change, admin: {implies: [read, write]}}
cors: {origins: [https://app.example.com]}
log: {requests: off}
routes:
  /appointments: {GET: read, POST: write}
  /appointments/{id}: {GET: read, PUT: {any: [write, admin]}, DELETE: [read, write]}
  /appointments/export: {GET: admin}
  /users/{user}: {GET: {scopes: read, where: {user: sub}}}
  /fresh: {GET: {scopes: read, max_age: 1h}}
  /open: {ANY: public}
  /open/{rest...}: {GET: public}
)" + std::string(more);
}

// Chooses pieces of requests, the same ones in each run.
class chooser {
public:
    template <class T>
    const T& pick(const std::vector<T>& from)
    {
        return from[std::uniform_int_distribution<std::size_t>(0, from.size() - 1)(random_)];
    }
    bool one_in(int n) { return std::uniform_int_distribution<int>(1, n)(random_) == 1; }

private:
    std::mt19937 random_{17};
};

std::string token(const std::string& more, std::string_view audience = "https://calendar.example.com",
                  std::string_view exp = "1999999999")
{
    return test::make_token(R"({"iss":"https://id.example.com/","sub":"ada","aud":")" +
                            std::string(audience) + R"(","exp":)" + std::string(exp) + more + "}");
}

struct request_parts {
    std::string method, target, lines; // lines: of the header, CRLF each
    [[nodiscard]] std::string text() const
    {
        const bool body = method == "POST" || method == "PUT" || method == "PATCH";
        return method + ' ' + target + " HTTP/1.1\r\n" + lines +
               (body ? "Content-Length: 0\r\n\r\n" : "\r\n");
    }
};

request_parts some_request(chooser& choose)
{
    static const std::vector<std::string> methods{"GET",   "GET",     "GET", "HEAD",  "POST",  "PUT",
                                                  "PATCH", "OPTIONS", "get", "TRACE", "DELETE"};
    static const std::vector<std::string> targets{
        "/appointments",
        "/appointments/7",
        "/appointments/7?x=1",
        "/appointments/export",
        "/appointments/EXPORT",
        "/appointments/export.json",
        "/appointments/%65xport",
        "/appointments/",
        "/appointments//7",
        "/appointments/../open",
        "/appointments/a%2Fb",
        "/%61ppointments",
        "/users/ada",
        "/users/%61da",
        "/users/bob",
        "/fresh",
        "/open",
        "/open/a/b",
        "/open/..%2fappointments",
        "/nowhere",
        "/appointments/%zz",
        "http://calendar.example.com/appointments",
        "/.well-known/oauth-protected-resource",
        "/.well-known/%6Fauth-protected-resource",
        "http://calendar.example.com/.well-known/oauth-protected-resource",
        "/appointments?_method=DELETE",
    };
    static const std::vector<std::string> credentials{
        "",
        "Bearer " + token(R"(,"scope":"read")"),
        "Bearer " + token(R"(,"scope":"read write","auth_time":1)"),
        "Bearer " + token(R"(,"scope":"admin","auth_time":1999999000)"),
        "Bearer " + token(R"(,"scope":"readx")"),
        "Bearer " + token(R"(,"scope":{"read":1})"),
        "Bearer " + token("", "https://other.example.com"),
        "Bearer " + token(R"(,"scope":"read")", "https://calendar.example.com", "1000"),
        "Bearer a b",
        "Bearer",
        "Basic YTpi",
        "DPoP " + token(R"(,"scope":"read")"),
        "Bearer abc",
    };
    request_parts made{choose.pick(methods), choose.pick(targets), "Host: " + std::string(host) + "\r\n"};
    for (int n = choose.one_in(8) ? 2 : 1; n > 0; --n)
        if (const auto& sent = choose.pick(credentials); !sent.empty())
            made.lines += "Authorization: " + sent + "\r\n";
    if (choose.one_in(3))
        made.lines +=
            choose.one_in(2) ? "Origin: https://app.example.com\r\n" : "Origin: https://evil.example\r\n";
    if (choose.one_in(4)) // most of them beside Authorization, which is one token too many
        made.lines += "Cookie: session=" + token(R"(,"scope":"read write")") + "\r\n";
    if (choose.one_in(5))
        made.lines += choose.one_in(2) ? "Sec-Fetch-Site: same-origin\r\n" : "Sec-Fetch-Site: cross-site\r\n";
    if (choose.one_in(3))
        made.lines += "Access-Control-Request-Method: " + choose.pick(methods) + "\r\n";
    if (choose.one_in(10))
        made.lines += "X-HTTP-Method-Override: DELETE\r\n";
    return made;
}

class agreement : public ::testing::TestWithParam<const char*> {
public:
    agreement()
    {
        upstream_.answer("/", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        keys_->sets[0] = test::keys_for({jose::algorithm::rs256});
    }

    [[nodiscard]] access::explanation explain(const request_parts& asked)
    {
        http::field_list fields;
        EXPECT_TRUE(http::parse_field_lines(asked.lines, 0, fields));
        access::token_authority authority;
        authority.validator = &validator_;
        const access::question question{asked.method, asked.target, host, &fields};
        return access::explain(*policy_, book_, question, authority, observe::wall_now());
    }
    [[nodiscard]] test::response send(const request_parts& asked)
    {
        if (!client_)
            client_.emplace(gate_.address());
        static_cast<void>(client_->send(asked.text()));
        auto got = client_->read_final(asked.method);
        if (got.status == 0 || got.value("connection") == "close")
            client_.reset();
        return got;
    }

    test::recording_upstream upstream_;
    std::shared_ptr<const policy::policy> policy_ =
        test::policy_from_yaml(yaml_of(upstream_.url(), GetParam()));
    std::shared_ptr<test::given_keys> keys_ = std::make_shared<test::given_keys>(1);
    responses::response_book book_{*policy_};
    tokens::validator validator_{policy_, keys_, 1 << 20};
    running_worker gate_{policy_, keys_};
    std::optional<test::raw_client> client_;
};

TEST_P(agreement, of_proxy_and_explain_on_generated_requests)
{
    chooser choose;
    std::size_t before = 0;
    int forwarded = 0, refused = 0, own = 0;
    for (int n = 0; n < 1200 && !HasFailure(); ++n) {
        const auto asked = some_request(choose);
        SCOPED_TRACE(asked.text());
        const auto got = send(asked);
        const auto told = explain(asked);
        const auto seen = upstream_.requests().size();
        const bool reached = seen > std::exchange(before, seen);
        EXPECT_EQ(reached, !told.answer || told.observed) << got << name(told.why);
        if (reached) {
            ++forwarded;
            continue;
        }
        ASSERT_TRUE(told.answer);
        ++(told.allowed ? own : refused);
        EXPECT_EQ(got.status, told.answer->status) << name(told.why);
        if (asked.method != "HEAD" && told.answer->body.find("urn:scopegate:problem:") != std::string::npos) {
            const auto type = "urn:scopegate:problem:" + std::string(name(told.why)) + "\"";
            EXPECT_NE(got.body.find(type), std::string::npos) << got.body;
        } else if (asked.method != "HEAD") {
            EXPECT_EQ(got.body, told.answer->body);
        }
    }
    const bool is_our_host = std::string_view(GetParam()).find("other.example.com") == std::string_view::npos;
    EXPECT_EQ(forwarded > 30, is_our_host);
    EXPECT_EQ(own > 30, is_our_host);
    EXPECT_GT(refused, 20);
}

INSTANTIATE_TEST_SUITE_P(modes, agreement,
                         ::testing::Values("", "mode: observe\n", "unlisted: authenticated\n",
                                           "tokens: {from: ['cookie:session']}\n",
                                           "tokens: {from: [header, 'cookie:session']}\nmode: observe\n",
                                           "server: {hosts: [other.example.com]}\n"));

} // namespace
} // namespace scopegate::gate
