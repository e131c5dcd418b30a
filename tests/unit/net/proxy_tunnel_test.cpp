// The HTTPS client behind a forward proxy, which may be broken or hostile.
#include "net/http_client.hpp"

#include "support/certificate_maker.hpp"
#include "support/connect_proxy.hpp"
#include "support/fake_issuer.hpp"
#include "support/temporary_folder.hpp"
#include "unit/net/send_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace scopegate;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using way = test::connect_proxy::way;
using net::test::outcome;
using net::test::why;

// An issuer that only a proxy reaches: its name has no address here.
struct proxy_tunnel : testing::Test {
    test::temporary_folder folder;
    test::certificate_authority ours;
    test::tls_identity identity = ours.issue("DNS:idp.test");
    test::fake_issuer issuer{true, {}, &identity};
    test::connect_proxy proxy{"127.0.0.1:" + port()};
    net::http_limits limits;
    std::string credentials; // `user:password@`

    [[nodiscard]] std::string port() const { return issuer.origin().substr(issuer.origin().rfind(':') + 1); }

    outcome send(const std::string& url, const std::string& authorization = {})
    {
        net::http_access access;
        access.ca_file = folder.write("ca.pem", ours.pem());
        access.plain_http = true;
        auto through = parse_forward_proxy("http://" + credentials + proxy.authority());
        access.proxies.https = *through;
        access.proxies.http = *through;
        net::http_client client(std::move(access), limits);
        return net::test::send(client, url, authorization);
    }
    outcome fetch() { return send("https://idp.test:8443/keys"); }
};

TEST_F(proxy_tunnel, leads_to_the_server_with_tls_from_end_to_end)
{
    issuer.publish(R"({"keys":[1]})");
    const auto got = fetch();
    ASSERT_TRUE(got) << why(got);
    EXPECT_EQ(got->body, R"({"keys":[1]})");
    EXPECT_THAT(proxy.heads(), ElementsAre(AllOf(HasSubstr("CONNECT idp.test:8443 HTTP/1.1\r\n"
                                                           "Host: idp.test:8443\r\n"),
                                                 Not(HasSubstr("Proxy-Authorization")))));
}

TEST_F(proxy_tunnel, checks_the_certificate_against_the_servers_name)
{
    const auto got = send("https://other.test/keys");
    EXPECT_THAT(why(got), HasSubstr("certificate verify failed"));
    EXPECT_THAT(proxy.heads(), ElementsAre(HasSubstr("CONNECT other.test:443 HTTP/1.1\r\n")));
    EXPECT_EQ(issuer.key_requests(), 0U);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().detail, cause::none) << "the proxy did what it was asked";
}

TEST_F(proxy_tunnel, gives_the_proxy_its_credentials_and_the_server_none)
{
    credentials = "ann:p%40ss@";
    EXPECT_TRUE(fetch());
    EXPECT_THAT(proxy.heads(), ElementsAre(HasSubstr("\r\nProxy-Authorization: Basic YW5uOnBAc3M=\r\n")));
    EXPECT_THAT(issuer.authorizations(), ElementsAre(""));
}

TEST_F(proxy_tunnel, never_hides_a_secret_request_from_the_server_or_shows_it_to_the_proxy)
{
    EXPECT_TRUE(send("https://idp.test/keys", "Bearer s3cret"));
    EXPECT_THAT(issuer.authorizations(), ElementsAre("Bearer s3cret"));
    EXPECT_THAT(proxy.heads(), ElementsAre(Not(HasSubstr("s3cret"))));
}

TEST_F(proxy_tunnel, is_not_used_for_loopback_hosts)
{
    test::fake_issuer plain;
    EXPECT_TRUE(send(plain.keys_url()));
    EXPECT_THAT(proxy.heads(), IsEmpty());
}

TEST_F(proxy_tunnel, is_not_needed_for_plain_http)
{
    test::fake_issuer plain;
    plain.publish(R"({"keys":[2]})");
    test::connect_proxy other(plain.origin().substr(7));
    proxy.be(way::bytes, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    credentials = "ann:x@";
    const auto got = send("http://idp.test:8080/keys?a=b");
    ASSERT_TRUE(got) << why(got);
    EXPECT_EQ(got->body, "{}");
    EXPECT_THAT(proxy.heads(), ElementsAre(AllOf(HasSubstr("GET http://idp.test:8080/keys?a=b HTTP/1.1\r\n"),
                                                 HasSubstr("\r\nHost: idp.test:8080\r\n"),
                                                 HasSubstr("\r\nProxy-Authorization: Basic YW5uOng=\r\n"))));
}

TEST_F(proxy_tunnel, is_not_used_for_plain_http_with_a_secret)
{
    EXPECT_THAT(why(send("http://idp.test:8080/keys", "Bearer s3cret")), HasSubstr("loopback"));
    EXPECT_THAT(proxy.heads(), IsEmpty());
}

TEST_F(proxy_tunnel, fails_with_the_proxy_as_the_cause)
{
    const std::string huge(64 * 1024, 'x');
    std::string interim;
    for (int i = 0; i < 20; ++i)
        interim += "HTTP/1.1 100 Continue\r\n\r\n";
    const struct {
        const char* sentence;
        way how;
        std::string bytes, why;
        cause detail;
    } rows[] = {
        {"it wants credentials", way::bytes,
         "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
         "refused CONNECT to idp.test:8443 with status 407", cause::proxy_refused},
        {"it forbids the host", way::bytes, "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nhello",
         "status 403", cause::proxy_refused},
        {"it can't reach the host", way::bytes, "HTTP/1.0 502 Bad Gateway\r\n\r\n", "status 502",
         cause::proxy_refused},
        {"it redirects", way::bytes, "HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\n\r\n",
         "status 302", cause::proxy_refused},
        {"it switches protocols", way::bytes, "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "status 101",
         cause::proxy_refused},
        {"it speaks first in the tunnel", way::garbage, "HTTP/1.1 200 OK\r\n\r\nhello",
         "sent data before the tunnel was used", cause::proxy_unreachable},
        {"a body behind 200", way::bytes, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
         "sent data before the tunnel was used", cause::proxy_unreachable},
        {"it is no proxy", way::bytes, "SSH-2.0-OpenSSH_9.2\r\n\r\n", "receiving", cause::proxy_unreachable},
        {"a head without an end", way::bytes, "HTTP/1.1 200 OK\r\nX: " + huge, "header limit",
         cause::proxy_unreachable},
        {"many interim responses", way::bytes, interim, "too many interim responses",
         cause::proxy_unreachable},
    };
    for (const auto& row : rows) {
        proxy.be(row.how, row.bytes);
        const auto got = fetch();
        EXPECT_THAT(why(got), AllOf(HasSubstr("proxy " + proxy.authority() + ": "), HasSubstr(row.why)))
            << row.sentence;
        if (!got) {
            EXPECT_EQ(got.error().detail, row.detail) << row.sentence;
        }
    }
    EXPECT_EQ(issuer.key_requests(), 0U);
}

TEST_F(proxy_tunnel, ignores_the_fields_of_a_tunnel)
{
    for (const std::string fields :
         {"Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n"}) {
        proxy.be(way::garbage, "HTTP/1.1 200 OK\r\n" + fields + "\r\n");
        const auto got = fetch();
        EXPECT_TRUE(got) << fields << why(got) << " (RFC 9110 section 9.3.6)";
    }
    proxy.be(way::garbage, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_TRUE(fetch()) << "any 2xx";
}

TEST_F(proxy_tunnel, is_part_of_the_time_limit)
{
    limits.time = std::chrono::milliseconds(100);
    for (const char* part : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\n\r\n"}) {
        proxy.be(way::bytes, part);
        EXPECT_THAT(why(fetch()), HasSubstr("timed out")) << part;
    }
}

TEST_F(proxy_tunnel, fails_if_nobody_listens_at_the_proxy)
{
    const test::fake_issuer nobody(false);
    net::http_access access;
    access.proxies.https = *parse_forward_proxy("http://" + nobody.origin().substr(7));
    net::http_client client(std::move(access));
    const auto got = net::test::send(client, "https://idp.test/keys");
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().why, AllOf(HasSubstr("proxy 127.0.0.1:"), HasSubstr(": connecting: ")));
    EXPECT_EQ(got.error().detail, cause::proxy_unreachable);
}

} // namespace
