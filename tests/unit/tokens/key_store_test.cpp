#include "tokens/key_store.hpp"

#include "support/certificate_maker.hpp"
#include "support/fake_issuer.hpp"
#include "support/reason_of.hpp"
#include "support/run_until.hpp"
#include "support/temporary_folder.hpp"
#include "support/token_maker.hpp"
#include "tokens/issuer_keys.hpp"
#include "tokens/validator.hpp"

#include <boost/asio/io_context.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace {

using namespace scopegate;
using jose::algorithm;
using mood = test::fake_issuer::mood;
using test::temporary_folder;
using kind = policy::key_location::kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

constexpr wall_time now{1'800'000'000s};

// Returns times that are short where a test waits for them, and long where nothing may happen by itself.
tokens::key_timing quick()
{
    tokens::key_timing t;
    t.first_retry = 1ms;
    t.longest_retry = 5ms;
    t.refresh = t.shortest_refresh = t.longest_refresh = 1h;
    t.cooldown = 1h;
    t.file_poll = 1ms;
    return t;
}

policy::issuer_settings issuer_at(const std::string& name, kind where, const std::string& place = {})
{
    policy::issuer_settings i;
    i.issuer = name;
    i.audience = {"calendar"};
    i.keys = {where, place};
    return i;
}

std::shared_ptr<policy::policy> policy_of(std::vector<policy::issuer_settings> issuers)
{
    auto p = std::make_shared<policy::policy>();
    p->issuers = std::move(issuers);
    return p;
}

std::string jwks(std::initializer_list<jose::signing_key> keys)
{
    return jose::public_jwk_set(std::vector(keys));
}

// The test runs the control thread itself, so nothing happens between two lines of a test.
struct key_storage : ::testing::Test {
    const jose::signing_key& old_key = test::key_for(algorithm::es256);
    const jose::signing_key& new_key = test::other_key_for(algorithm::es256);
    boost::asio::io_context control;
    std::shared_ptr<tokens::key_store> store;

    ~key_storage() override
    {
        if (store)
            store->stop();
        control.run_for(10s);
        EXPECT_TRUE(control.stopped()) << "stop() must leave no work behind";
    }

    template <class Predicate>
    [[nodiscard]] bool run_until(Predicate&& holds)
    {
        return test::run_until(control, holds);
    }

    [[nodiscard]] bool has_keys(std::size_t issuer = 0) const { return store->keys(issuer) != nullptr; }

    void refresh(std::size_t issuer = 0)
    {
        bool ended = false;
        store->await_refresh(issuer, [&] { ended = true; });
        ASSERT_TRUE(run_until([&] { return ended; }));
    }

    // Returns a validator for a policy whose one issuer is discovered, once the store has its keys: `old_key`
    // alone.
    [[nodiscard]] tokens::validator discovering_validator(test::fake_issuer& issuer)
    {
        issuer.publish(jwks({old_key}));
        const auto policy = policy_of({issuer_at(issuer.name(), kind::discover)});
        store = tokens::key_store::start(control, policy, nullptr, quick());
        EXPECT_TRUE(run_until([&] { return has_keys(); }));
        return tokens::validator(policy, store, 1 << 20);
    }
};

std::string token_of(const jose::signing_key& key, const std::string& issuer)
{
    return test::make_token(R"({"iss":")" + issuer + R"(","aud":"calendar","exp":1800000300})", key);
}

TEST_F(key_storage, discovers_the_keys)
{
    test::fake_issuer issuer;
    issuer.publish(jwks({old_key}));
    store = tokens::key_store::start(control, policy_of({issuer_at(issuer.name(), kind::discover)}), nullptr,
                                     quick());
    EXPECT_THAT(store->without_keys(), ElementsAre(issuer.name()));
    ASSERT_TRUE(run_until([&] { return has_keys(); }));
    EXPECT_THAT(store->without_keys(), IsEmpty());
    EXPECT_EQ(store->keys(0)->size(), 1U);
    EXPECT_EQ(issuer.discovery_requests(), 1U);
    EXPECT_EQ(issuer.key_requests(), 1U);
}

TEST_F(key_storage, finds_an_issuer_with_a_path_by_both_documents)
{
    for (const auto m : {mood::serving, mood::only_rfc8414}) {
        test::fake_issuer issuer(true, "/realms/a");
        issuer.be(m);
        issuer.publish(jwks({old_key}));
        store = tokens::key_store::start(control, policy_of({issuer_at(issuer.name(), kind::discover)}),
                                         nullptr, quick());
        EXPECT_TRUE(run_until([&] { return has_keys(); })) << static_cast<int>(m);
        store->stop();
    }
}

TEST_F(key_storage, takes_no_keys_from_another_issuers_document)
{
    test::fake_issuer issuer;
    issuer.publish(jwks({old_key}));
    issuer.be(mood::wrong_issuer);
    store = tokens::key_store::start(control, policy_of({issuer_at(issuer.name(), kind::discover)}), nullptr,
                                     quick());
    ASSERT_TRUE(run_until([&] { return issuer.discovery_requests() >= 4; }));
    EXPECT_FALSE(has_keys());
    EXPECT_EQ(issuer.key_requests(), 0U);
}

TEST_F(key_storage, reaches_an_issuer_behind_a_private_authority)
{
    const test::certificate_authority authority;
    const auto identity = authority.issue("DNS:localhost");
    test::fake_issuer issuer(true, {}, &identity);
    issuer.publish(jwks({old_key}));
    const temporary_folder folder;
    auto settings = issuer_at(issuer.name(), kind::discover);
    settings.ca_file = folder.path("ca.pem");
    // The file appears after the gate has started: an orchestrator mounts it at any time.
    store = tokens::key_store::start(control, policy_of({settings}), nullptr, quick());
    control.run_for(5ms);
    EXPECT_FALSE(has_keys());
    folder.write("ca.pem", authority.pem());
    EXPECT_TRUE(run_until([&] { return has_keys(); }));
}

TEST_F(key_storage, finds_an_issuer_that_is_down_at_the_start)
{
    test::fake_issuer issuer(false);
    issuer.publish(jwks({old_key}));
    store = tokens::key_store::start(control, policy_of({issuer_at(issuer.name(), kind::discover)}), nullptr,
                                     quick());
    control.run_for(20ms);
    EXPECT_THAT(store->without_keys(), ElementsAre(issuer.name()));
    EXPECT_FALSE(store->may_refresh(0)) << "no request may wait for an issuer that has never responded";
    issuer.listen();
    EXPECT_TRUE(run_until([&] { return has_keys(); }));
}

TEST_F(key_storage, ignores_malformed_key_sets_until_a_good_one_arrives)
{
    for (const auto m : {mood::failing, mood::garbage, mood::no_keys, mood::redirecting, mood::endless}) {
        SCOPED_TRACE(static_cast<int>(m));
        test::fake_issuer issuer;
        issuer.be(m);
        issuer.publish(jwks({old_key}));
        store = tokens::key_store::start(
            control, policy_of({issuer_at(issuer.name(), kind::url, issuer.keys_url())}), nullptr, quick());
        ASSERT_TRUE(run_until([&] { return issuer.key_requests() >= 3; }));
        EXPECT_FALSE(has_keys());
        issuer.be(mood::serving);
        EXPECT_TRUE(run_until([&] { return has_keys(); }));
        store->stop();
    }
}

TEST_F(key_storage, keeps_good_keys_when_a_fetch_fails)
{
    test::fake_issuer issuer;
    issuer.publish(jwks({old_key}));
    auto timing = quick();
    timing.cooldown = 0ms;
    store = tokens::key_store::start(control, policy_of({issuer_at(issuer.name(), kind::discover)}), nullptr,
                                     timing);
    ASSERT_TRUE(run_until([&] { return has_keys(); }));
    const auto good = store->keys(0);
    const auto epoch = store->epoch();
    for (const auto m : {mood::failing, mood::garbage, mood::no_keys, mood::redirecting}) {
        SCOPED_TRACE(static_cast<int>(m));
        issuer.be(m);
        ASSERT_TRUE(run_until([&] { return store->may_refresh(0); }));
        const auto before = issuer.key_requests() + issuer.discovery_requests();
        refresh();
        EXPECT_GT(issuer.key_requests() + issuer.discovery_requests(), before);
        EXPECT_EQ(store->keys(0), good);
        EXPECT_EQ(store->epoch(), epoch);
        EXPECT_FALSE(store->up_to_date(0));
        EXPECT_THAT(store->without_keys(), IsEmpty());
    }
    issuer.be(mood::serving);
    ASSERT_TRUE(run_until([&] { return store->may_refresh(0); }));
    refresh();
    EXPECT_TRUE(store->up_to_date(0));
}

TEST_F(key_storage, ignores_an_unchanged_key_set)
{
    test::fake_issuer issuer;
    issuer.publish(jwks({old_key}));
    store = tokens::key_store::start(control, policy_of({issuer_at(issuer.name(), kind::discover)}), nullptr,
                                     quick());
    ASSERT_TRUE(run_until([&] { return has_keys(); }));
    const auto same = store->keys(0);
    const auto epoch = store->epoch();
    refresh();
    EXPECT_EQ(issuer.key_requests(), 2U);
    EXPECT_EQ(store->keys(0), same);
    EXPECT_EQ(store->epoch(), epoch);
}

TEST_F(key_storage, shares_one_fetch_among_all_that_wait)
{
    test::fake_issuer issuer;
    issuer.publish(jwks({old_key}));
    store = tokens::key_store::start(
        control, policy_of({issuer_at(issuer.name(), kind::url, issuer.keys_url())}), nullptr, quick());
    ASSERT_TRUE(run_until([&] { return has_keys(); }));
    int ended = 0;
    for (int i = 0; i < 100; ++i)
        store->await_refresh(0, [&] { ++ended; });
    ASSERT_TRUE(run_until([&] { return ended == 100; }));
    EXPECT_EQ(issuer.key_requests(), 2U);
}

// lua-resty-openidc#468 and others: random kids flooded the issuer, or emptied the cache.
TEST_F(key_storage, makes_one_fetch_for_a_flood_of_random_kids)
{
    test::fake_issuer issuer;
    auto validator = discovering_validator(issuer);
    for (int i = 0; i < 500; ++i) {
        const auto token = token_of(new_key.with_kid("random-" + std::to_string(i)), issuer.name());
        auto outcome = validator.check(token, now);
        if (outcome.wait_for_issuer == 0) {
            refresh();
            outcome = validator.check(token, now, true);
            EXPECT_EQ(name(test::reason_of(outcome.token)), "unknown-key");
        } else {
            EXPECT_EQ(name(test::reason_of(outcome.token)), "key-pending");
        }
    }
    EXPECT_EQ(issuer.key_requests(), 2U) << "one fetch at the start, and one for all random kids";
    EXPECT_EQ(name(test::reason_of(validator.check(token_of(old_key, issuer.name()), now).token)), "allowed");
}

TEST_F(key_storage, remembers_absent_kids_for_a_while)
{
    test::fake_issuer issuer;
    auto validator = discovering_validator(issuer);
    const auto token = token_of(new_key.with_kid("made-up"), issuer.name());
    const auto present = std::chrono::time_point_cast<wall_time::duration>(std::chrono::system_clock::now());
    EXPECT_FALSE(store->is_absent(0, "made-up", present));
    refresh();
    EXPECT_EQ(name(test::reason_of(validator.check(token, now, true).token)), "unknown-key");
    EXPECT_TRUE(store->is_absent(0, "made-up", present)) << "the last fetch is recent";
    EXPECT_FALSE(store->is_absent(0, "another", present));
    EXPECT_FALSE(store->is_absent(0, "made-up", present + tokens::absent_for + 10s))
        << "the issuer may have published the key since";

    for (std::size_t i = 0; i < tokens::max_absent_kids; ++i)
        store->note_absent(0, "kid " + std::to_string(i));
    EXPECT_FALSE(store->is_absent(0, "made-up", present)) << "the oldest kids must be evicted first";
    EXPECT_TRUE(store->is_absent(0, "kid 0", present));
    EXPECT_TRUE(store->is_absent(0, "kid 1023", present));
}

TEST_F(key_storage, fetches_a_new_key_under_an_old_kid_behind_the_first_denial)
{
    test::fake_issuer issuer;
    auto validator = discovering_validator(issuer);
    const auto renewed = new_key.with_kid(old_key.kid());
    issuer.publish(jwks({renewed}));
    const auto token = token_of(renewed, issuer.name());
    const auto first = validator.check(token, now);
    EXPECT_EQ(name(test::reason_of(first.token)), "bad-signature");
    EXPECT_EQ(first.wait_for_issuer, -1) << "the request must not wait, since the token may be forged";
    ASSERT_TRUE(
        run_until([&] { return name(test::reason_of(validator.check(token, now).token)) == "allowed"; }));
    EXPECT_EQ(issuer.key_requests(), 2U);

    const auto forged = token_of(old_key, issuer.name());
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(name(test::reason_of(validator.check(forged, now).token)), "bad-signature");
    control.run_for(20ms);
    EXPECT_EQ(issuer.key_requests(), 2U) << "one fetch per cooldown";
}

TEST_F(key_storage, allows_another_fetch_after_the_cooldown)
{
    test::fake_issuer issuer;
    issuer.publish(jwks({old_key}));
    auto timing = quick();
    timing.cooldown = 5ms;
    store = tokens::key_store::start(
        control, policy_of({issuer_at(issuer.name(), kind::url, issuer.keys_url())}), nullptr, timing);
    ASSERT_TRUE(run_until([&] { return has_keys(); }));
    refresh();
    ASSERT_TRUE(run_until([&] { return store->may_refresh(0); }));
    refresh();
    EXPECT_EQ(issuer.key_requests(), 3U);
}

TEST_F(key_storage, denies_no_token_during_a_rotation)
{
    test::fake_issuer issuer;
    auto validator = discovering_validator(issuer);
    const auto old_token = token_of(old_key, issuer.name());
    const auto new_token = token_of(new_key, issuer.name());
    EXPECT_EQ(name(test::reason_of(validator.check(old_token, now).token)), "allowed");

    issuer.publish(jwks({old_key, new_key}));
    EXPECT_EQ(validator.check(new_token, now).wait_for_issuer, 0);
    refresh();
    EXPECT_EQ(name(test::reason_of(validator.check(new_token, now, true).token)), "allowed");
    EXPECT_EQ(name(test::reason_of(validator.check(old_token, now).token)), "allowed");
}

TEST_F(key_storage, denies_no_token_without_a_kid_during_a_rotation)
{
    test::fake_issuer issuer;
    auto validator = discovering_validator(issuer);
    issuer.publish(jwks({new_key}));
    const auto good = token_of(new_key.with_kid({}), issuer.name());
    EXPECT_EQ(validator.check(good, now).wait_for_issuer, 0);
    refresh();
    EXPECT_EQ(name(test::reason_of(validator.check(good, now, true).token)), "allowed");
    const auto forged = validator.check(token_of(old_key.with_kid({}), issuer.name()), now);
    EXPECT_EQ(name(test::reason_of(forged.token)), "bad-signature");
    EXPECT_EQ(forged.wait_for_issuer, -1)
        << "the denial is immediate, since the cooldown forbids another fetch";
}

TEST_F(key_storage, does_not_deny_an_unknown_kid_while_the_issuer_is_unreachable)
{
    test::fake_issuer issuer;
    auto validator = discovering_validator(issuer);
    issuer.be(mood::failing);
    const auto token = token_of(new_key, issuer.name());
    EXPECT_EQ(validator.check(token, now).wait_for_issuer, 0);
    refresh();
    EXPECT_EQ(name(test::reason_of(validator.check(token, now, true).token)), "keys-unavailable");
    EXPECT_EQ(name(test::reason_of(validator.check(token_of(old_key, issuer.name()), now).token)), "allowed");
}

TEST_F(key_storage, refreshes_keys_in_the_background_at_the_issuers_interval)
{
    test::fake_issuer issuer;
    issuer.publish(jwks({old_key}));
    issuer.cache_control("max-age=0");
    auto timing = quick();
    timing.shortest_refresh = 1ms; // and 1 h without the field
    store = tokens::key_store::start(control, policy_of({issuer_at(issuer.name(), kind::discover)}), nullptr,
                                     timing);
    ASSERT_TRUE(run_until([&] { return has_keys(); }));
    const auto epoch = store->epoch();
    issuer.publish(jwks({old_key, new_key}));
    ASSERT_TRUE(run_until([&] { return store->epoch() != epoch; }));
    EXPECT_EQ(store->keys(0)->size(), 2U);
}

TEST_F(key_storage, releases_waiting_requests_on_stop)
{
    test::fake_issuer issuer;
    issuer.publish(jwks({old_key}));
    store = tokens::key_store::start(control, policy_of({issuer_at(issuer.name(), kind::discover)}), nullptr,
                                     quick());
    ASSERT_TRUE(run_until([&] { return has_keys(); }));
    issuer.be(mood::hanging);
    bool ended = false;
    store->await_refresh(0, [&] { ended = true; });
    ASSERT_TRUE(run_until([&] { return issuer.key_requests() == 2; }));
    EXPECT_FALSE(ended);
    store->stop();
    EXPECT_TRUE(ended);
    EXPECT_FALSE(store->up_to_date(0)) << "without a fetch, an unknown kid must not become a 401";
    EXPECT_FALSE(store->may_refresh(0));
    bool later = false;
    store->await_refresh(0, [&] { later = true; });
    EXPECT_TRUE(run_until([&] { return later; }));
}

TEST_F(key_storage, keeps_the_keys_over_a_reload)
{
    test::fake_issuer issuer;
    issuer.publish(jwks({old_key}));
    const auto before = tokens::key_store::start(
        control, policy_of({issuer_at(issuer.name(), kind::discover)}), nullptr, quick());
    ASSERT_TRUE(run_until([&] { return before->keys(0) != nullptr; }));
    issuer.be(mood::hanging);
    const auto other = issuer_at("http://127.0.0.1:1", kind::discover);
    store = tokens::key_store::start(control, policy_of({other, issuer_at(issuer.name(), kind::discover)}),
                                     before.get(), quick());
    before->stop();
    EXPECT_FALSE(has_keys(0)) << "a new issuer has no keys yet";
    EXPECT_TRUE(has_keys(1)) << "the issuer may have moved within the file";
    store->stop();

    store = tokens::key_store::start(
        control, policy_of({issuer_at(issuer.name(), kind::url, issuer.keys_url())}), before.get(), quick());
    EXPECT_FALSE(has_keys(0)) << "another location may have other keys";
}

TEST_F(key_storage, loads_a_key_file_at_once_and_follows_its_changes)
{
    const temporary_folder folder;
    folder.write("keys.json", jwks({old_key}));
    const auto policy = policy_of({issuer_at("https://i.example", kind::file, folder.path("keys.json"))});
    store = tokens::key_store::start(control, policy, nullptr, quick());
    ASSERT_TRUE(has_keys());
    EXPECT_FALSE(store->may_refresh(0));
    auto epoch = store->epoch();

    folder.write("keys.json", "half a file");
    control.run_for(20ms);
    EXPECT_EQ(store->epoch(), epoch) << "a broken file must not replace good keys";

    folder.write("keys.json", jwks({old_key, new_key}));
    ASSERT_TRUE(run_until([&] { return store->epoch() != epoch; }));
    EXPECT_EQ(store->keys(0)->size(), 2U);

    epoch = store->epoch();
    std::filesystem::remove(folder.path("keys.json"));
    control.run_for(20ms);
    EXPECT_TRUE(has_keys()) << "a missing file must not replace good keys";
}

// As in a Kubernetes ConfigMap, the file is a link through a folder that is swapped as a whole.
TEST_F(key_storage, follows_a_key_file_behind_a_swapped_link)
{
    const temporary_folder folder;
    folder.write("one.json", jwks({old_key}));
    folder.write("two.json", jwks({new_key}));
    std::filesystem::create_symlink(folder.path("one.json"), folder.path("keys.json"));
    store = tokens::key_store::start(
        control, policy_of({issuer_at("https://i.example", kind::file, folder.path("keys.json"))}), nullptr,
        quick());
    const auto epoch = store->epoch();
    std::filesystem::create_symlink(folder.path("two.json"), folder.path("next"));
    std::filesystem::rename(folder.path("next"), folder.path("keys.json"));
    EXPECT_TRUE(run_until([&] { return store->epoch() != epoch; }));
}

TEST_F(key_storage, needs_no_fetch_for_a_secret)
{
    auto settings = issuer_at("https://i.example", kind::none);
    settings.hmac_secret = secret(std::string(32, 's'));
    store = tokens::key_store::start(control, policy_of({settings}), nullptr, quick());
    EXPECT_TRUE(has_keys());
    EXPECT_THAT(store->without_keys(), IsEmpty());
}

// The other tests shorten these times.
TEST(key_timing, has_production_values_by_default)
{
    const tokens::key_timing timing;
    EXPECT_LE(timing.longest_retry, 1s) << "an issuer must be found within a second after it comes back";
    EXPECT_EQ(timing.cooldown, 10s) << "at most one fetch for unknown kids";
    EXPECT_LE(timing.shortest_refresh, timing.refresh);
    EXPECT_LE(timing.refresh, timing.longest_refresh);
}

TEST(offline_keys, come_from_files_and_secrets)
{
    const temporary_folder folder;
    folder.write("keys.json", jwks({test::key_for(algorithm::es256)}));
    const auto store = tokens::key_store::offline(
        policy_of({issuer_at("https://a.example", kind::file, folder.path("keys.json")),
                   issuer_at("https://b.example", kind::discover)}));
    EXPECT_NE(store->keys(0), nullptr);
    EXPECT_EQ(store->keys(1), nullptr);
    EXPECT_FALSE(store->may_refresh(1));
    bool called = false;
    store->await_refresh(1, [&] { called = true; });
    EXPECT_TRUE(called);
}

} // namespace
