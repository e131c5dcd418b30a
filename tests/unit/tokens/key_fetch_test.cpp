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

// From an issuer that is discovered, and has no keys yet.
struct discovered_keys : key_fetching {
    test::fake_issuer issuer;

    discovered_keys()
    {
        issuer.publish(R"({"keys":[]})");
        settings.issuer = issuer.name();
    }
};

TEST_F(discovered_keys, looks_each_time_where_the_keys_are)
{
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch).ok);
    EXPECT_TRUE(run(fetch).ok);
    EXPECT_EQ(issuer.discovery_requests(), 2U);
    EXPECT_EQ(issuer.key_requests(), 2U);
}

TEST_F(discovered_keys, looks_for_an_awaited_key_where_the_last_were_and_then_where_they_may_have_moved)
{
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch).ok);
    issuer.publish(R"({"keys":[1]})");
    EXPECT_EQ(run(fetch, true).text, R"({"keys":[1]})");
    EXPECT_EQ(issuer.discovery_requests(), 1U) << "discovery may be slow, and callers wait";
    EXPECT_TRUE(run(fetch, true).ok);
    EXPECT_EQ(issuer.discovery_requests(), 2U) << "nothing new there";
    issuer.stop_listening();
    EXPECT_FALSE(run(fetch, true).ok);
}

TEST_F(discovered_keys, takes_the_last_place_where_discovery_fails)
{
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch).ok);
    issuer.be(mood::wrong_issuer);
    EXPECT_TRUE(run(fetch).ok);
    EXPECT_EQ(issuer.key_requests(), 2U);
}

TEST_F(key_fetching, says_no_query_of_a_url)
{
    const test::fake_issuer issuer(false);
    settings.issuer = issuer.name();
    settings.keys = {policy::key_location::kind::url, issuer.keys_url() + "?key=s3cr3t"};
    tokens::key_fetch fetch(settings);
    const auto got = run(fetch);
    EXPECT_THAT(got.text, AllOf(HasSubstr(issuer.keys_url()), Not(HasSubstr("s3cr3t"))));
}

TEST_F(key_fetching, asks_for_the_second_document_only_where_somebody_answers)
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

TEST_F(key_fetching, a_name_that_is_no_url_is_said)
{
    settings.issuer = "accounts.example.com";
    tokens::key_fetch fetch(settings);
    EXPECT_THAT(run(fetch).text, HasSubstr("no URL"));
}

} // namespace
