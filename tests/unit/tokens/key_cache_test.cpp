#include "tokens/key_cache.hpp"

#include "support/fake_issuer.hpp"
#include "support/reason_of.hpp"
#include "support/run_until.hpp"
#include "support/temporary_folder.hpp"
#include "support/token_maker.hpp"
#include "tokens/key_store.hpp"
#include "tokens/validator.hpp"

#include <boost/asio/io_context.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace {

using namespace scopegate;
using jose::algorithm;
using kind = policy::key_location::kind;
using mood = test::fake_issuer::mood;
using test::content_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;

policy::issuer_settings issuer_named(const std::string& name, kind where = kind::discover,
                                     const std::string& place = {})
{
    policy::issuer_settings issuer;
    issuer.issuer = name;
    issuer.audience = {"calendar"};
    issuer.keys = {where, place};
    return issuer;
}

constexpr wall_time noon{1'800'000'000s};

struct saved_keys : ::testing::Test {
    const test::temporary_folder folder;
    const policy::issuer_settings issuer = issuer_named("https://a.example/../x");
    const std::string text = test::jwk_set_text({algorithm::es256});

    // Loads the keys as a later process would.
    [[nodiscard]] std::optional<std::string> load() const
    {
        const auto saved = tokens::key_cache(folder.path(), issuer).load(noon);
        return saved ? std::optional(saved->text) : std::nullopt;
    }
    void save(const std::string& what) const { tokens::key_cache(folder.path(), issuer).save(what, noon); }
    [[nodiscard]] std::string the_file() const { return folder.files().at(0); }
};

TEST_F(saved_keys, can_be_loaded_again)
{
    EXPECT_EQ(load(), std::nullopt);
    save(text);
    EXPECT_EQ(load(), text);
    EXPECT_THAT(folder.files(), SizeIs(1));
    struct stat what {};
    ASSERT_EQ(::stat(the_file().c_str(), &what), 0);
    EXPECT_EQ(what.st_mode & 0777U, 0600U);
}

TEST_F(saved_keys, expire_at_the_configured_age)
{
    const auto found = [&](std::chrono::seconds max_age, wall_time now) {
        return tokens::key_cache(folder.path(), issuer, max_age).load(now).has_value();
    };
    tokens::key_cache cache(folder.path(), issuer, 1h);
    cache.save(text, noon);
    EXPECT_TRUE(found(1h, noon + 59min));
    EXPECT_FALSE(found(1h, noon + 1h));
    EXPECT_TRUE(found(0s, noon + 1000h));
    cache.save(text, noon + 30min); // the same set, confirmed again
    EXPECT_TRUE(found(1h, noon + 1h));
    EXPECT_EQ(cache.load(noon + 1h)->confirmed, noon + 30min);
    EXPECT_EQ(cache.load(noon)->confirmed, noon) << "a clock that was set back must not make them younger";
}

TEST_F(saved_keys, are_private_whatever_the_umask)
{
    for (const mode_t mask : {0U, 022U, 0777U}) {
        const test::temporary_folder above;
        const auto made = above.path("made/deeper");
        const auto before = ::umask(mask);
        tokens::key_cache cache(made, issuer);
        cache.save(text, noon);
        ::umask(before);
        struct stat what {};
        for (const auto& made_folder : {made, above.path("made")}) {
            ASSERT_EQ(::stat(made_folder.c_str(), &what), 0) << mask;
            EXPECT_EQ(what.st_mode & 0777U, 0700U) << mask;
        }
        ASSERT_EQ(::stat(cache.file().c_str(), &what), 0) << mask;
        EXPECT_EQ(what.st_mode & 0777U, 0600U) << mask;
    }
}

TEST_F(saved_keys, keep_the_mode_of_an_existing_folder)
{
    ASSERT_EQ(::chmod(folder.path().c_str(), 0750), 0);
    save(text);
    struct stat what {};
    ASSERT_EQ(::stat(folder.path().c_str(), &what), 0);
    EXPECT_EQ(what.st_mode & 0777U, 0750U);
}

TEST_F(saved_keys, are_not_written_without_a_folder)
{
    tokens::key_cache none("", issuer);
    none.save(text, noon);
    EXPECT_FALSE(none.load(noon));
    EXPECT_EQ(none.file(), "");
}

TEST_F(saved_keys, have_one_file_per_issuer_and_location)
{
    save(text);
    const auto others = {
        issuer_named("https://b.example"),
        issuer_named(issuer.issuer, kind::url, "https://a.example/keys"),
        issuer_named(issuer.issuer, kind::url, "https://a.example/other"),
    };
    for (const auto& other : others) {
        tokens::key_cache cache(folder.path(), other);
        EXPECT_FALSE(cache.load(noon)) << other.keys.value;
        cache.save(text, noon);
        EXPECT_EQ(cache.load(noon)->text, text);
    }
    EXPECT_THAT(folder.files(), SizeIs(4));
    for (const auto& file : folder.files())
        EXPECT_THAT(std::filesystem::path(file).filename().string(),
                    ::testing::MatchesRegex("[-_A-Za-z0-9]{43}.json"));
}

// Whichever tenant the list has first saves the set for all.
TEST_F(saved_keys, have_one_file_for_tenants_that_share_a_set)
{
    const auto tenant = [](const std::string& name, kind where = kind::url) {
        auto own = issuer_named("https://a.example/" + name, where, "https://a.example/keys");
        own.tenant = name;
        own.pattern = policy::tenant_pattern_of("https://a.example/{tenant}");
        return own;
    };
    const auto one = tenant("one"), two = tenant("two");
    const auto discovered = tenant("two", kind::discover);
    tokens::key_cache(folder.path(), one).save(text, noon);
    EXPECT_TRUE(tokens::key_cache(folder.path(), two).load(noon));
    EXPECT_FALSE(tokens::key_cache(folder.path(), discovered).load(noon));
    EXPECT_THAT(folder.files(), SizeIs(1));
}

TEST_F(saved_keys, replace_an_older_set_atomically)
{
    tokens::key_cache cache(folder.path(), issuer);
    cache.save(text, noon);
    const std::string before = the_file();
    std::ifstream reader(before);
    const auto newer = test::jwk_set_text({algorithm::es256, algorithm::rs256});
    cache.save(newer, noon);
    EXPECT_EQ(load(), newer);
    const std::string old((std::istreambuf_iterator<char>(reader)), {});
    EXPECT_THAT(old, Not(HasSubstr("RSA"))) << "a reader of the old file must see it whole";
    EXPECT_THAT(old, ::testing::EndsWith("}"));
    EXPECT_THAT(folder.files(), SizeIs(1)) << "no temporary file may be left over";
}

TEST_F(saved_keys, do_not_rewrite_an_unchanged_set)
{
    tokens::key_cache cache(folder.path(), issuer);
    cache.save(text, noon);
    struct stat first {
    }, second{};
    ::stat(the_file().c_str(), &first);
    cache.save(text, noon);
    ::stat(the_file().c_str(), &second);
    EXPECT_EQ(first.st_ino, second.st_ino);
    std::filesystem::remove(the_file());
    cache.save(text, noon);
    EXPECT_EQ(load(), text) << "a deleted set must be written again";
}

TEST_F(saved_keys, create_their_folder)
{
    const auto inner = folder.path("var/cache/scopegate");
    tokens::key_cache cache(inner, issuer);
    cache.save(text, noon);
    EXPECT_EQ(tokens::key_cache(inner, issuer).load(noon)->text, text);
}

TEST_F(saved_keys, cause_only_a_warning_if_the_folder_cannot_be_written)
{
    folder.write("file", "not a folder");
    tokens::key_cache cache(folder.path("file"), issuer);
    cache.save(text, noon);
    cache.save(text, noon);
    EXPECT_FALSE(cache.load(noon));
    EXPECT_EQ(content_of(folder.path("file")), "not a folder");
}

TEST_F(saved_keys, hold_no_private_material)
{
    const auto& key = test::key_for(algorithm::es256);
    const auto leaked = key.private_jwk();
    save(R"({"keys":[)" + std::string(leaked.reveal()) + R"(,{"kty":"oct","k":"c2VjcmV0c2VjcmV0"},)" +
         json::serialize(test::key_for(algorithm::rs256).public_jwk()) + "]}");
    const auto content = content_of(the_file());
    const auto members = json::parse(leaked.reveal());
    EXPECT_THAT(content, Not(HasSubstr(*members->find("d")->if_string())));
    EXPECT_THAT(content, Not(HasSubstr("c2VjcmV0c2VjcmV0")));
    EXPECT_THAT(content, HasSubstr("RSA"));
}

TEST_F(saved_keys, ignore_files_that_are_foreign_or_incomplete)
{
    save(text);
    const auto good = content_of(the_file());
    const auto file = the_file();
    const auto put = [&](const std::string& content) { std::ofstream(file, std::ios::binary) << content; };
    for (const auto& bad :
         {std::string(), std::string("{"), std::string("[]"), std::string("null"),
          good.substr(0, good.size() / 2), good + "x", text, std::string(5 * 1024 * 1024, ' '),
          std::string("\0\0\0\0", 4),
          std::string(R"({"issuer":"https://b.example","location":"discover","key_set":"{}"})"),
          std::string(
              R"({"issuer":"https://a.example/../x","location":"https://a.example/keys","key_set":"{}"})"),
          std::string(R"({"issuer":"https://a.example/../x","location":"discover","key_set":{"keys":[]}})"),
          std::string(R"({"issuer":"https://a.example/../x","location":"discover"})")}) {
        put(bad);
        EXPECT_EQ(load(), std::nullopt) << bad.substr(0, 80);
    }
    put(good);
    EXPECT_EQ(load(), text);

    // Write access to the file would let an attacker have forged tokens accepted.
    std::filesystem::permissions(file, std::filesystem::perms(0620));
    EXPECT_EQ(load(), std::nullopt) << "the group can write it";
    std::filesystem::permissions(file, std::filesystem::perms(0602));
    EXPECT_EQ(load(), std::nullopt) << "everybody can write it";
    std::filesystem::permissions(file, std::filesystem::perms(0644));
    EXPECT_EQ(load(), text);
    if (::geteuid() == 0 && ::chown(file.c_str(), 65532, 65532) == 0) {
        EXPECT_EQ(load(), std::nullopt) << "another user owns it";
    }

    std::filesystem::remove(file);
    folder.write("elsewhere", good);
    std::filesystem::create_symlink(folder.path("elsewhere"), file);
    EXPECT_EQ(load(), std::nullopt) << "a link could lead anywhere";
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    EXPECT_EQ(load(), std::nullopt) << "a folder";
    std::filesystem::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_EQ(load(), std::nullopt) << "a pipe, which would never end";
}

// --- the key store with such a folder: several processes, one after the other

struct restarted_store : ::testing::Test {
    const test::temporary_folder folder;
    const jose::signing_key& old_key = test::key_for(algorithm::es256);
    const jose::signing_key& new_key = test::other_key_for(algorithm::es256);
    boost::asio::io_context control;
    std::shared_ptr<tokens::key_store> store;
    std::shared_ptr<policy::policy> policy;

    ~restarted_store() override { stop(); }

    void stop()
    {
        if (store)
            store->stop();
        store.reset();
        control.restart();
        control.run_for(10s);
        EXPECT_TRUE(control.stopped());
    }
    void start(const test::fake_issuer& issuer, std::chrono::seconds max_age = {})
    {
        policy = std::make_shared<policy::policy>();
        policy->keys_max_age = max_age;
        policy->issuers.push_back(issuer_named(issuer.name()));
        policy->keys_cache = folder.path();
        tokens::key_timing timing;
        timing.first_retry = 1ms;
        timing.longest_retry = 5ms;
        timing.refresh = timing.shortest_refresh = timing.longest_refresh = timing.cooldown = 1h;
        store = tokens::key_store::start(control, policy, nullptr, timing);
    }
    template <class Predicate>
    [[nodiscard]] bool run_until(Predicate&& holds)
    {
        return test::run_until(control, holds);
    }
    [[nodiscard]] bool fresh() const { return store->keys(0) != nullptr && store->up_to_date(0); }
};

TEST_F(restarted_store, has_its_keys_at_once)
{
    test::fake_issuer issuer;
    issuer.publish(jose::public_jwk_set(std::vector{old_key}));
    start(issuer);
    EXPECT_EQ(store->keys(0), nullptr);
    ASSERT_TRUE(run_until([&] { return fresh(); }));
    stop();

    issuer.be(mood::failing);
    start(issuer);
    ASSERT_NE(store->keys(0), nullptr);
    EXPECT_THAT(store->without_keys(), IsEmpty()) << "the store must be ready";
    EXPECT_FALSE(store->up_to_date(0)) << "an unknown kid must not be a 401 yet";
    EXPECT_TRUE(store->may_refresh(0)) << "the fetch is in progress";
    const auto seen = issuer.discovery_requests();
    ASSERT_TRUE(run_until([&] { return issuer.discovery_requests() >= seen + 6; }))
        << "the fetch continues until the issuer has responded";
    EXPECT_NE(store->keys(0), nullptr);

    issuer.publish(jose::public_jwk_set(std::vector{new_key}));
    issuer.be(mood::serving);
    ASSERT_TRUE(run_until([&] { return fresh(); }));
    tokens::validator validator(policy, store, 1 << 20);
    const auto claims = R"({"iss":")" + issuer.name() + R"(","aud":"calendar","exp":1800000300})";
    const wall_time now{1'800'000'000s};
    EXPECT_EQ(name(test::reason_of(validator.check(test::make_token(claims, new_key), now).token)),
              "allowed");
    EXPECT_NE(name(test::reason_of(validator.check(test::make_token(claims, old_key), now).token)), "allowed")
        << "a key that was withdrawn meanwhile must be gone";
    stop();

    issuer.be(mood::failing);
    start(issuer);
    tokens::validator third(policy, store, 1 << 20);
    EXPECT_EQ(name(test::reason_of(third.check(test::make_token(claims, new_key), now).token)), "allowed")
        << "the newer set must have been saved";
}

TEST_F(restarted_store, drops_unconfirmed_keys_and_loads_none_that_are_too_old)
{
    test::fake_issuer issuer;
    issuer.publish(jose::public_jwk_set(std::vector{old_key}));
    start(issuer, 1s);
    ASSERT_TRUE(run_until([&] { return fresh(); }));
    tokens::validator validator(policy, store, 1 << 20);
    const wall_time now{1'800'000'000s};
    const auto token =
        test::make_token(R"({"iss":")" + issuer.name() + R"(","aud":"calendar","exp":1800000300})", old_key);
    EXPECT_EQ(name(test::reason_of(validator.check(token, now).token)), "allowed");
    const auto seen = issuer.key_requests();
    ASSERT_TRUE(run_until([&] { return issuer.key_requests() >= seen + 3; }))
        << "the keys must be fetched in time";
    EXPECT_EQ(name(test::reason_of(validator.check(token, now).token)), "allowed");

    issuer.be(mood::failing);
    ASSERT_TRUE(run_until([&] { return store->keys(0) == nullptr; }));
    EXPECT_EQ(name(test::reason_of(validator.check(token, now).token)), "keys-unavailable")
        << "cached tokens must end with their keys";
    EXPECT_THAT(store->without_keys(), SizeIs(1));
    stop();
    start(issuer, 1s);
    EXPECT_EQ(store->keys(0), nullptr) << "a restart must not make them younger";
    stop();
    start(issuer);
    EXPECT_NE(store->keys(0), nullptr) << "without a limit they remain valid";
    stop();

    start(issuer, 1s);
    issuer.be(mood::serving);
    ASSERT_TRUE(run_until([&] { return fresh(); })) << "the keys must come back";
    tokens::validator again(policy, store, 1 << 20);
    EXPECT_EQ(name(test::reason_of(again.check(token, now).token)), "allowed");
}

TEST_F(restarted_store, ignores_a_set_without_a_usable_key)
{
    test::fake_issuer issuer;
    issuer.be(mood::failing);
    const auto settings = issuer_named(issuer.name());
    tokens::key_cache(folder.path(), settings).save(R"({"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]})", noon);
    start(issuer);
    EXPECT_EQ(store->keys(0), nullptr);
    EXPECT_THAT(store->without_keys(), SizeIs(1));
}

TEST_F(restarted_store, never_saves_an_unusable_set)
{
    test::fake_issuer issuer;
    issuer.be(mood::no_keys);
    start(issuer);
    ASSERT_TRUE(run_until([&] { return issuer.key_requests() >= 2; }));
    EXPECT_THAT(folder.files(), IsEmpty());
}

} // namespace
