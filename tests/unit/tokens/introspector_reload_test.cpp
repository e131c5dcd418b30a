// How an introspector that survives a reload reaches its endpoint: by the new authorities, certificate and
// proxy, while its cached results stay. And how it forgets results that turn out to be unusable.
#include "tokens/introspector.hpp"

#include "base/forward_proxy.hpp"
#include "support/certificate_maker.hpp"
#include "support/connect_proxy.hpp"
#include "support/introspection_endpoint.hpp"
#include "support/reason_of.hpp"
#include "support/run_until.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_relay.hpp"

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace scopegate;
using namespace std::chrono_literals;

// The endpoint is behind TLS, and knows the tokens "first", "second" and "third".
struct reloaded_introspection : ::testing::Test {
    test::certificate_authority authority, other{"another authority"};
    test::temporary_folder folder;
    test::introspection_endpoint endpoint;
    boost::asio::io_context control;
    policy::policy policy;
    std::shared_ptr<tokens::introspector> asker;

    reloaded_introspection()
    {
        for (const auto* token : {"first", "second", "third"})
            endpoint.knows(token, R"({"active":true})");
        auto& issuer = policy.issuers.emplace_back();
        issuer.issuer = "https://legacy.example";
        issuer.keys.where = policy::key_location::kind::none;
        issuer.ca_file = folder.path("ca.pem");
        issuer.introspection.emplace().client_id = "gate";
        issuer.introspection->client_secret = secret("s");
        folder.write("ca.pem", authority.pem());
    }
    ~reloaded_introspection() override
    {
        if (asker)
            asker->stop();
        control.restart();
        control.run_for(10s);
        EXPECT_TRUE(control.stopped()) << "stop() must leave no work behind";
    }

    // Returns the endpoint's settings for TLS. A server with `clients` requires a certificate of theirs.
    [[nodiscard]] test::tls_relay_settings tls(const std::string& clients = {}) const
    {
        test::tls_relay_settings made;
        made.server = true;
        made.ca = clients;
        made.identity = authority.issue("DNS:localhost");
        made.version = 0x0303; // TLS 1.2, in which the client learns at once that its certificate is refused
        return made;
    }
    [[nodiscard]] std::string address() const
    {
        const auto url = endpoint.url();
        return url.substr(7, url.find('/', 7) - 7);
    }
    void reach(const test::tls_relay& relay)
    {
        const auto to = relay.address();
        policy.issuers[0].introspection->url = "https://localhost" + to.substr(to.find(':')) + "/introspect";
    }
    // Starts the introspector, or reloads it.
    void load()
    {
        auto next = tokens::introspector::start(control, policy, asker);
        EXPECT_TRUE(asker == nullptr || next == asker) << "the cached results must stay";
        asker = std::move(next);
    }
    void use_certificate(const test::tls_identity& ours)
    {
        policy.issuers[0].certificate_file = folder.path("gate.pem");
        policy.issuers[0].key_file = folder.path("gate.key");
        folder.write("gate.pem", ours.certificate);
        folder.write("gate.key", ours.key);
    }
    std::string ask(const std::string& token)
    {
        std::string heard;
        asker->ask(token,
                   [&](const tokens::introspection_ptr& got) { heard = name(test::reason_of(got->claims)); });
        EXPECT_TRUE(test::run_until(control, [&] { return !heard.empty(); }));
        return heard;
    }
};

TEST_F(reloaded_introspection, no_longer_trusts_an_authority_that_was_replaced)
{
    const test::tls_relay relay(address(), tls());
    reach(relay);
    load();
    EXPECT_EQ(ask("first"), "allowed");
    folder.write("ca.pem", other.pem());
    load();
    EXPECT_EQ(ask("second"), "introspection-unavailable");
    EXPECT_EQ(endpoint.calls("second"), 0U);
    EXPECT_EQ(ask("first"), "allowed") << "its result is cached";
    EXPECT_EQ(endpoint.calls("first"), 1U);
}

TEST_F(reloaded_introspection, presents_a_certificate_that_was_renewed_in_place)
{
    const test::tls_relay relay(address(), tls(other.pem()));
    reach(relay);
    use_certificate(other.issue("DNS:gate.example"));
    load();
    EXPECT_EQ(ask("first"), "allowed");
    use_certificate(other.issue("DNS:gate.example"));
    load();
    EXPECT_EQ(ask("second"), "allowed");
    const auto seen = relay.handshakes();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_NE(seen[0].peer_serial, seen[1].peer_serial);
}

TEST_F(reloaded_introspection, presents_another_certificate_after_a_failure_without_a_reload)
{
    const test::tls_relay relay(address(), tls(other.pem()));
    reach(relay);
    use_certificate(authority.issue("DNS:gate.example"));
    load();
    EXPECT_EQ(ask("first"), "introspection-unavailable") << "the endpoint does not know our authority";
    use_certificate(other.issue("DNS:gate.example"));
    EXPECT_EQ(ask("first"), "allowed");
}

TEST_F(reloaded_introspection, goes_through_the_new_proxy)
{
    auto settings = tls();
    settings.identity = authority.issue("DNS:op.test");
    const test::tls_relay relay(address(), settings);
    const test::connect_proxy one(relay.address()), two(relay.address());
    auto& issuer = policy.issuers[0];
    issuer.introspection->url = "https://op.test/introspect";
    issuer.proxies.https = parse_forward_proxy("http://" + one.authority()).value();
    load();
    EXPECT_EQ(ask("first"), "allowed");
    issuer.proxies.https = parse_forward_proxy("http://" + two.authority()).value();
    load();
    EXPECT_EQ(ask("second"), "allowed");
    EXPECT_EQ(one.heads().size(), 1U);
    EXPECT_EQ(two.heads().size(), 1U);
}

TEST_F(reloaded_introspection, asks_again_once_for_a_result_that_can_not_be_used)
{
    wall_time now{1'800'000'000s};
    policy.issuers[0].introspection->url = endpoint.url();
    asker = tokens::introspector::start(control, policy, nullptr, {}, [&] { return now; });
    tokens::introspection_ptr first;
    asker->ask("first", [&](const tokens::introspection_ptr& got) { first = got; });
    ASSERT_TRUE(test::run_until(control, [&] { return first != nullptr; }));
    now += 999ms;
    EXPECT_FALSE(asker->discard("first", first)) << "a faulty endpoint must not be flooded";
    EXPECT_EQ(ask("first"), "allowed");
    EXPECT_EQ(endpoint.calls("first"), 1U);
    now += 1ms;
    EXPECT_TRUE(asker->discard("first", first));
    EXPECT_EQ(ask("first"), "allowed");
    EXPECT_EQ(endpoint.calls("first"), 2U);
    EXPECT_TRUE(asker->discard("first", first)) << "another worker had the same old result";
    EXPECT_EQ(ask("first"), "allowed");
    EXPECT_EQ(endpoint.calls("first"), 2U) << "the later result must stay";
    const auto failed = std::make_shared<const tokens::introspection_result>();
    EXPECT_FALSE(asker->discard("first", failed)) << "a call that failed has no result";
}

} // namespace
