#include "tokens/introspector.hpp"

#include "support/certificate_maker.hpp"
#include "support/introspection_endpoint.hpp"
#include "support/reason_of.hpp"
#include "support/run_until.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_relay.hpp"
#include "support/token_maker.hpp"

#include <boost/asio/io_context.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace {

using namespace scopegate;
using mood = test::introspection_endpoint::mood;
using namespace std::chrono_literals;

constexpr std::string_view active = R"({"active":true,"scope":"read:app"})";

// The test runs the control thread itself, so nothing happens between two lines of a test.
struct introspection : ::testing::Test {
    test::introspection_endpoint endpoint;
    boost::asio::io_context control;
    wall_time now{1'800'000'000s};
    tokens::introspection_bounds bounds;
    policy::policy policy;
    std::shared_ptr<tokens::introspector> asker;

    introspection() { policy.issuers.push_back(issuer()); }
    ~introspection() override
    {
        endpoint.release();
        if (asker)
            asker->stop();
        control.restart();
        control.run_for(10s);
        EXPECT_TRUE(control.stopped()) << "stop() must leave no work behind";
    }

    [[nodiscard]] policy::issuer_settings issuer() const
    {
        policy::issuer_settings made;
        made.issuer = "https://legacy.example";
        made.keys.where = policy::key_location::kind::none;
        auto& settings = made.introspection.emplace();
        settings.url = endpoint.url();
        settings.client_id = "gate";
        settings.client_secret = secret("s");
        return made;
    }

    void start() { asker = make(); }
    [[nodiscard]] std::shared_ptr<tokens::introspector>
    make(const std::shared_ptr<tokens::introspector>& previous = nullptr)
    {
        return tokens::introspector::start(control, policy, previous, bounds, [this] { return now; });
    }

    template <class Predicate>
    [[nodiscard]] bool run_until(Predicate&& holds)
    {
        return test::run_until(control, holds);
    }

    // The result's reason, and when the result expires.
    struct in_brief {
        std::string why;
        wall_time until;
        std::string scope;
    };
    static in_brief in_words(const tokens::introspection_ptr& answer)
    {
        in_brief h{std::string(name(test::reason_of(answer->claims))), answer->until, {}};
        const auto* scope = answer->claims ? answer->claims->find("scope") : nullptr;
        if (scope != nullptr)
            h.scope = *scope->if_string();
        return h;
    }
    in_brief ask(const std::string& token)
    {
        tokens::introspection_ptr answer;
        asker->ask(token, [&](tokens::introspection_ptr got) { answer = std::move(got); });
        EXPECT_TRUE(run_until([&] { return answer != nullptr; }));
        return answer ? in_words(answer) : in_brief{};
    }
};

TEST_F(introspection, needs_no_introspector_for_an_issuer_without_it)
{
    policy.issuers[0].introspection.reset();
    EXPECT_EQ(make(), nullptr);
}

TEST_F(introspection, calls_once_and_caches_the_result)
{
    endpoint.knows("good", std::string(active));
    start();
    const auto first = ask("good");
    EXPECT_EQ(first.why, "allowed");
    EXPECT_EQ(first.scope, "read:app");
    EXPECT_EQ(first.until, now + 30s);
    EXPECT_EQ(ask("good").until, now + 30s);
    EXPECT_EQ(endpoint.calls("good"), 1U);

    const auto request = endpoint.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.value("Content-Type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(request.value("Accept"), "application/json");
    EXPECT_TRUE(request.value("Authorization").starts_with("Basic "));

    now += 29'999ms;
    EXPECT_EQ(ask("good").why, "allowed");
    EXPECT_EQ(endpoint.calls("good"), 1U);
    now += 1ms;
    endpoint.knows("good", R"({"active":false})");
    EXPECT_EQ(ask("good").why, "token-inactive") << "a revocation must be seen after `cache` at the latest";
    EXPECT_EQ(endpoint.calls("good"), 2U);
}

TEST_F(introspection, checks_an_inactive_token_again_soon)
{
    start();
    EXPECT_EQ(ask("bad").why, "token-inactive");
    EXPECT_EQ(ask("bad").until, now + 5s);
    EXPECT_EQ(endpoint.calls("bad"), 1U) << "repeated attempts must not cost further calls";
    now += 5s;
    endpoint.knows("bad", std::string(active));
    EXPECT_EQ(ask("bad").why, "allowed");
}

TEST_F(introspection, never_caches_inactive_tokens_longer_than_active_ones)
{
    policy.issuers[0].introspection->cache = 1s;
    start();
    EXPECT_EQ(ask("bad").until, now + 1s);
}

TEST_F(introspection, caches_nothing_beyond_its_exp)
{
    endpoint.knows("brief", R"({"active":true,"exp":1800000002.5})");
    endpoint.knows("over", R"({"active":true,"exp":1799999999})");
    endpoint.knows("odd", R"({"active":true,"exp":"soon"})");
    start();
    EXPECT_EQ(ask("brief").until, now + 2500ms);
    now += 2500ms;
    endpoint.knows("brief", R"({"active":false})");
    EXPECT_EQ(ask("brief").why, "token-inactive");
    EXPECT_EQ(endpoint.calls("brief"), 2U);

    EXPECT_EQ(ask("over").why, "allowed") << "the validator applies the clock skew later";
    EXPECT_EQ(ask("over").why, "allowed");
    EXPECT_EQ(endpoint.calls("over"), 2U);
    EXPECT_EQ(ask("odd").until, now + 30s) << "the validator refuses a malformed time later";
}

TEST_F(introspection, calls_every_time_with_cache_zero)
{
    policy.issuers[0].introspection->cache = 0ms;
    endpoint.knows("good", std::string(active));
    start();
    EXPECT_EQ(ask("good").why, "allowed");
    EXPECT_EQ(ask("good").why, "allowed");
    EXPECT_EQ(endpoint.calls("good"), 2U);
}

TEST_F(introspection, shares_one_call_among_all_that_wait_for_a_token)
{
    endpoint.knows("good", std::string(active));
    endpoint.be(mood::hanging);
    start();
    int allowed = 0;
    for (int i = 0; i < 100; ++i)
        asker->ask("good",
                   [&](const tokens::introspection_ptr& answer) { allowed += answer->claims.has_value(); });
    ASSERT_TRUE(run_until([&] { return endpoint.calls() == 1; }));
    endpoint.release();
    ASSERT_TRUE(run_until([&] { return allowed == 100; }));
    EXPECT_EQ(endpoint.calls("good"), 1U);
}

TEST_F(introspection, is_unavailable_while_responses_fail_or_are_malformed)
{
    endpoint.knows("good", std::string(active));
    start();
    for (const auto m : {mood::failing, mood::refusing, mood::garbage, mood::twice, mood::an_array,
                         mood::redirecting, mood::huge, mood::cut_short, mood::closing}) {
        SCOPED_TRACE(static_cast<int>(m));
        endpoint.be(m);
        EXPECT_EQ(ask("good").why, "introspection-unavailable");
    }
    EXPECT_EQ(endpoint.calls("good"), 9U) << "failures must not be cached";
    for (const auto& request : endpoint.requests())
        EXPECT_EQ(request.target, "/introspect") << "redirects must not be followed";
    endpoint.be(mood::serving);
    EXPECT_EQ(ask("good").why, "allowed") << "service must resume as soon as the endpoint recovers";
}

TEST_F(introspection, gives_up_on_a_silent_endpoint_in_time)
{
    bounds.time = 50ms;
    endpoint.be(mood::hanging);
    start();
    EXPECT_EQ(ask("good").why, "introspection-unavailable");
}

TEST_F(introspection, uses_a_cached_result_while_the_endpoint_is_down)
{
    endpoint.knows("good", std::string(active));
    start();
    EXPECT_EQ(ask("good").why, "allowed");
    endpoint.be(mood::failing);
    EXPECT_EQ(ask("good").why, "allowed");
    now += 30s;
    EXPECT_EQ(ask("good").why, "introspection-unavailable") << "a cached result must not outlive `cache`";
}

TEST_F(introspection, bounds_the_calls_for_made_up_tokens)
{
    bounds.calls = 2;
    bounds.waiting_tokens = 5;
    endpoint.be(mood::hanging);
    start();
    std::vector<std::string> heard(8);
    for (std::size_t i = 0; i < heard.size(); ++i)
        asker->ask("made up " + std::to_string(i), [&heard, i](const tokens::introspection_ptr& answer) {
            heard[i] = name(test::reason_of(answer->claims));
        });
    EXPECT_THAT(std::vector(heard.begin() + 5, heard.end()), ::testing::Each("introspection-unavailable"))
        << "the surplus must be refused at once";
    ASSERT_TRUE(run_until([&] { return endpoint.calls() == 2; }));
    control.restart();
    control.run_for(20ms);
    EXPECT_EQ(endpoint.calls(), 2U) << "no more calls may be in flight";
    EXPECT_EQ(heard[0], "");
    endpoint.release();
    EXPECT_TRUE(
        run_until([&] { return std::count(heard.begin(), heard.begin() + 5, "token-inactive") == 5; }));
}

TEST_F(introspection, drops_tokens_that_waited_too_long_in_the_queue)
{
    bounds.calls = 1;
    bounds.time = 100ms;
    endpoint.be(mood::hanging);
    start();
    std::optional<std::string> second;
    asker->ask("first", [](const tokens::introspection_ptr&) {});
    asker->ask("second", [&](const tokens::introspection_ptr& answer) {
        second = name(test::reason_of(answer->claims));
    });
    ASSERT_TRUE(run_until([&] { return second.has_value(); }));
    EXPECT_EQ(second, "introspection-unavailable");
    EXPECT_EQ(endpoint.calls("second"), 0U);
}

TEST_F(introspection, releases_waiting_requests_on_stop)
{
    endpoint.be(mood::hanging);
    start();
    std::string heard;
    asker->ask(
        "t", [&](const tokens::introspection_ptr& answer) { heard = name(test::reason_of(answer->claims)); });
    ASSERT_TRUE(run_until([&] { return endpoint.calls() == 1; }));
    asker->stop();
    EXPECT_EQ(heard, "introspection-unavailable");
    std::string later;
    asker->ask(
        "t", [&](const tokens::introspection_ptr& answer) { later = name(test::reason_of(answer->claims)); });
    EXPECT_EQ(later, "introspection-unavailable");
}

TEST_F(introspection, keeps_results_over_a_reload_unless_the_endpoint_changed)
{
    endpoint.knows("good", std::string(active));
    start();
    EXPECT_EQ(ask("good").why, "allowed");
    auto same = make(asker);
    EXPECT_EQ(same, asker);
    policy.issuers[0].audience = {"another"};
    policy.issuers.insert(policy.issuers.begin(), policy::issuer_settings());
    EXPECT_EQ(make(asker), asker) << "the validator checks audiences later";
    policy.issuers.erase(policy.issuers.begin());

    const auto changed = [&](auto change) {
        const auto before = policy.issuers[0];
        change(policy.issuers[0]);
        const auto other = make(asker);
        policy.issuers[0] = before;
        if (other == asker)
            return false;
        if (other)
            other->stop();
        return true;
    };
    EXPECT_TRUE(changed([](auto& i) { i.issuer += "/"; }));
    EXPECT_TRUE(changed([](auto& i) { i.introspection->url += "/2"; }));
    EXPECT_TRUE(changed([](auto& i) { i.introspection->client_id = "x"; }));
    EXPECT_TRUE(changed([](auto& i) { i.introspection->client_secret = secret("x"); }));
    EXPECT_TRUE(changed([](auto& i) { i.introspection->by = policy::introspection_settings::auth::post; }));
    EXPECT_TRUE(changed([](auto& i) { i.introspection->cache = 1s; }));
    EXPECT_TRUE(changed([](auto& i) { i.ca_file = "/ca.pem"; }));
    EXPECT_TRUE(changed(
        [](auto& i) { i.introspection->client_key = test::key_for(jose::algorithm::es256).with_kid({}); }));
    EXPECT_TRUE(changed([](auto& i) { i.introspection.reset(); }));

    policy.issuers[0].introspection->client_key = test::key_for(jose::algorithm::es256).with_kid({});
    const auto signing = make();
    EXPECT_EQ(make(signing), signing);
    policy.issuers[0].introspection->client_key = test::other_key_for(jose::algorithm::es256).with_kid({});
    EXPECT_NE(make(signing), signing) << "the client key differs, of the same kind";
    signing->stop();
}

TEST_F(introspection, verifies_the_endpoints_certificate)
{
    const test::certificate_authority authority;
    test::tls_relay_settings tls;
    tls.server = true;
    tls.identity = authority.issue("DNS:localhost");
    const auto plain = endpoint.url().substr(7, endpoint.url().find('/', 7) - 7);
    const test::tls_relay relay(plain, tls);
    const auto port = relay.address().substr(relay.address().find(':'));
    policy.issuers[0].introspection->url = "https://localhost" + port + "/introspect";
    endpoint.knows("good", std::string(active));
    start();
    EXPECT_EQ(ask("good").why, "introspection-unavailable") << "the endpoint's certificate is not trusted";
    EXPECT_EQ(endpoint.calls(), 0U) << "an untrusted endpoint must not see the token";
    asker->stop();

    // The file appears after the gate has started: an orchestrator mounts it at any time.
    const test::temporary_folder folder;
    policy.issuers[0].ca_file = folder.path("ca.pem");
    start();
    EXPECT_EQ(ask("good").why, "introspection-unavailable");
    folder.write("ca.pem", authority.pem());
    EXPECT_EQ(ask("good").why, "allowed");
}

tokens::client_network client(std::uint8_t number)
{
    tokens::client_network made{};
    made[0] = number;
    return made;
}

TEST_F(introspection, delays_other_clients_of_a_flooding_one_by_a_single_call)
{
    bounds.calls = 1;
    start();
    std::vector<std::string> order;
    const auto ask_for = [&](const std::string& token, std::uint8_t of) {
        asker->ask(
            token, [&order, token](const tokens::introspection_ptr&) { order.push_back(token); }, client(of));
    };
    for (int i = 0; i < 50; ++i)
        ask_for("flood" + std::to_string(i), 1);
    ask_for("other", 2);
    ask_for("flood49", 3); // the last token of the flood, which another client uses as well
    ASSERT_TRUE(run_until([&] { return order.size() == 52; }));
    EXPECT_EQ(order[0], "flood0");
    EXPECT_EQ(order[1], "other");
    EXPECT_EQ(order[2], "flood49") << "a token is queued for each client that waits for it";
    EXPECT_EQ(order[3], "flood49");
    EXPECT_EQ(order[4], "flood1");
    EXPECT_EQ(endpoint.calls(), 51U) << "a token of two clients needs one call";
}

TEST_F(introspection, evicts_requests_of_the_flooding_client_when_too_many_wait)
{
    bounds.calls = 1;
    bounds.waiting_tokens = 10;
    endpoint.be(mood::hanging);
    start();
    std::map<std::string, std::string> ended;
    const auto ask_for = [&](const std::string& token, std::uint8_t of) {
        asker->ask(
            token,
            [&ended, token](const tokens::introspection_ptr& got) {
                ended[token] = name(test::reason_of(got->claims));
            },
            client(of));
    };
    for (int i = 0; i < 10; ++i)
        ask_for("flood" + std::to_string(i), 1);
    ask_for("flood10", 1);
    EXPECT_EQ(ended["flood10"], "introspection-unavailable")
        << "a flooding client must not evict its own tokens";
    ask_for("other", 2);
    EXPECT_EQ(ended.count("other"), 0U) << "the other client's token must wait";
    ASSERT_TRUE(run_until([&] { return ended.count("flood9") == 1; }));
    EXPECT_EQ(ended["flood9"], "introspection-unavailable")
        << "the newest request of the longest line must be evicted";
    EXPECT_EQ(ended.size(), 2U);
    endpoint.release();
    ASSERT_TRUE(run_until([&] { return ended.size() == 12; }));
    EXPECT_EQ(ended["other"], "token-inactive");
}

TEST_F(introspection, do_not_let_inactive_tokens_evict_active_ones)
{
    bounds.results = 4;
    endpoint.knows("good", std::string(active));
    start();
    EXPECT_EQ(ask("good").why, "allowed");
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(ask("made up " + std::to_string(i)).why, "token-inactive");
    EXPECT_EQ(ask("good").why, "allowed");
    EXPECT_EQ(endpoint.calls("good"), 1U);
}

} // namespace
