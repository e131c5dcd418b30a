#include "tokens/key_fetch.hpp"

#include "support/fake_issuer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>

namespace {

using namespace scopegate;
using mood = test::fake_issuer::mood;
using ::testing::AllOf;
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

} // namespace
