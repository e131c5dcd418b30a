// An issuer's keys over the network: the issuer is down, comes back, rotates its keys, or is killed under
// load.
#include "support/calendar.hpp"
#include "support/certificate_maker.hpp"
#include "support/fake_issuer.hpp"
#include "support/temporary_folder.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

namespace scopegate::test {
namespace {

using jose::algorithm;
using testing::HasSubstr;
using testing::Not;

// Returns the calendar with a second issuer, whose keys are discovered.
gate_settings trusting(const fake_issuer& issuer, const std::string& more = {})
{
    gate_settings settings;
    settings.issuer = "clock_skew: 30s\n  - {issuer: \"" + issuer.name() + "\", audience: \"" +
                      std::string(calendar_audience) + "\"" + (more.empty() ? "" : ", " + more) + "}\n";
    return settings;
}

std::string token_of(const fake_issuer& issuer, const jose::signing_key& key,
                     std::string_view scope = "read:appointments")
{
    return make_token(R"({"iss":")" + issuer.name() + R"(","aud":")" + std::string(calendar_audience) +
                          R"(","sub":"ada","exp":99999999999,"scope":")" + std::string(scope) + "\"}",
                      key);
}

std::string keys_of(std::initializer_list<jose::signing_key> keys)
{
    return jose::public_jwk_set(std::vector(keys));
}

void wait_until_ready(const calendar& c)
{
    const auto deadline = std::chrono::steady_clock::now() + test_timeout;
    while (c.ask_admin("/readyz").status != 200)
        ASSERT_LT(std::chrono::steady_clock::now(), deadline) << c.ask_admin("/readyz");
}

TEST(keys, are_not_needed_to_start_and_arrive_when_the_issuer_is_up)
{
    fake_issuer issuer(false);
    const auto& key = key_for(algorithm::es256);
    issuer.publish(keys_of({key}));
    const calendar c(trusting(issuer));
    const auto token = token_of(issuer, key);
    EXPECT_EQ(c.exchange(get("/public")).status, 200U) << "public routes work";
    EXPECT_EQ(c.exchange(get("/appointments")).status, 401U) << "a missing token is still 401";
    EXPECT_EQ(c.exchange(get("/appointments", calendar_token("read:appointments"))).status, 200U)
        << "tokens of another issuer work";
    const auto refused = c.exchange(get("/appointments", token));
    EXPECT_EQ(refused.status, 503U) << refused;
    EXPECT_NE(refused.value("Retry-After"), "");
    EXPECT_FALSE(refused.has("WWW-Authenticate"));
    EXPECT_EQ(json_member(refused.body, "type"), "urn:scopegate:problem:keys-unavailable");
    const auto forged = token_of(issuer, other_key_for(algorithm::es256).with_kid(key.kid()));
    EXPECT_EQ(c.exchange(get("/appointments", forged)).status, 503U)
        << "a forged token is 503 too: nobody can tell it apart";
    const auto unready = c.ask_admin("/readyz");
    EXPECT_EQ(unready.status, 503U) << unready;
    EXPECT_THAT(unready.body, HasSubstr(issuer.name()));
    EXPECT_THAT(unready.body, Not(HasSubstr(std::string(calendar_issuer))));
    EXPECT_EQ(c.ask_admin("/livez").status, 200U);

    issuer.listen();
    wait_until_ready(c);
    EXPECT_EQ(c.exchange(get("/appointments", token)).status, 200U);
}

TEST(keys, can_be_rotated_without_a_denial_at_the_cost_of_one_fetch)
{
    fake_issuer issuer;
    const auto& old_key = key_for(algorithm::es256);
    const auto& new_key = other_key_for(algorithm::es256);
    issuer.publish(keys_of({old_key}));
    auto settings = trusting(issuer);
    settings.server = "workers: 2";
    const calendar c(settings);
    wait_until_ready(c);
    EXPECT_EQ(c.exchange(get("/appointments", token_of(issuer, old_key))).status, 200U);
    const auto before = issuer.key_requests();

    issuer.publish(keys_of({old_key, new_key}));
    std::vector<raw_client> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(c.connect());
        const bool is_new = i % 2 == 0;
        clients.back().send(get("/appointments", token_of(issuer, is_new ? new_key : old_key)));
    }
    for (auto& client : clients) {
        const auto answer = client.read();
        EXPECT_EQ(answer.status, 200U) << answer;
    }
    EXPECT_EQ(issuer.key_requests(), before + 1) << "all waiting requests share one fetch";
}

// lua-resty-openidc#468 and others: random kids flooded the issuer, or evicted good keys.
TEST(keys, are_fetched_once_for_a_flood_of_random_kids_and_known_kids_still_work)
{
    fake_issuer issuer;
    const auto& key = key_for(algorithm::es256);
    const auto& stranger = other_key_for(algorithm::es256);
    issuer.publish(keys_of({key}));
    const calendar c(trusting(issuer));
    wait_until_ready(c);
    const auto before = issuer.key_requests();
    auto client = c.connect();
    const auto first = client.exchange(get("/appointments", token_of(issuer, stranger.with_kid("0"))));
    EXPECT_EQ(first.status, 401U) << first;
    EXPECT_EQ(json_member(first.body, "type"), "urn:scopegate:problem:unknown-key");
    const auto good = token_of(issuer, key);
    for (int i = 1; i < 100; ++i) {
        const auto answer =
            client.exchange(get("/appointments", token_of(issuer, stranger.with_kid(std::to_string(i)))));
        // On a slow machine the ten seconds may pass within this loop. Then another fetch makes the response
        // 401.
        EXPECT_TRUE(answer.status == 503 || issuer.key_requests() > before + 1) << answer;
        EXPECT_TRUE(answer.status != 503 ||
                    json_member(answer.body, "type") == "urn:scopegate:problem:key-pending")
            << "the issuer is up: " << answer;
        const auto again = client.exchange(get("/appointments", token_of(issuer, stranger.with_kid("0"))));
        EXPECT_EQ(again.status, 401U) << "a fetch has shown that the key does not exist: " << again;
        EXPECT_EQ(client.exchange(get("/appointments", good)).status, 200U);
    }
    EXPECT_LE(issuer.key_requests(), before + 3);
    const auto line =
        c.gate.wait_for_event("request", [](const log_line& l) { return l["reason"] == "key-pending"; });
    EXPECT_EQ(line["level"], "info");
    EXPECT_EQ(line["cause"], "kid-inside-cooldown");
}

TEST(keys, are_fetched_behind_the_first_denial_when_a_kid_gets_a_new_key)
{
    fake_issuer issuer;
    const auto& key = key_for(algorithm::es256);
    issuer.publish(keys_of({key}));
    const calendar c(trusting(issuer));
    wait_until_ready(c);
    const auto renewed = other_key_for(algorithm::es256).with_kid(key.kid());
    issuer.publish(keys_of({renewed}));
    const auto token = token_of(issuer, renewed);
    // 401, because it could be forged; 200 if the fetch ends before the worker has composed that.
    EXPECT_THAT(c.exchange(get("/appointments", token)).status, ::testing::AnyOf(401U, 200U));
    const auto deadline = std::chrono::steady_clock::now() + test_timeout;
    while (c.exchange(get("/appointments", token)).status != 200)
        ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

// Each row has one cause, in OpenSSL's words.
TEST(keys, are_refused_from_an_issuer_with_a_bad_certificate_with_the_exact_cause)
{
    const certificate_authority authority;
    const certificate_authority other("another authority");
    const temporary_folder folder;
    folder.write("ca.pem", authority.pem());
    const struct {
        tls_identity identity;
        const char* why;
    } rows[] = {
        {authority.issue(std::string("DNS:other.example")), "certificate verify failed: hostname mismatch"},
        {authority.issue(certificate_wish{
             .alternative_name = "DNS:localhost", .valid_from = -7200, .valid_until = -3600}),
         "certificate verify failed: certificate has expired"},
        {other.issue(std::string("DNS:localhost")),
         "certificate verify failed: unable to get local issuer certificate"},
    };
    for (const auto& row : rows) {
        fake_issuer issuer(true, {}, &row.identity);
        const calendar c(trusting(issuer, "ca: \"" + folder.path("ca.pem") + "\""));
        EXPECT_THAT(c.gate.wait_for_event("keys_not_refreshed")["why"], HasSubstr(row.why));
    }
}

// The process exits although a request waits for the keys of an issuer that never responds.
TEST(keys, do_not_delay_the_exit_while_a_request_waits_for_them)
{
    fake_issuer issuer;
    issuer.publish(keys_of({key_for(algorithm::es256)}));
    auto settings = trusting(issuer);
    settings.timeouts = "drain: 300ms, drain_delay: 0";
    calendar c(settings);
    wait_until_ready(c);
    const auto asked = issuer.key_requests();
    issuer.be(fake_issuer::mood::hanging);
    auto client = c.connect();
    client.send(get("/appointments", token_of(issuer, other_key_for(algorithm::es256).with_kid("new"))));
    for (const auto end = std::chrono::steady_clock::now() + test_timeout;
         issuer.key_requests() == asked && std::chrono::steady_clock::now() < end;)
        std::this_thread::yield();
    EXPECT_GT(issuer.key_requests(), asked);
    c.gate.send_signal(SIGTERM);
    EXPECT_EQ(c.gate.wait_for_exit(test_timeout), 0);
}

// Sends requests from two threads all the time and records every status other than 200.
class load final {
public:
    load(const calendar& c, std::vector<std::string> requests) : requests_(std::move(requests))
    {
        for (int i = 0; i < 2; ++i)
            threads_.emplace_back([this, &c] { run(c); });
    }
    ~load() { stop(); }
    void stop()
    {
        ending_ = true;
        for (auto& t : threads_)
            if (t.joinable())
                t.join();
    }
    // Waits until `more` further requests have been served.
    void wait_for(int more) const
    {
        const auto until = answered_ + more;
        while (answered_ < until)
            std::this_thread::yield();
    }
    [[nodiscard]] int refused() const { return refused_; }

private:
    void run(const calendar& c)
    {
        auto client = c.connect();
        for (std::size_t i = 0; !ending_; ++i) {
            if (client.exchange(requests_[i % requests_.size()]).status != 200)
                ++refused_;
            ++answered_;
        }
    }
    std::vector<std::string> requests_;
    std::atomic<bool> ending_{false};
    std::atomic<int> refused_{0}, answered_{0};
    std::vector<std::thread> threads_;
};

TEST(keys, stay_usable_under_load_while_the_issuer_is_killed_and_restarted)
{
    fake_issuer issuer;
    const auto& key = key_for(algorithm::es256);
    const auto& new_key = other_key_for(algorithm::es256);
    issuer.publish(keys_of({key}));
    issuer.cache_control("max-age=0");
    auto settings = trusting(issuer);
    settings.server = "workers: 2";
    const calendar c(settings);
    wait_until_ready(c);
    std::vector<std::string> requests;
    for (int i = 0; i < 50; ++i) // known kids, more than once each, and some unknown ones
        requests.push_back(
            get("/appointments", token_of(issuer, key, "read:appointments x" + std::to_string(i))));
    load running(c, requests);
    running.wait_for(100);
    issuer.stop_listening();
    running.wait_for(100);
    const auto unknown = c.exchange(get("/appointments", token_of(issuer, new_key)));
    EXPECT_EQ(unknown.status, 503U) << "signed by a key that may be newer than ours: " << unknown;
    running.wait_for(100);
    issuer.listen();
    running.wait_for(100);
    running.stop();
    EXPECT_EQ(running.refused(), 0);
}

TEST(keys, are_fetched_from_an_issuer_behind_a_private_authority_with_its_ca)
{
    const certificate_authority authority;
    const certificate_authority other("another authority");
    const auto identity = authority.issue("DNS:localhost");
    fake_issuer issuer(true, "/realms/a", &identity);
    const auto& key = key_for(algorithm::rs256);
    issuer.publish(keys_of({key}));
    const temporary_folder folder;
    folder.write("ca.pem", authority.pem());
    folder.write("other.pem", other.pem());
    const calendar c(trusting(issuer, "ca: \"" + folder.path("ca.pem") + "\""));
    wait_until_ready(c);
    EXPECT_EQ(c.exchange(get("/appointments", token_of(issuer, key))).status, 200U);

    const calendar wrong(trusting(issuer, "ca: \"" + folder.path("other.pem") + "\""));
    static_cast<void>(wrong.gate.wait_for_event("keys_not_refreshed"));
    EXPECT_EQ(wrong.ask_admin("/readyz").status, 503U);
    EXPECT_EQ(wrong.exchange(get("/appointments", token_of(issuer, key))).status, 503U);
}

std::size_t count_of(const calendar& c, std::string_view event)
{
    const auto log = c.gate.log();
    return static_cast<std::size_t>(std::count_if(
        log.begin(), log.end(), [event](const log_line& line) { return line["event"] == event; }));
}

TEST(keys, cause_one_warning_per_cause_when_they_are_unfit)
{
    fake_issuer issuer;
    std::string set = R"({"keys":[)";
    for (int i = 0; i < 40; ++i)
        set += R"({"kty":"RSA","kid":")" + std::to_string(i) + R"(","n":"wQ","e":"AQAB"},)";
    issuer.publish(set + R"({"kty":"oct","kid":"secret","k":"AA"}]})");
    const calendar c(trusting(issuer));
    const auto deadline = std::chrono::steady_clock::now() + test_timeout;
    while (issuer.key_requests() < 4) // no key is usable, so the gate fetches again and again
        ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    EXPECT_EQ(c.gate.wait_for_event("key_passed_over",
                                    [](const log_line& line) { return line["keys"] == "40"; })["issuer"],
              issuer.name());
    EXPECT_EQ(c.gate.wait_for_event("key_passed_over",
                                    [](const log_line& line) { return line["keys"] == "1"; })["issuer"],
              issuer.name());
    EXPECT_EQ(count_of(c, "key_passed_over"), 2U);
    EXPECT_EQ(count_of(c, "keys_not_refreshed"), 1U);
}

TEST(keys, expire_after_keys_max_age_when_the_issuer_does_not_confirm_them)
{
    fake_issuer issuer;
    const auto& key = key_for(algorithm::es256);
    issuer.publish(keys_of({key}));
    auto settings = trusting(issuer);
    settings.more = "keys_max_age: 2s\n";
    const calendar c(settings);
    wait_until_ready(c);
    const auto token = token_of(issuer, key);
    EXPECT_EQ(c.exchange(get("/appointments", token)).status, 200U);
    issuer.stop_listening();
    EXPECT_EQ(c.gate.wait_for_event("keys_too_old")["issuer"], issuer.name());
    const auto refused = c.exchange(get("/appointments", token));
    EXPECT_EQ(refused.status, 503U) << refused;
    EXPECT_EQ(json_member(refused.body, "type"), "urn:scopegate:problem:keys-unavailable");
    EXPECT_NE(refused.value("Retry-After"), "");
    EXPECT_EQ(c.exchange(get("/appointments", calendar_token("read:appointments"))).status, 200U)
        << "tokens of another issuer work";
    const auto page = c.ask_admin("/readyz");
    EXPECT_EQ(page.status, 200U);
    EXPECT_THAT(page.body, HasSubstr(issuer.name()));
    issuer.listen();
    (void)c.gate.wait_for_event("keys_loaded", [&, seen = 0](const log_line& line) mutable {
        return line["issuer"] == issuer.name() && ++seen == 2;
    });
    EXPECT_EQ(c.exchange(get("/appointments", token)).status, 200U);
    EXPECT_EQ(count_of(c, "keys_too_old"), 1U);
    EXPECT_THAT(c.ask_admin("/readyz").body, Not(HasSubstr(issuer.name())));
}

gate_settings caching(const fake_issuer& issuer, const std::string& folder)
{
    auto settings = trusting(issuer);
    settings.more = "keys_cache: \"" + folder + "\"\n";
    return settings;
}

TEST(keys_cache, keeps_keys_over_a_restart_while_the_issuer_is_down)
{
    fake_issuer issuer;
    const auto& key = key_for(algorithm::es256);
    issuer.publish(keys_of({key}));
    const temporary_folder folder;
    const auto token = token_of(issuer, key);
    {
        calendar c(caching(issuer, folder.path("keys")));
        wait_until_ready(c);
        EXPECT_EQ(c.gate.stop(), 0);
    }
    issuer.stop_listening();
    {
        const calendar c(caching(issuer, folder.path("keys")));
        EXPECT_EQ(c.ask_admin("/readyz").status, 200U) << "the gate is ready with cached keys";
        EXPECT_EQ(c.exchange(get("/appointments", token)).status, 200U);
        const auto unknown =
            c.exchange(get("/appointments", token_of(issuer, other_key_for(algorithm::es256))));
        EXPECT_EQ(unknown.status, 503U) << unknown;
        const auto forged = c.exchange(
            get("/appointments", token_of(issuer, other_key_for(algorithm::es256).with_kid(key.kid()))));
        EXPECT_EQ(forged.status, 401U) << forged;
        EXPECT_EQ(c.gate.wait_for_event("cached_keys_loaded")["issuer"], issuer.name());

        issuer.publish(keys_of({other_key_for(algorithm::es256)}));
        issuer.listen();
        static_cast<void>(c.gate.wait_for_event(
            "keys_loaded", [&](const log_line& line) { return line["issuer"] == issuer.name(); }));
        EXPECT_EQ(c.exchange(get("/appointments", token_of(issuer, other_key_for(algorithm::es256)))).status,
                  200U);
        EXPECT_NE(c.exchange(get("/appointments", token)).status, 200U) << "a withdrawn key still works";
    }
}

TEST(keys_cache, warns_about_broken_files)
{
    fake_issuer issuer(false);
    const auto& key = key_for(algorithm::es256);
    issuer.publish(keys_of({key}));
    const temporary_folder folder;
    {
        issuer.listen();
        const calendar c(caching(issuer, folder.path()));
        wait_until_ready(c);
        issuer.stop_listening();
    }
    for (const auto& file : folder.files())
        std::ofstream(file) << "{\"keys\":";
    const calendar c(caching(issuer, folder.path()));
    EXPECT_EQ(c.gate.wait_for_event("cached_keys_ignored")["issuer"], issuer.name());
    EXPECT_EQ(c.ask_admin("/readyz").status, 503U);
    EXPECT_EQ(c.exchange(get("/appointments", token_of(issuer, key))).status, 503U);
    issuer.listen();
    wait_until_ready(c);
    EXPECT_EQ(c.exchange(get("/appointments", token_of(issuer, key))).status, 200U);
}

TEST(keys_cache, warns_about_a_folder_that_cannot_be_written)
{
    fake_issuer issuer;
    const auto& key = key_for(algorithm::es256);
    issuer.publish(keys_of({key}));
    const calendar c(caching(issuer, "/proc/scopegate"));
    wait_until_ready(c);
    EXPECT_EQ(c.gate.wait_for_event("keys_not_cached")["issuer"], issuer.name());
    EXPECT_EQ(c.exchange(get("/appointments", token_of(issuer, key))).status, 200U);
}

} // namespace
} // namespace scopegate::test
