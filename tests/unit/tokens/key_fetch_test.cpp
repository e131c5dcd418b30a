#include "tokens/key_fetch.hpp"

#include "support/fake_issuer.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace scopegate;
using mood = test::fake_issuer::mood;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct key_fetching : ::testing::Test {
    policy::issuer_settings settings;

    tokens::fetched_keys run(tokens::key_fetch& fetch, bool awaited = false)
    {
        boost::asio::io_context io;
        tokens::fetched_keys got;
        boost::asio::co_spawn(
            io, [&]() -> boost::asio::awaitable<void> { got = co_await fetch.run(awaited); },
            [](std::exception_ptr failure) { EXPECT_FALSE(failure); });
        io.run();
        return got;
    }
};

// Fetches from an issuer that is discovered, and whose keys are not known yet.
struct discovered_keys : key_fetching {
    test::fake_issuer issuer;

    discovered_keys()
    {
        issuer.publish(R"({"keys":[]})");
        settings.issuer = issuer.name();
    }
};

TEST_F(discovered_keys, discovers_their_location_with_each_fetch)
{
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch).ok);
    EXPECT_TRUE(run(fetch).ok);
    EXPECT_EQ(issuer.discovery_requests(), 2U);
    EXPECT_EQ(issuer.key_requests(), 2U);
}

TEST_F(discovered_keys, looks_for_an_awaited_key_at_the_last_location_before_discovery)
{
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch).ok);
    issuer.publish(R"({"keys":[1]})");
    EXPECT_EQ(run(fetch, true).text, R"({"keys":[1]})");
    EXPECT_EQ(issuer.discovery_requests(), 1U) << "discovery may be slow while requests wait";
    EXPECT_TRUE(run(fetch, true).ok);
    EXPECT_EQ(issuer.discovery_requests(), 2U) << "the last location has no new key";
    issuer.stop_listening();
    EXPECT_FALSE(run(fetch, true).ok);
}

TEST_F(discovered_keys, uses_the_last_location_if_discovery_fails)
{
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch).ok);
    issuer.be(mood::wrong_issuer);
    EXPECT_TRUE(run(fetch).ok);
    EXPECT_EQ(issuer.key_requests(), 2U);
}

TEST_F(key_fetching, never_logs_the_query_of_a_url)
{
    const test::fake_issuer issuer(false);
    settings.issuer = issuer.name();
    settings.keys = {policy::key_location::kind::url, issuer.keys_url() + "?key=s3cr3t"};
    tokens::key_fetch fetch(settings);
    const auto got = run(fetch);
    EXPECT_THAT(got.text, AllOf(HasSubstr(issuer.keys_url()), Not(HasSubstr("s3cr3t"))));
}

TEST_F(key_fetching, requests_the_second_document_only_if_the_server_responds)
{
    test::fake_issuer issuer(false);
    settings.issuer = issuer.name();
    tokens::key_fetch fetch(settings);
    EXPECT_THAT(run(fetch).text,
                AllOf(HasSubstr("openid-configuration"), Not(HasSubstr("oauth-authorization-server"))));
    issuer.listen();
    issuer.be(mood::failing);
    auto got = run(fetch);
    EXPECT_THAT(got.text, AllOf(HasSubstr("openid-configuration"), HasSubstr("oauth-authorization-server")));
}

TEST_F(key_fetching, reports_an_issuer_name_that_is_no_url)
{
    settings.issuer = "accounts.example.com";
    tokens::key_fetch fetch(settings);
    EXPECT_THAT(run(fetch).text, HasSubstr("not a URL"));
}

// Keys behind a bearer token, such as those of Kubernetes.
struct guarded_keys : key_fetching {
    test::temporary_folder folder;
    test::fake_issuer issuer;

    guarded_keys()
    {
        issuer.publish(R"({"keys":[]})");
        issuer.require_authorization("Bearer first");
        settings.issuer = issuer.name();
        settings.keys_token_file = folder.write("token", "first\n");
    }
};

TEST_F(guarded_keys, are_fetched_with_the_token_that_the_file_has_at_the_time)
{
    settings.keys = {policy::key_location::kind::url, issuer.keys_url()};
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch).ok);
    issuer.require_authorization("Bearer second.token");
    EXPECT_THAT(run(fetch).text, HasSubstr("returned status 401"));
    folder.write("token", "  second.token  ");
    EXPECT_TRUE(run(fetch).ok);
}

TEST_F(guarded_keys, may_be_discovered_on_the_same_origin)
{
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch).ok);
    EXPECT_THAT(issuer.authorizations(), ElementsAre("Bearer first", "Bearer first"));
}

TEST_F(guarded_keys, do_not_get_the_token_on_another_host)
{
    test::fake_issuer other; // another port is another origin
    other.publish(R"({"keys":[]})");
    issuer.jwks_uri(other.keys_url());
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch).ok);
    EXPECT_THAT(other.authorizations(), ElementsAre(""));
    auto same_port_other_name = issuer.keys_url();
    same_port_other_name.replace(same_port_other_name.find("127.0.0.1"), 9, "localhost");
    issuer.jwks_uri(same_port_other_name);
    EXPECT_THAT(run(fetch).text, HasSubstr("returned status 401"));
    EXPECT_EQ(issuer.authorizations().back(), "");
}

TEST_F(guarded_keys, are_not_fetched_without_a_token_in_the_file)
{
    settings.keys = {policy::key_location::kind::url, issuer.keys_url()};
    tokens::key_fetch fetch(settings);
    const std::vector<std::string> contents{
        "", "\n", "two s3cret", "s3cret\r\nX: y", "s3cret\"", std::string(70'000, 's')};
    for (const auto& bad : contents) {
        folder.write("token", bad);
        EXPECT_THAT(run(fetch).text, AllOf(HasSubstr("/token: "), Not(HasSubstr("s3cret")))) << bad.size();
    }
    std::filesystem::remove(folder.path("token"));
    EXPECT_THAT(run(fetch).text, HasSubstr("No such file"));
    EXPECT_EQ(issuer.key_requests(), 0U);
    settings.keys_token_file.clear();
    tokens::key_fetch without(settings);
    EXPECT_THAT(run(without).text, HasSubstr("status 401; if it wants a bearer token, name its file in"));
}

TEST_F(key_fetching, fetches_by_plain_http_beyond_loopback_only_if_told_to)
{
    test::fake_issuer issuer;
    issuer.publish(R"({"keys":[]})");
    auto url = issuer.keys_url();
    url.replace(url.find("127.0.0.1"), 9, "0.0.0.0"); // is this machine, and not called loopback
    settings.issuer = "https://a.test";
    settings.keys = {policy::key_location::kind::url, url};
    tokens::key_fetch refused(settings);
    EXPECT_THAT(run(refused).text, HasSubstr("plain http is for loopback hosts only"));
    settings.insecure_http = true;
    tokens::key_fetch allowed(settings);
    EXPECT_TRUE(run(allowed).ok);
}

// 404 of a proxy says nothing about the issuer.
TEST_F(key_fetching, takes_no_response_by_plain_http_through_a_proxy_as_a_refusal)
{
    test::fake_issuer proxy;
    settings.issuer = "http://idp.test";
    settings.insecure_http = true;
    settings.keys = {policy::key_location::kind::url, "http://idp.test/none"};
    settings.proxies.http = *parse_forward_proxy(proxy.origin());
    tokens::key_fetch through(settings);
    const auto got = run(through);
    EXPECT_TRUE(got.answered) << got.text;
    EXPECT_FALSE(got.refused);
    settings.keys.value = proxy.origin() + "/none";
    tokens::key_fetch direct(settings);
    EXPECT_TRUE(run(direct).refused);
}

TEST_F(key_fetching, reports_the_proxy_as_the_cause)
{
    const test::fake_issuer nobody(false);
    settings.issuer = "https://idp.test";
    settings.proxies.https = *parse_forward_proxy("http://ann:s3cret@" + nobody.origin().substr(7));
    for (const auto where : {policy::key_location::kind::discover, policy::key_location::kind::url}) {
        settings.keys = {where, where == policy::key_location::kind::url ? "https://idp.test/keys" : ""};
        tokens::key_fetch fetch(settings);
        const auto got = run(fetch);
        EXPECT_EQ(got.detail, cause::proxy_unreachable);
        EXPECT_THAT(got.text, AllOf(HasSubstr("proxy 127.0.0.1:"), Not(HasSubstr("s3cret"))));
    }
}

} // namespace
