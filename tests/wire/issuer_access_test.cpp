// Issuers that are reached in other ways, and keys in other forms, against the real program.
#include "support/calendar.hpp"
#include "support/certificate_maker.hpp"
#include "support/connect_proxy.hpp"
#include "support/fake_issuer.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_relay.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using jose::algorithm;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// Returns the calendar with a second issuer of this name and these settings.
gate_settings trusting(const std::string& name, const std::string& more)
{
    gate_settings settings;
    settings.issuer = "clock_skew: 30s\n  - {issuer: \"" + name + "\", audience: \"" +
                      std::string(calendar_audience) + "\", " + more + "}\n";
    return settings;
}

std::string claims_of(const std::string& members)
{
    return "{" + members + R"(,"aud":")" + std::string(calendar_audience) +
           R"(","exp":99999999999,"scope":"read:appointments"})";
}

std::string token_of(const std::string& issuer, const jose::signing_key& key)
{
    return make_token(claims_of(R"("iss":")" + issuer + R"(","sub":"ada")"), key);
}

std::string keys_of(const jose::signing_key& key)
{
    return jose::public_jwk_set(std::span(&key, 1));
}

void wait_until_ready(const calendar& c)
{
    const auto deadline = std::chrono::steady_clock::now() + test_timeout;
    while (c.ask_admin("/readyz").status != 200)
        ASSERT_LT(std::chrono::steady_clock::now(), deadline) << c.ask_admin("/readyz");
}

log_line wait_for_why(const calendar& c, const std::string& why)
{
    return c.gate.wait_for_event("keys_not_refreshed",
                                 [&](const log_line& l) { return l["why"].find(why) != std::string::npos; });
}

std::string port_of(const std::string& origin)
{
    return origin.substr(origin.rfind(':') + 1);
}

TEST(issuer_access, discovers_keys_through_a_forward_proxy)
{
    const certificate_authority ours;
    const auto identity = ours.issue("DNS:idp.test");
    const temporary_folder folder;
    fake_issuer issuer(true, {}, &identity);
    const auto& key = key_for(algorithm::es256);
    issuer.publish(keys_of(key));
    connect_proxy proxy("127.0.0.1:" + port_of(issuer.origin()));
    proxy.be(connect_proxy::way::bytes, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const calendar c(trusting("https://idp.test",
                              "keys: \"https://idp.test/keys\", ca: \"" + folder.write("ca.pem", ours.pem()) +
                                  "\", proxy: \"http://ann:s3cret@" + proxy.authority() + "\""));
    const auto refused = wait_for_why(c, "refused CONNECT to idp.test with status 407");
    EXPECT_EQ(refused["cause"], "proxy-refused");
    EXPECT_THAT(refused["why"], HasSubstr("proxy " + proxy.authority()));
    proxy.be(connect_proxy::way::tunnel);
    wait_until_ready(c);
    EXPECT_EQ(c.exchange(get("/appointments", token_of("https://idp.test", key))).status, 200U);
    EXPECT_THAT(proxy.heads(), Contains(AllOf(HasSubstr("CONNECT idp.test:443 HTTP/1.1\r\n"),
                                              HasSubstr("Proxy-Authorization: Basic YW5uOnMzY3JldA==\r\n"))));
    for (const auto& line : c.gate.log())
        EXPECT_THAT(line.text, AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("YW5u"))));
}

TEST(issuer_access, fetches_keys_by_plain_http_if_told_to)
{
    fake_issuer issuer;
    const auto& key = key_for(algorithm::es256);
    issuer.publish(keys_of(key));
    const calendar c(trusting("https://public.example", "insecure_http: true, keys: \"http://0.0.0.0:" +
                                                            port_of(issuer.origin()) + "/keys\""));
    wait_until_ready(c);
    EXPECT_EQ(c.exchange(get("/appointments", token_of("https://public.example", key))).status, 200U);
}

TEST(issuer_access, reads_the_token_in_front_of_the_keys_for_each_fetch)
{
    const temporary_folder folder;
    fake_issuer issuer;
    const auto& key = key_for(algorithm::es256);
    issuer.publish(keys_of(key));
    issuer.require_authorization("Bearer new.token");
    const calendar c(trusting(issuer.name(), "keys: \"" + issuer.keys_url() + "\", keys_token_file: \"" +
                                                 folder.write("token", "old.token\n") + "\""));
    wait_for_why(c, "returned status 401");
    folder.write("token", "new.token\n");
    wait_until_ready(c);
    EXPECT_EQ(c.exchange(get("/appointments", token_of(issuer.name(), key))).status, 200U);
    for (const auto& line : c.gate.log())
        EXPECT_THAT(line.text, AllOf(Not(HasSubstr("old.token")), Not(HasSubstr("new.token"))));
}

TEST(issuer_access, shows_its_certificate_to_a_server_that_asks_for_one)
{
    const certificate_authority ours;
    const temporary_folder folder;
    fake_issuer issuer;
    const auto& key = key_for(algorithm::es256);
    issuer.publish(keys_of(key));
    tls_relay_settings tls;
    tls.server = true;
    tls.ca = ours.pem();
    tls.identity = ours.issue("DNS:localhost");
    const tls_relay relay(issuer.origin().substr(7), tls);
    const auto own = ours.issue("DNS:gate");
    const auto url = "https://localhost:" + port_of(relay.address());
    const auto ca = "keys: \"" + url + "/keys\", ca: \"" + folder.write("ca.pem", ours.pem()) + "\"";
    const calendar c(trusting(url, ca));
    wait_for_why(c, "localhost:");
    EXPECT_EQ(issuer.key_requests(), 0U) << "without a certificate";
    auto settings = trusting(url, ca + ", certificate: \"" + folder.write("own.pem", own.certificate) +
                                      "\", key: \"" + folder.write("own.key", own.key) + "\"");
    const calendar with_certificate(settings);
    wait_until_ready(with_certificate);
    EXPECT_EQ(with_certificate.exchange(get("/appointments", token_of(url, key))).status, 200U);
}

TEST(issuer_access, verifies_tokens_with_a_pem_file)
{
    const certificate_authority authority;
    const auto identity = authority.issue("DNS:idp.test");
    const auto key = jose::signing_key::from_pem(secret(identity.key));
    const temporary_folder folder;
    const calendar c(trusting("https://legacy.example",
                              "keys: \"file:" + folder.write("k.pem", identity.certificate) + "\""));
    const auto exchange = [&](const jose::signing_key& k) {
        return c.exchange(get("/appointments", token_of("https://legacy.example", k))).status;
    };
    EXPECT_EQ(exchange(key.with_kid("any")), 200U);
    EXPECT_EQ(exchange(key.with_kid({})), 200U);
    EXPECT_EQ(exchange(other_key_for(algorithm::es256)), 401U);
}

TEST(issuer_access, verifies_jwt_svids_of_a_trust_domain)
{
    const temporary_folder folder;
    const auto& key = key_for(algorithm::es256);
    auto bundle = keys_of(key);
    bundle.replace(bundle.find(R"("use":"sig")"), 11, R"("use":"jwt-svid")");
    const calendar c(
        trusting("spiffe://td.test", "keys: \"file:" + folder.write("bundle.json", bundle) + "\""));
    const auto svid = make_token(claims_of(R"("sub":"spiffe://td.test/app")"), key);
    const auto forwarded = c.forwarded(get("/appointments", svid));
    EXPECT_EQ(forwarded.value("X-Auth-Subject"), "spiffe://td.test/app");
    EXPECT_EQ(forwarded.value("X-Auth-Issuer"), "spiffe://td.test");
    const auto other = make_token(claims_of(R"("sub":"spiffe://other.test/app")"), key);
    EXPECT_EQ(c.exchange(get("/appointments", other)).status, 401U);
    const auto named = make_token(claims_of(R"("iss":"https://x.test","sub":"spiffe://td.test/app")"), key);
    EXPECT_EQ(c.exchange(get("/appointments", named)).status, 401U);
}

} // namespace
} // namespace scopegate::test
