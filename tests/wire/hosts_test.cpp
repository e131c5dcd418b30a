// `server.hosts`: requests for another host are refused, and DPoP proofs for another host never count.
#include "support/calendar.hpp"
#include "support/proof_maker.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;

std::string plain_get(std::string_view host, std::string_view target = "/public", std::string_view more = {})
{
    return std::string("GET ")
               .append(target)
               .append(" HTTP/1.1\r\nHost: ")
               .append(host)
               .append("\r\n")
               .append(more) +
           "\r\n";
}

const std::string two_hosts = R"(hosts: ["API.example.com", "calendar.example.com:8443", "[::1]:8080"])";

TEST(hosts, name_the_server_and_no_other_host_is_served)
{
    struct row {
        const char* sentence;
        std::string request;
        unsigned status;
    };
    const row rows[] = {
        {"a listed one", plain_get("api.example.com"), 200},
        {"in any letter case", plain_get("API.EXAMPLE.COM"), 200},
        {"with the default port of http", plain_get("api.example.com:80"), 200},
        {"with the default port of https, which a proxy may take off", plain_get("api.example.com:443"), 200},
        {"with an empty port", plain_get("api.example.com:"), 200},
        {"with its own port", plain_get("calendar.example.com:8443"), 200},
        {"an address", plain_get("[::1]:8080"), 200},
        {"with another port", plain_get("api.example.com:8080"), 421},
        {"without its own port", plain_get("calendar.example.com"), 421},
        {"another host", plain_get("evil.example.com"), 421},
        {"a longer one", plain_get("api.example.com.evil.example"), 421},
        {"with a dot at its end", plain_get("api.example.com."), 421},
        {"an absolute target", "GET http://api.example.com/public HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
         200},
        {"an absolute target of another host",
         "GET http://evil.example.com/public HTTP/1.1\r\nHost: evil.example.com\r\n\r\n", 421},
        {"an absolute target that differs from Host",
         "GET http://evil.example.com/public HTTP/1.1\r\nHost: api.example.com\r\n\r\n", 400},
        {"HTTP/1.0 without a Host, as probes send it", "GET /public HTTP/1.0\r\n\r\n", 200},
        {"HTTP/1.0 with another", "GET /public HTTP/1.0\r\nHost: evil.example.com\r\n\r\n", 421},
        {"HTTP/1.0 with an absolute target", "GET http://evil.example.com/public HTTP/1.0\r\n\r\n", 421},
        {"a path that is not listed", plain_get("evil.example.com", "/nowhere"), 421},
        {"the metadata document", plain_get("evil.example.com", "/.well-known/oauth-protected-resource"),
         421},
        {"the metadata document of a listed one",
         plain_get("api.example.com", "/.well-known/oauth-protected-resource"), 200},
        {"what nobody believes of a stranger",
         plain_get("evil.example.com", "/public", "X-Forwarded-Host: api.example.com\r\n"), 421},
    };
    calendar c({.server = two_hosts});
    for (const auto& r : rows) {
        const auto answer = c.exchange(r.request);
        EXPECT_EQ(answer.status, r.status) << r.sentence << '\n' << answer;
        if (r.status == 421) {
            EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:misdirected-request")
                << r.sentence;
        }
    }
    auto kept = c.connect();
    EXPECT_EQ(kept.exchange(plain_get("evil.example.com")).status, 421U);
    EXPECT_EQ(kept.exchange(plain_get("api.example.com")).status, 200U) << "the connection remains usable";
}

TEST(hosts, are_not_checked_when_none_are_configured)
{
    calendar c({.server = "external_url: \"https://api.example.com\"",
                .more = "metadata: {resource: \"https://calendar.example.com\"}"});
    EXPECT_EQ(c.exchange(plain_get("inner:8080")).status, 200U);
}

TEST(hosts, include_external_url_and_a_configured_resource)
{
    calendar c({.server = "hosts: [inner], external_url: \"https://front.example.com\"",
                .more = "metadata: {resource: \"https://calendar.example.com:8443/x\"}"});
    for (const auto* host : {"inner", "front.example.com", "calendar.example.com:8443"})
        EXPECT_EQ(c.exchange(plain_get(host)).status, 200U) << host;
    EXPECT_EQ(c.exchange(plain_get("calendar.example.com")).status, 421U);
}

TEST(hosts, may_be_named_by_a_trusted_proxy)
{
    calendar c({.server = two_hosts + ", trusted_proxies: [127.0.0.0/8]"});
    const auto with = [&](std::string_view more) {
        return c.exchange(plain_get("inner", "/public", more)).status;
    };
    EXPECT_EQ(with("X-Forwarded-Host: api.example.com\r\n"), 200U);
    EXPECT_EQ(with("X-Forwarded-Host: evil.example.com\r\n"), 421U);
    EXPECT_EQ(with("X-Forwarded-Host: api.example.com\r\nX-Forwarded-Host: api.example.com\r\n"), 421U);
    EXPECT_EQ(with("X-Forwarded-Host: evil.example.com, api.example.com\r\n"), 421U);
    EXPECT_EQ(with({}), 421U);
}

TEST(hosts, log_and_forward_another_host_in_observe_mode)
{
    calendar c({.server = two_hosts, .more = "mode: observe"});
    EXPECT_EQ(c.exchange(plain_get("evil.example.com")).status, 200U);
    EXPECT_EQ(c.gate.wait_for_event("request")["reason"], "misdirected-request");
}

TEST(hosts, are_the_only_ones_that_a_proof_can_name)
{
    const proof_maker owner(key_for(jose::algorithm::es256));
    const auto token = calendar_token("read:appointments", "," + owner.confirmation());
    // Returns how far a proof for this URI gets: after htu, a newly started process asks for its nonce.
    const auto reached = [&](const calendar& c, std::string_view host, std::string_view uri,
                             std::string_view more = {}) {
        const auto fields =
            "Authorization: DPoP " + token + "\r\nDPoP: " + owner.proof("GET", uri, token) + "\r\n";
        const auto answer = c.exchange(plain_get(host, "/appointments", fields + std::string(more)));
        const auto type = json_member(answer.body, "type");
        return type == "urn:scopegate:problem:use-dpop-nonce"       ? std::string("counts")
               : type == "urn:scopegate:problem:invalid-dpop-proof" ? std::string("is refused")
                                                                    : std::to_string(answer.status);
    };
    struct row {
        const char* sentence;
        std::string server;
        std::string more;
        const char* host;
        const char* uri;
        const char* outcome;
    };
    const std::string resource = R"(metadata: {resource: "https://calendar.example.com"})";
    const row rows[] = {
        {"without a list, the request's own host",
         {},
         {},
         "any.example",
         "http://any.example/appointments",
         "counts"},
        {"a host of ours",
         "hosts: [a.example, b.example]",
         {},
         "a.example",
         "http://a.example/appointments",
         "counts"},
        {"another host of ours",
         "hosts: [a.example, b.example]",
         {},
         "a.example",
         "http://b.example/appointments",
         "counts"},
        {"a host of ours with its default port",
         "hosts: [a.example]",
         {},
         "a.example",
         "http://A.EXAMPLE:80/appointments",
         "counts"},
        {"with the other scheme's default port",
         "hosts: [a.example]",
         {},
         "a.example",
         "http://a.example:443/appointments",
         "is refused"},
        {"with another scheme",
         "hosts: [a.example]",
         {},
         "a.example",
         "https://a.example/appointments",
         "is refused"},
        {"a stranger's",
         "hosts: [a.example]",
         {},
         "a.example",
         "http://evil.example/appointments",
         "is refused"},
        {"a stranger's, with its Host",
         "hosts: [a.example]",
         {},
         "evil.example",
         "http://evil.example/appointments",
         "421"},
        {"a stranger's with user information",
         "hosts: [a.example]",
         {},
         "a.example",
         "http://a.example@evil.example/appointments",
         "is refused"},
        {"a host of ours as user information",
         "hosts: [a.example]",
         {},
         "a.example",
         "http://x@a.example/appointments",
         "is refused"},
        {"a stranger's, where external_url is written",
         R"(external_url: "https://f.example/api")",
         {},
         "evil.example",
         "http://evil.example/appointments",
         "is refused"},
        {"external_url's",
         R"(external_url: "https://f.example/api")",
         {},
         "evil.example",
         "https://f.example/api/appointments",
         "counts"},
        {"external_url's host without its path",
         R"(external_url: "https://f.example/api", hosts: [f.example])",
         {},
         "f.example",
         "https://f.example/appointments",
         "is refused"},
        {"an inner host beside external_url",
         R"(external_url: "https://f.example/api", hosts: [inner])",
         {},
         "inner",
         "http://inner/appointments",
         "counts"},
        {"a stranger's, where a resource is written",
         {},
         resource,
         "evil.example",
         "http://evil.example/appointments",
         "is refused"},
        {"the resource's", {}, resource, "inner", "https://calendar.example.com/appointments", "counts"},
        {"the resource's with another scheme",
         {},
         resource,
         "inner",
         "http://calendar.example.com/appointments",
         "is refused"},
    };
    for (const auto& r : rows) {
        calendar c({.server = r.server, .more = r.more});
        EXPECT_EQ(reached(c, r.host, r.uri), r.outcome) << r.sentence;
    }
    calendar behind({.server = "hosts: [a.example], trusted_proxies: [127.0.0.0/8]"});
    const std::string front = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: a.example\r\n";
    EXPECT_EQ(reached(behind, "inner", "https://a.example/appointments", front), "counts");
    const std::string evil = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n";
    EXPECT_EQ(reached(behind, "a.example", "https://evil.example/appointments", evil), "is refused");
    EXPECT_EQ(reached(behind, "a.example", "https://a.example/appointments", evil), "counts");
}

TEST(hosts, reject_preflights_of_another_host)
{
    calendar c({.server = two_hosts, .more = R"(cors: {origins: ["https://app.example.com"]})"});
    const auto preflight = [&](std::string_view host) {
        return c.exchange(
            std::string("OPTIONS /appointments HTTP/1.1\r\nHost: ").append(host) +
            "\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: GET\r\n\r\n");
    };
    EXPECT_EQ(preflight("api.example.com").status, 204U);
    const auto refused = preflight("evil.example.com");
    EXPECT_EQ(refused.status, 421U);
    EXPECT_THAT(refused.body, HasSubstr("misdirected-request"));
}

// With one value in each field, a trusted proxy states which host the client used. With more values it
// contradicts itself.
TEST(hosts, make_no_proof_count_when_a_trusted_proxy_contradicts_itself)
{
    const proof_maker owner(key_for(jose::algorithm::es256));
    const auto token = calendar_token("read:appointments", "," + owner.confirmation());
    calendar c({.server = "hosts: [a.example], trusted_proxies: [127.0.0.0/8]"});
    const auto type = [&](std::string_view more) {
        const auto fields = "Authorization: DPoP " + token +
                            "\r\nDPoP: " + owner.proof("GET", "http://a.example/appointments", token) +
                            "\r\n" + std::string(more);
        return json_member(c.exchange(plain_get("a.example", "/appointments", fields)).body, "type");
    };
    const std::string counts = "urn:scopegate:problem:use-dpop-nonce"; // only the nonce is missing
    const std::string refused = "urn:scopegate:problem:invalid-dpop-proof";
    EXPECT_EQ(type({}), counts);
    EXPECT_EQ(type("X-Forwarded-Proto: http\r\n"), counts);
    EXPECT_EQ(type("X-Forwarded-Proto: https\r\n"), refused);
    EXPECT_EQ(type("X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n"), refused);
    EXPECT_EQ(type("X-Forwarded-Proto: https, http\r\n"), refused);
    EXPECT_EQ(type("X-Forwarded-Host: a.example\r\nX-Forwarded-Host: b.example\r\n"), refused);
}

} // namespace
} // namespace scopegate::test
