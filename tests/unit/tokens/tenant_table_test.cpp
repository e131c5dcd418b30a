// `tenants: any` against an authorization server on loopback: what tokens with made-up tenants can cause.
#include "support/fake_issuer.hpp"
#include "support/reason_of.hpp"
#include "support/run_until.hpp"
#include "support/tenant_server.hpp"
#include "support/token_maker.hpp"
#include "tokens/key_store.hpp"
#include "tokens/validator.hpp"
#include "unit/observe/captured_log.hpp"

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <optional>

namespace {

using namespace scopegate;
using jose::algorithm;
using kind = policy::key_location::kind;
using namespace std::chrono_literals;

constexpr wall_time now{1'800'000'000s};

tokens::key_timing quick()
{
    tokens::key_timing t;
    t.refresh = t.shortest_refresh = t.longest_refresh = 1h;
    t.cooldown = 1h;
    t.tenants.fetches = 100;
    t.tenants.per_fetch = 1h;
    return t;
}

std::string set_of(const jose::signing_key& key)
{
    return jose::public_jwk_set(std::vector{key});
}

struct any_tenant : ::testing::Test {
    test::tenant_server server;
    const jose::signing_key& key = test::key_for(algorithm::es256);
    const jose::signing_key& other_key = test::other_key_for(algorithm::es256);
    boost::asio::io_context control;
    std::shared_ptr<policy::policy> policy = std::make_shared<policy::policy>();
    std::shared_ptr<tokens::key_store> store;
    std::optional<tokens::validator> validator;

    any_tenant()
    {
        auto& issuer = policy->issuers.emplace_back();
        issuer.issuer = server.pattern();
        issuer.pattern = policy::tenant_pattern_of(issuer.issuer);
        issuer.audience = {"api"};
    }
    ~any_tenant() override
    {
        server.release();
        if (store)
            store->stop();
        control.restart();
        control.run_for(10s);
        EXPECT_TRUE(control.stopped()) << "stop() must leave no work behind";
    }

    void start(const tokens::key_timing& timing = quick())
    {
        store = tokens::key_store::start(control, policy, nullptr, timing);
        validator.emplace(policy, store, 1 << 20);
    }
    void serve(const std::string& tenant, const jose::signing_key& with)
    {
        server.serve(tenant, set_of(with));
    }
    [[nodiscard]] std::string token(const std::string& iss, const jose::signing_key& with,
                                    const std::string& more = {}) const
    {
        return test::make_token(R"({"iss":")" + iss + R"(","aud":"api","exp":1800000300)" + more + "}", with);
    }
    [[nodiscard]] std::string token_of(const std::string& tenant, const jose::signing_key& with) const
    {
        return token(server.name_of(tenant), with);
    }
    // Checks as a worker does. Returns the reason and the cause.
    [[nodiscard]] std::string check(const std::string& token)
    {
        tokens::validator::awaited came(false);
        for (int waits = 0; waits < 3; ++waits) {
            const auto outcome = validator->check(token, now, came);
            if (outcome.token)
                return "ok " + std::string((*outcome.token)->name_of_issuer(*policy));
            if (outcome.wait_for_issuer < 0)
                return std::string(name(outcome.token.error().why)) + " " +
                       std::string(name(outcome.token.error().detail));
            bool ended = false;
            validator->await(outcome.wait_for_issuer, token, [&](tokens::validator::awaited with) {
                came = std::move(with);
                ended = true;
            });
            EXPECT_TRUE(test::run_until(control, [&] { return ended; }));
        }
        return "waits for ever";
    }
    [[nodiscard]] std::string ok(const std::string& tenant) const { return "ok " + server.name_of(tenant); }
};

TEST_F(any_tenant, is_discovered_with_its_first_token)
{
    serve("one", key);
    serve("two", other_key);
    start();
    EXPECT_TRUE(store->without_keys().empty()) << "readiness waits for no tenant";
    EXPECT_EQ(check(token_of("one", key)), ok("one"));
    EXPECT_EQ(check(token_of("two", other_key)), ok("two"));
    EXPECT_EQ(check(token_of("one", key)), ok("one"));
    EXPECT_EQ(server.discoveries(), 2U);
}

TEST_F(any_tenant, has_no_token_that_counts_for_another)
{
    serve("one", key);
    serve("two", other_key);
    start();
    EXPECT_EQ(check(token_of("one", key)), ok("one"));
    EXPECT_EQ(check(token_of("two", other_key)), ok("two"));
    EXPECT_EQ(check(token_of("one", other_key)).substr(0, 8), "unknown-") << "signed by tenant two";
    EXPECT_EQ(check(token(server.name_of("one"), key, R"(,"tid":"two")")), "wrong-claim tid-differs");
    EXPECT_EQ(check(token(server.name_of("one"), key, R"(,"tid":7)")), "malformed-token tid-not-string");
    EXPECT_EQ(check(token(server.name_of("one"), key, R"(,"tid":"ONE")")), "wrong-claim tid-differs");
    EXPECT_EQ(check(token(server.name_of("one"), key, R"(,"tid":"one")")), ok("one"));
}

TEST_F(any_tenant, fetches_nothing_for_a_name_that_does_not_fit)
{
    start();
    const auto base = server.name_of("");
    const auto origin = base.substr(0, base.find("//v2.0"));
    for (const auto& iss :
         {origin + "/one/v2.0/", origin + "/../v2.0", origin + "/%6fne/v2.0", origin + "/one/two/v2.0",
          origin + "/" + std::string(65, 'x') + "/v2.0", origin + "/common/v2.0", origin + "/one/V2.0",
          origin + "//v2.0", std::string("http://LOCALHOST/one/v2.0"), server.pattern()})
        EXPECT_EQ(check(token(iss, key)).substr(0, 14), "unknown-issuer") << iss;
    EXPECT_EQ(server.requests(), 0U);
}

TEST_F(any_tenant, accepts_a_discovery_document_that_names_the_pattern)
{
    const auto set = set_of(key);
    server.serve("one", set, server.name_of("{tenantid}"));
    server.serve("two", set, server.name_of("one"));
    start();
    EXPECT_EQ(check(token_of("one", key)), ok("one"));
    EXPECT_EQ(check(token_of("two", key)), "keys-unavailable keys-not-fetched") << "of another tenant";
}

TEST_F(any_tenant, is_remembered_as_absent)
{
    server.refuse("none");
    server.refuse("down", "500 Internal Server Error");
    server.lose_keys("lost", "404 Not Found");
    start();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(check(token_of("lost", key)), "keys-unavailable keys-not-fetched") << "it is discovered";
        EXPECT_EQ(check(token_of("none", key)), "unknown-issuer unknown-tenant");
        EXPECT_EQ(check(token_of("down", key)), "keys-unavailable keys-not-fetched");
    }
    EXPECT_EQ(server.discoveries("none"), 1U);
    EXPECT_EQ(server.discoveries("down"), 1U);
}

TEST_F(any_tenant, is_not_fetched_beyond_the_allowed_number)
{
    auto timing = quick();
    timing.tenants.fetches = 5;
    serve("good", key);
    start(timing);
    EXPECT_EQ(check(token_of("good", key)), ok("good"));
    for (int i = 0; i < 20; ++i) {
        const auto tenant = "t" + std::to_string(i);
        server.refuse(tenant);
        EXPECT_EQ(check(token_of(tenant, key)),
                  i < 4 ? "unknown-issuer unknown-tenant" : "key-pending too-many-new-tenants");
    }
    EXPECT_EQ(server.discoveries(), 5U);
    validator.emplace(policy, store, 1 << 20); // another worker
    EXPECT_EQ(check(token_of("good", key)), ok("good")) << "its keys are still there";
}

TEST_F(any_tenant, is_never_evicted_by_others_once_a_token_was_verified)
{
    auto timing = quick();
    timing.tenants.unconfirmed = 2;
    serve("good", key);
    start(timing);
    EXPECT_EQ(check(token_of("good", key)), ok("good"));
    for (int i = 0; i < 10; ++i) { // real tenants, and forged tokens
        const auto tenant = "t" + std::to_string(i);
        serve(tenant, other_key);
        EXPECT_EQ(check(token_of(tenant, key)).substr(0, 3), "unk");
    }
    validator.emplace(policy, store, 1 << 20);
    EXPECT_EQ(check(token_of("good", key)), ok("good"));
    EXPECT_EQ(server.discoveries("good"), 1U);
    EXPECT_EQ(server.discoveries("t0"), 1U);
    EXPECT_EQ(check(token_of("t0", other_key)), ok("t0")) << "evicted, and fetched again";
    EXPECT_EQ(server.discoveries("t0"), 2U);
}

TEST_F(any_tenant, does_not_wait_behind_one_that_hangs)
{
    server.hang("slow");
    serve("good", key);
    start();
    const auto slow = token_of("slow", key);
    const auto first = validator->check(slow, now);
    ASSERT_GE(first.wait_for_issuer, 0);
    bool ended = false;
    validator->await(first.wait_for_issuer, slow, [&](const tokens::validator::awaited&) { ended = true; });
    EXPECT_EQ(check(token_of("good", key)), ok("good"));
    EXPECT_FALSE(ended);
    store->stop();
    EXPECT_TRUE(ended) << "stop() calls whoever waits";
}

TEST_F(any_tenant, keeps_its_keys_over_a_reload)
{
    serve("good", key);
    start();
    EXPECT_EQ(check(token_of("good", key)), ok("good"));
    const auto before = std::exchange(store, nullptr);
    const auto next = std::make_shared<policy::policy>();
    next->issuers = policy->issuers;
    next->issuers.front().clock_skew = 5s;
    policy = next;
    store = tokens::key_store::start(control, policy, before.get(), quick());
    before->stop();
    validator.emplace(policy, store, 1 << 20);
    EXPECT_EQ(check(token_of("good", key)), ok("good"));
    EXPECT_EQ(server.discoveries(), 1U);
    serve("good", other_key); // the issuer has withdrawn the first one
    EXPECT_TRUE(test::run_until(control, [&] { return server.discoveries() == 2; }))
        << "fetched soon, as those of other issuers are";
    ASSERT_TRUE(test::run_until(control, [&] { return check(token_of("good", other_key)) == ok("good"); }));
    EXPECT_EQ(check(token_of("good", key)).substr(0, 8), "unknown-");
}

TEST_F(any_tenant, drops_its_cached_tokens_when_its_place_changes)
{
    auto timing = quick();
    timing.tenants.unconfirmed = 1;
    timing.tenants.confirmed = 0; // all share one place
    serve("one", key);
    serve("two", other_key);
    start(timing);
    EXPECT_EQ(check(token_of("one", key)), ok("one"));
    EXPECT_EQ(check(token_of("two", other_key)), ok("two"));
    EXPECT_TRUE(validator->check(token_of("one", key), now).wait_for_issuer >= 0) << "no longer cached";
    EXPECT_EQ(check(token_of("one", other_key)).substr(0, 8), "unknown-") << "two's keys are not one's";
}

TEST_F(any_tenant, can_have_one_key_set_for_all)
{
    server.serve("shared", set_of(key));
    policy->issuers.front().keys = {kind::url, server.keys_url("shared")};
    start();
    ASSERT_TRUE(test::run_until(control, [&] { return store->keys(0) != nullptr; }));
    for (const auto* tenant : {"one", "two", "three"})
        EXPECT_EQ(check(token_of(tenant, key)), ok(tenant));
    EXPECT_EQ(check(token_of("four", other_key)).substr(0, 7), "unknown");
    EXPECT_EQ(server.discoveries(), 0U);
}

TEST_F(any_tenant, can_have_a_key_url_of_its_own)
{
    serve("one", key);
    serve("two", other_key);
    auto& issuer = policy->issuers.front();
    issuer.keys = {kind::url, server.keys_url("{tenant}")};
    issuer.key_pattern = policy::tenant_pattern_of(issuer.keys.value);
    start();
    EXPECT_EQ(check(token_of("one", key)), ok("one"));
    EXPECT_EQ(check(token_of("two", key)).substr(0, 7), "unknown");
    EXPECT_EQ(check(token_of("two", other_key)), ok("two"));
    EXPECT_EQ(server.discoveries(), 0U);
}

TEST_F(any_tenant, leaves_listed_tenants_alone)
{
    serve("listed", key);
    auto listed = policy->issuers.front();
    listed.issuer = server.name_of("listed");
    listed.tenant = "listed";
    policy->issuers.push_back(listed);
    auto timing = quick();
    timing.tenants.fetches = 1;
    start(timing);
    ASSERT_TRUE(test::run_until(control, [&] { return store->keys(1) != nullptr; }));
    for (int i = 0; i < 5; ++i) {
        server.refuse("t" + std::to_string(i));
        EXPECT_EQ(check(token_of("t" + std::to_string(i), key)).substr(0, 2), i == 0 ? "un" : "ke");
    }
    EXPECT_EQ(check(token_of("listed", key)), ok("listed"));
}

TEST_F(any_tenant, shares_one_key_set_among_listed_tenants)
{
    server.serve("shared", set_of(key));
    policy->issuers.front().keys = {kind::url, server.keys_url("shared")};
    policy->issuers.push_back(policy->issuers.front());
    for (std::size_t i = 0; i < 2; ++i) {
        policy->issuers[i].tenant = "t" + std::to_string(i);
        policy->issuers[i].issuer = server.name_of(policy->issuers[i].tenant);
    }
    start();
    ASSERT_TRUE(test::run_until(control, [&] { return store->keys(1) != nullptr; }));
    EXPECT_EQ(check(token_of("t0", key)), ok("t0"));
    EXPECT_EQ(check(token_of("t1", key)), ok("t1"));
    EXPECT_EQ(check(token_of("t2", key)).substr(0, 14), "unknown-issuer");
    EXPECT_EQ(server.requests(), 1U);
}

// Anybody can make such tokens with the names of real tenants.
TEST_F(any_tenant, is_dropped_after_its_time_unless_a_token_was_verified)
{
    auto timing = quick();
    timing.tenants.unconfirmed_for = 50ms;
    timing.tenants.confirmed = 0;
    serve("one", key);
    start(timing);
    EXPECT_EQ(check(token_of("one", key)), ok("one"));
    const auto sources = policy->issuers.size() + store->places_of_tenants();
    const auto kept = [&] {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < sources; ++i)
            sum += store->keys(i) != nullptr ? 1 : 0;
        return sum;
    };
    EXPECT_EQ(kept(), 1U);
    EXPECT_TRUE(test::run_until(control, [&] { return kept() == 0; }));
    EXPECT_GE(validator->check(token_of("one", key), now).wait_for_issuer, 0)
        << "nor does a worker keep its token";
}

TEST_F(any_tenant, is_fetched_again_before_its_keys_are_too_old)
{
    policy->keys_max_age = 2s;
    serve("one", key);
    start();
    EXPECT_EQ(check(token_of("one", key)), ok("one"));
    EXPECT_TRUE(test::run_until(control, [&] { return server.discoveries() == 2; }));
    validator.emplace(policy, store, 1 << 20);
    EXPECT_EQ(check(token_of("one", key)), ok("one"));
}

// Makes two listed tenants of the one entry, which share a key set.
std::shared_ptr<policy::policy> with_listed(const policy::policy& earlier, const test::tenant_server& server,
                                            const std::vector<std::string>& tenants)
{
    auto out = std::make_shared<policy::policy>();
    for (const auto& tenant : tenants) {
        auto& own = out->issuers.emplace_back(earlier.issuers.front());
        own.tenant = tenant;
        own.issuer = server.name_of(tenant);
        own.keys = {kind::url, server.keys_url("shared")};
    }
    return out;
}

TEST_F(any_tenant, of_a_list_keeps_shared_keys_when_another_becomes_the_first)
{
    server.serve("shared", set_of(key));
    policy = with_listed(*policy, server, {"one", "two"});
    start();
    ASSERT_TRUE(test::run_until(control, [&] { return store->keys(1) != nullptr; }));
    for (const auto& list : {std::vector<std::string>{"two"}, {"three", "two"}, {"three", "four", "two"}}) {
        const auto before = std::exchange(store, nullptr);
        policy = with_listed(*policy, server, list);
        server.lose_keys("shared", "503 Service Unavailable");
        store = tokens::key_store::start(control, policy, before.get(), quick());
        before->stop();
        validator.emplace(policy, store, 1 << 20);
        EXPECT_EQ(check(token_of("two", key)), ok("two")) << list.size();
    }
}

TEST_F(any_tenant, of_a_list_has_the_access_of_its_own_entry)
{
    const auto with = [&](auto change) {
        auto p = with_listed(*policy, server, {"one", "two"});
        change(p->issuers[1]);
        return p;
    };
    const std::pair<const char*, std::shared_ptr<policy::policy>> differing[] = {
        {"certificate", with([](auto& i) { i.certificate_file = "/c"; })},
        {"key", with([](auto& i) { i.key_file = "/k"; })},
        {"keys_token_file", with([](auto& i) { i.keys_token_file = "/t"; })},
        {"insecure_http", with([](auto& i) { i.insecure_http = true; })},
    };
    server.serve("shared", set_of(key));
    for (const auto& [what, p] : differing) {
        const auto alone = tokens::key_store::start(control, p, nullptr, quick());
        const auto before = server.requests();
        const bool own_failure = std::string_view(what) == "keys_token_file"; // there is no such file
        EXPECT_TRUE(test::run_until(control, [&] {
            return own_failure ? alone->has_failed(1) && alone->keys(0) != nullptr && !alone->keys(1)
                               : server.requests() >= before + 2;
        })) << what;
        alone->stop();
    }
}

// Entra ID states in each key whose tokens it signs.
TEST_F(any_tenant, accepts_no_key_that_states_another_issuer)
{
    const auto states = [&](const std::string& issuer) {
        auto set = set_of(key);
        const std::string_view begin = R"({"keys":[{)";
        return set.replace(0, begin.size(), std::string(begin) + R"("issuer":")" + issuer + "\",");
    };
    server.serve("pattern", states(server.name_of("{tenantid}")));
    server.serve("own", states(server.name_of("own")));
    server.serve("other", states(server.name_of("own")));
    server.serve("elsewhere", states("https://elsewhere.example/{tenantid}/v2.0"));
    auto single = policy->issuers.front();
    single.pattern.reset();
    single.issuer = "https://single.example";
    single.keys = {kind::url, server.keys_url("own")};
    policy->issuers.push_back(single);
    start();
    ASSERT_TRUE(test::run_until(control, [&] { return store->keys(1) != nullptr; }));
    EXPECT_EQ(check(token_of("pattern", key)), ok("pattern"));
    EXPECT_EQ(check(token_of("own", key)), ok("own"));
    EXPECT_EQ(check(token_of("other", key)).substr(0, 11), "unknown-key");
    EXPECT_EQ(check(token_of("elsewhere", key)).substr(0, 11), "unknown-key");
    EXPECT_EQ(check(token("https://single.example", key)), "ok https://single.example")
        << "its URL belongs to it, whatever the keys state";
}

TEST_F(any_tenant, is_logged_with_the_cause_if_a_proxy_is_the_reason)
{
    const test::fake_issuer nobody(false);
    auto& issuer = policy->issuers.front();
    issuer.issuer = "https://idp.test/{tenant}";
    issuer.pattern = policy::tenant_pattern_of(issuer.issuer);
    issuer.proxies.https = *parse_forward_proxy(nobody.origin());
    const observe::captured_log log(policy::log_settings::level::warn);
    auto timing = quick();
    timing.tenants.per_fetch = 0ms;
    start(timing);
    std::string lines; // of this event there is at most one a second in the process
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    for (int i = 0; lines.empty() && std::chrono::steady_clock::now() < deadline; ++i) {
        EXPECT_EQ(check(token("https://idp.test/t" + std::to_string(i), key)),
                  "keys-unavailable keys-not-fetched");
        lines = log.flushed();
    }
    EXPECT_NE(lines.find(R"("event":"tenant_not_discovered")"), std::string::npos) << lines;
    EXPECT_NE(lines.find(R"("cause":"proxy-unreachable")"), std::string::npos) << lines;
}

} // namespace
