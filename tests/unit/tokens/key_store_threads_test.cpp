// Workers validate tokens on real threads while the keys rotate. ThreadSanitizer checks this test.
#include "tokens/key_store.hpp"

#include "support/fake_issuer.hpp"
#include "support/reason_of.hpp"
#include "support/token_maker.hpp"
#include "tokens/validator.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace {

using namespace scopegate;
using jose::algorithm;
using namespace std::chrono_literals;

constexpr wall_time now{1'800'000'000s};
constexpr int worker_count = 3;
constexpr int generations = 8;

std::string token_of(const jose::signing_key& key, const std::string& issuer)
{
    return test::make_token(R"({"iss":")" + issuer + R"(","aud":"calendar","exp":1800000300})", key);
}

// Checks a token as a worker does: it checks, waits if required, and checks again.
reason check_to_the_end(tokens::validator& v, tokens::key_store& keys, const std::string& token)
{
    auto outcome = v.check(token, now);
    if (outcome.wait_for_issuer < 0)
        return test::reason_of(outcome.token);
    std::promise<void> ended;
    keys.await_refresh(static_cast<std::size_t>(outcome.wait_for_issuer), [&] { ended.set_value(); });
    ended.get_future().wait();
    return test::reason_of(v.check(token, now, true).token);
}

TEST(key_store_threads, read_keys_while_they_rotate)
{
    test::fake_issuer issuer;
    std::vector<jose::signing_key> keys;
    std::vector<std::string> texts;
    std::vector<std::string> tokens_made;
    for (int i = 0; i < generations; ++i) {
        keys.push_back(jose::signing_key::generate(algorithm::es256));
        texts.push_back(jose::public_jwk_set(keys)); // each generation adds a key
        tokens_made.push_back(token_of(keys.back(), issuer.name()));
    }
    issuer.publish(texts.front());
    auto policy = std::make_shared<policy::policy>();
    policy->issuers.resize(1);
    policy->issuers[0].issuer = issuer.name();
    policy->issuers[0].audience = {"calendar"};
    tokens::key_timing timing;
    timing.first_retry = timing.longest_retry = 1ms;
    timing.cooldown = 1ms;
    timing.refresh = timing.shortest_refresh = 1ms; // the background refreshes all the time as well

    boost::asio::io_context control;
    auto work = boost::asio::make_work_guard(control);
    std::thread control_thread([&] { control.run(); });
    const auto store = tokens::key_store::start(control, policy, nullptr, timing);
    while (!store->without_keys().empty())
        std::this_thread::yield();

    // Tokens of a generation are in use only after its keys are published, as with real issuers.
    std::atomic<std::size_t> published{1};
    std::atomic<int> refused{0};
    std::atomic<int> allowed{0};
    std::vector<std::thread> workers;
    for (int w = 0; w < worker_count; ++w)
        workers.emplace_back([&] {
            tokens::validator validator(policy, store, 1 << 20);
            bool last_round = false;
            while (!last_round) {
                const auto count = published.load();
                last_round = count == generations;
                for (std::size_t i = 0; i < count; ++i) {
                    // A 503 asks the client to retry. A 401 would deny a good token.
                    auto why = reason::keys_unavailable;
                    while (why == reason::keys_unavailable || why == reason::key_pending)
                        why = check_to_the_end(validator, *store, tokens_made[i]);
                    ++(why == reason::allowed ? allowed : refused);
                }
            }
        });
    for (std::size_t i = 1; i < generations; ++i) {
        const auto seen = issuer.key_requests();
        issuer.publish(texts[i]);
        while (issuer.key_requests() < seen + 2) // a fetch that began after the rotation has ended
            std::this_thread::yield();
        published = i + 1;
    }
    for (auto& worker : workers)
        worker.join();
    EXPECT_EQ(refused, 0);
    EXPECT_GE(allowed, worker_count * generations);

    boost::asio::post(control, [&] { store->stop(); });
    work.reset();
    control_thread.join();
}

} // namespace
