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

    tokens::fetched_keys run(tokens::key_fetch& fetch, bool rediscover)
    {
        boost::asio::io_context io;
        tokens::fetched_keys got;
        boost::asio::co_spawn(
            io, [&]() -> boost::asio::awaitable<void> { got = co_await fetch.run(rediscover); },
            [](std::exception_ptr failure) { EXPECT_FALSE(failure); });
        io.run();
        return got;
    }
};

TEST_F(key_fetching, remembers_where_the_keys_are_until_it_is_to_look_again)
{
    test::fake_issuer issuer;
    issuer.publish(R"({"keys":[]})");
    settings.issuer = issuer.name();
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch, true).ok);
    EXPECT_TRUE(run(fetch, false).ok);
    EXPECT_EQ(issuer.discovery_requests(), 1U) << "for an unknown kid there is no time to lose";
    EXPECT_TRUE(run(fetch, true).ok);
    EXPECT_EQ(issuer.discovery_requests(), 2U);
    EXPECT_EQ(issuer.key_requests(), 3U);
}

TEST_F(key_fetching, looks_again_after_a_failure)
{
    test::fake_issuer issuer;
    settings.issuer = issuer.name();
    tokens::key_fetch fetch(settings);
    EXPECT_TRUE(run(fetch, true).ok);
    issuer.be(mood::failing);
    EXPECT_FALSE(run(fetch, false).ok);
    issuer.be(mood::serving);
    EXPECT_TRUE(run(fetch, false).ok);
    EXPECT_EQ(issuer.discovery_requests(), 2U);
}

TEST_F(key_fetching, asks_for_the_second_document_only_where_somebody_answers)
{
    test::fake_issuer issuer(false);
    settings.issuer = issuer.name();
    tokens::key_fetch fetch(settings);
    EXPECT_THAT(run(fetch, true).text,
                AllOf(HasSubstr("openid-configuration"), Not(HasSubstr("oauth-authorization-server"))));
    issuer.listen();
    issuer.be(mood::failing);
    auto got = run(fetch, true);
    EXPECT_THAT(got.text, AllOf(HasSubstr("openid-configuration"), HasSubstr("oauth-authorization-server")));
}

TEST_F(key_fetching, a_name_that_is_no_url_is_said)
{
    settings.issuer = "accounts.example.com";
    tokens::key_fetch fetch(settings);
    EXPECT_THAT(run(fetch, true).text, HasSubstr("no URL"));
}

} // namespace
