// Workers introspect tokens at the same time while results expire, the endpoint fails and a reload happens.
// ThreadSanitizer checks this test.
#include "tokens/introspector.hpp"

#include "support/introspection_endpoint.hpp"
#include "support/reason_of.hpp"
#include "tokens/key_store.hpp"
#include "tokens/validator.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace {

using namespace scopegate;
using namespace std::chrono_literals;
using mood = test::introspection_endpoint::mood;

constexpr int worker_count = 3;
constexpr int token_count = 8;
constexpr int rounds = 60;

std::string token(int i)
{
    return "token-" + std::to_string(i);
}

TEST(introspector_threads, introspect_while_results_expire_and_a_reload_happens)
{
    test::introspection_endpoint endpoint;
    for (int i = 0; i < token_count; ++i)
        endpoint.knows(token(i), R"({"active":true,"sub":")" + token(i) + "\"}");
    auto policy = std::make_shared<policy::policy>();
    auto& issuer = policy->issuers.emplace_back();
    issuer.issuer = "https://legacy.example";
    issuer.keys.where = policy::key_location::kind::none;
    issuer.introspection.emplace().url = endpoint.url();
    issuer.introspection->client_id = "gate";
    issuer.introspection->client_secret = secret("s");

    boost::asio::io_context control;
    auto work = boost::asio::make_work_guard(control);
    std::thread control_thread([&] { control.run(); });
    std::atomic<std::int64_t> seconds{1'800'000'000};
    const auto now = [&] { return wall_time(std::chrono::seconds(seconds.load())); };
    const auto keys = tokens::key_store::offline(policy);
    const auto asker = tokens::introspector::start(control, *policy, nullptr, {}, now);

    std::atomic<int> right{0}, wrong{0};
    std::vector<std::thread> workers;
    for (int w = 0; w < worker_count; ++w)
        workers.emplace_back([&, w] {
            tokens::validator validator(policy, keys, 1 << 20, asker);
            for (int round = 0; round < rounds; ++round) {
                const auto name = token((round + w) % token_count);
                auto outcome = validator.check(name, now());
                if (outcome.wait_for_issuer >= 0) {
                    std::promise<tokens::validator::awaited> came;
                    validator.await(outcome.wait_for_issuer, name,
                                    [&](tokens::validator::awaited got) { came.set_value(std::move(got)); });
                    outcome = validator.check(name, now(), came.get_future().get());
                }
                // The endpoint fails in between. The result is then a failure of the gate, and never another
                // token's claims.
                const bool fine = outcome.token
                                      ? (*outcome.token)->subject == name
                                      : test::reason_of(outcome.token) == reason::introspection_unavailable;
                ++(fine ? right : wrong);
                if (round % 10 == 0)
                    seconds += 31; // cached results expire
            }
        });
    for (const auto m : {mood::failing, mood::garbage, mood::closing, mood::serving}) {
        endpoint.be(m);
        std::promise<void> reloaded; // with the same settings: the introspector continues
        boost::asio::post(control, [&] {
            EXPECT_EQ(tokens::introspector::start(control, *policy, asker, {}, now), asker);
            reloaded.set_value();
        });
        reloaded.get_future().wait();
    }
    for (auto& worker : workers)
        worker.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(right, worker_count * rounds);

    boost::asio::post(control, [&] { asker->stop(); });
    work.reset();
    control_thread.join();
}

} // namespace
