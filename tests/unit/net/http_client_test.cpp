#include "net/http_client.hpp"

#include "net/client_tls.hpp"
#include "support/certificate_maker.hpp"
#include "support/fake_issuer.hpp"
#include "unit/net/send_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace {

using namespace scopegate;
using mood = test::fake_issuer::mood;
using net::test::outcome;
using net::test::send;
using net::test::why;
using ::testing::HasSubstr;

outcome send(const std::string& url)
{
    net::http_client client;
    return send(client, url);
}

net::http_access trusting(const std::string& ca_file)
{
    net::http_access access;
    access.ca_file = ca_file;
    return access;
}

class file_of final {
public:
    explicit file_of(const std::string& text)
        : path_(std::filesystem::temp_directory_path() /
                ("scopegate-" + std::to_string(::getpid()) + "-" + std::to_string(next_++) + ".pem"))
    {
        std::ofstream(path_) << text;
    }
    ~file_of() { std::filesystem::remove(path_); }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    static inline int next_ = 0;
    std::filesystem::path path_;
};

TEST(http_client, returns_a_body_and_its_lifetime_fields)
{
    test::fake_issuer issuer;
    issuer.publish(R"({"keys":[1]})");
    issuer.cache_control("public, max-age=300");
    const auto got = send(issuer.keys_url());
    ASSERT_TRUE(got) << why(got);
    EXPECT_EQ(got->status, 200U);
    EXPECT_EQ(got->body, R"({"keys":[1]})");
    EXPECT_EQ(got->cache_control, "public, max-age=300");
}

TEST(http_client, skips_an_interim_response)
{
    test::fake_issuer issuer;
    issuer.publish(R"({"keys":[1]})");
    issuer.be(test::fake_issuer::mood::hinting);
    const auto got = send(issuer.keys_url());
    ASSERT_TRUE(got) << why(got);
    EXPECT_EQ(got->status, 200U);
    EXPECT_EQ(got->body, R"({"keys":[1]})");
}

TEST(http_client, returns_an_error_status_as_a_response)
{
    test::fake_issuer issuer;
    issuer.be(mood::failing);
    const auto got = send(issuer.keys_url());
    ASSERT_TRUE(got) << why(got);
    EXPECT_EQ(got->status, 500U);
}

TEST(http_client, does_not_follow_a_redirect)
{
    test::fake_issuer issuer;
    issuer.be(mood::redirecting);
    const auto got = send(issuer.keys_url());
    ASSERT_TRUE(got) << why(got);
    EXPECT_EQ(got->status, 302U);
    EXPECT_EQ(issuer.key_requests() + issuer.discovery_requests(), 1U);
}

TEST(http_client, never_sends_plain_http_beyond_loopback)
{
    EXPECT_THAT(why(send("http://example.com/keys")), HasSubstr("loopback"));
    EXPECT_THAT(why(send("not a url")), HasSubstr("not an absolute"));
}

TEST(http_client, fails_at_once_when_the_connection_is_refused)
{
    const test::fake_issuer issuer(false);
    EXPECT_THAT(why(send(issuer.keys_url())), HasSubstr("connecting"));
}

TEST(http_client, gives_up_on_a_silent_server_after_the_time_limit)
{
    test::fake_issuer issuer;
    issuer.be(mood::hanging);
    net::http_limits limits;
    limits.time = std::chrono::milliseconds(50);
    net::http_client client({}, limits);
    EXPECT_THAT(why(send(client, issuer.keys_url())), HasSubstr("timed out"));
}

TEST(http_client, cuts_off_an_endless_body)
{
    test::fake_issuer issuer;
    issuer.be(mood::endless);
    EXPECT_THAT(why(send(issuer.keys_url())), HasSubstr("body limit"));
}

TEST(http_client, trusts_a_private_authority_for_its_host)
{
    const test::certificate_authority ours;
    const auto identity = ours.issue("DNS:localhost");
    test::fake_issuer issuer(true, {}, &identity);
    const file_of ca(ours.pem());
    net::http_client client(trusting(ca.path()));
    const auto got = send(client, issuer.keys_url());
    ASSERT_TRUE(got) << why(got);
    EXPECT_EQ(got->status, 200U);
}

TEST(http_client, refuses_a_certificate_for_another_host)
{
    const test::certificate_authority ours;
    const auto identity = ours.issue("DNS:elsewhere.example");
    test::fake_issuer issuer(true, {}, &identity);
    const file_of ca(ours.pem());
    net::http_client client(trusting(ca.path()));
    EXPECT_THAT(why(send(client, issuer.keys_url())), HasSubstr("certificate verify failed"));
    EXPECT_EQ(issuer.key_requests(), 0U);
}

TEST(http_client, refuses_an_unknown_authority)
{
    const test::certificate_authority ours;
    const test::certificate_authority theirs;
    const auto identity = theirs.issue("DNS:localhost");
    test::fake_issuer issuer(true, {}, &identity);
    const file_of ca(ours.pem());
    net::http_client with_ours(trusting(ca.path()));
    EXPECT_THAT(why(send(with_ours, issuer.keys_url())), HasSubstr("certificate verify failed"));
    EXPECT_THAT(why(send(issuer.keys_url())), HasSubstr("certificate verify failed"))
        << "the system's store does not know the authority";
}

TEST(http_client, checks_an_address_as_an_address)
{
    const test::certificate_authority ours;
    const auto identity = ours.issue("IP:127.0.0.1");
    test::fake_issuer issuer(true, {}, &identity);
    const file_of ca(ours.pem());
    net::http_client client(trusting(ca.path()));
    auto url = issuer.keys_url();
    url.replace(url.find("localhost"), 9, "127.0.0.1");
    const auto got = send(client, url);
    EXPECT_TRUE(got) << why(got);
    EXPECT_THAT(why(send(client, issuer.keys_url())), HasSubstr("certificate verify failed"))
        << "the certificate names the address as a host name";
}

TEST(http_client, applies_the_time_limit_to_tls_too)
{
    const test::certificate_authority ours;
    const auto identity = ours.issue("DNS:localhost");
    test::fake_issuer issuer(true, {}, &identity);
    issuer.be(mood::hanging);
    const file_of ca(ours.pem());
    net::http_limits limits;
    limits.time = std::chrono::milliseconds(100);
    net::http_client client(trusting(ca.path()), limits);
    EXPECT_THAT(why(send(client, issuer.keys_url())), HasSubstr("timed out"));
}

TEST(http_client, names_a_malformed_ca_file)
{
    const auto identity = test::certificate_authority().issue("DNS:localhost");
    const test::fake_issuer issuer(true, {}, &identity);
    net::http_client without(trusting("/nonexistent/ca.pem"));
    EXPECT_THAT(why(send(without, issuer.keys_url())), HasSubstr("/nonexistent/ca.pem"));
    const file_of empty("no certificate");
    net::http_client with_empty(trusting(empty.path()));
    EXPECT_THAT(why(send(with_empty, issuer.keys_url())), HasSubstr(empty.path()));
}

// A thousand tenants have a client each.
TEST(http_client, shares_the_authorities_with_others_that_have_the_same_files)
{
    const test::certificate_authority ours, theirs;
    const auto identity = ours.issue("DNS:localhost");
    test::fake_issuer issuer(true, {}, &identity);
    const file_of ca(ours.pem());
    const file_of other_ca(theirs.pem());
    const auto before = net::client_tls_contexts();
    {
        std::vector<net::http_client> clients;
        for (int i = 0; i < 100; ++i) {
            auto& client = clients.emplace_back(trusting(ca.path()));
            EXPECT_TRUE(send(client, issuer.keys_url()));
        }
        EXPECT_EQ(net::client_tls_contexts(), before + 1);
        net::http_client other(trusting(other_ca.path()));
        EXPECT_THAT(why(send(other, issuer.keys_url())), HasSubstr("certificate verify failed"));
        EXPECT_EQ(net::client_tls_contexts(), before + 2);
    }
    EXPECT_EQ(net::client_tls_contexts(), before) << "no client has them any more";
}

TEST(http_client, reads_changed_files_though_others_have_the_earlier_ones)
{
    const test::certificate_authority ours, theirs;
    const auto identity = ours.issue("DNS:localhost");
    test::fake_issuer issuer(true, {}, &identity);
    const file_of ca(theirs.pem());
    net::http_client earlier(trusting(ca.path()));
    EXPECT_THAT(why(send(earlier, issuer.keys_url())), HasSubstr("certificate verify failed"));
    std::ofstream(ca.path()) << ours.pem() << '\n';
    net::http_client later(trusting(ca.path()));
    EXPECT_TRUE(send(later, issuer.keys_url()));
}

} // namespace
