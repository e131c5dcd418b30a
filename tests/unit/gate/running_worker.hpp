// A worker between a client and an upstream, in the test's own process and without the rest of the program.
// The budgets of the hot path are counted in it.
#pragma once

#include "gate/worker.hpp"

#include "support/recording_upstream.hpp"
#include "support/token_maker.hpp"
#include "unit/policy/builder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <future>
#include <memory>
#include <string>
#include <thread>

namespace scopegate::gate {

// One route, /appointments/{id} with GET and POST, which needs the scope read:a from one issuer. The worker's
// thread runs for this object's lifetime.
class running_worker final {
public:
    explicit running_worker(const test::recording_upstream& upstream) : running_worker(upstream.authority())
    {
    }
    // `upstream` is 127.0.0.1:PORT. A context enables TLS on its side.
    explicit running_worker(const std::string& upstream,
                            std::shared_ptr<const net::tls_context> server_tls = {},
                            std::shared_ptr<const net::tls_context> upstream_tls = {})
    {
        file_.scopes({"read:a"});
        file_.route("/appointments/{id}", {{"GET", "read:a"}, {"POST", "read:a"}});
        file_.issuer_with_secret(test::key_for(jose::algorithm::hs256).shared_secret().reveal());
        auto& p = file_.get();
        p.log.which = policy::log_settings::requests::off;
        p.upstream.addresses.front().host = "127.0.0.1";
        p.upstream.addresses.front().port =
            static_cast<std::uint16_t>(std::stoi(upstream.substr(upstream.find(':') + 1)));

        const std::shared_ptr<const policy::policy> borrowed(&p, [](const auto*) {});
        start(borrowed, tokens::key_store::offline(borrowed), std::move(server_tls), std::move(upstream_tls));
    }
    // With a policy of the test's own, which names the upstream.
    running_worker(std::shared_ptr<const policy::policy> p, std::shared_ptr<tokens::key_store> keys)
    {
        start(std::move(p), std::move(keys), {}, {});
    }
    ~running_worker()
    {
        worker_->stop();
        thread_.join();
    }

    [[nodiscard]] const std::string& address() const { return address_; }
    [[nodiscard]] std::size_t connections() const { return counters_.connections; } // of clients
    [[nodiscard]] shared_counters& counters() noexcept { return counters_; }

    // Runs `f` on the worker's thread and returns its result.
    template <class F>
    auto on_thread(F f)
    {
        std::packaged_task<decltype(f())()> task(f);
        auto done = task.get_future();
        net::asio::post(worker_->context(), [&task] { task(); });
        return done.get();
    }

    // Calls worker::close_oldest on the worker's thread.
    std::size_t close_oldest(std::size_t count, bool heads)
    {
        return on_thread([this, count, heads] { return worker_->close_oldest(count, heads); });
    }

private:
    void start(std::shared_ptr<const policy::policy> p, std::shared_ptr<tokens::key_store> keys,
               std::shared_ptr<const net::tls_context> server_tls,
               std::shared_ptr<const net::tls_context> upstream_tls)
    {
        auto book = std::make_shared<const responses::response_book>(*p);
        shared_snapshot first{std::move(p), std::move(book), std::move(keys)};
        first.server_tls = std::move(server_tls);
        first.upstream_tls = std::move(upstream_tls);
        worker_ = std::make_unique<worker>(counters_, first);
        net::bound_listener listening(*net::literal_endpoint("127.0.0.1", 0), 1);
        address_ = net::to_text(listening.address());
        worker_->listen(listening.release(0));
        thread_ = std::thread([this] { worker_->run(); });
    }

    policy::test::builder file_;
    shared_counters counters_;
    std::unique_ptr<worker> worker_;
    std::string address_;
    std::thread thread_;
};

// Returns a token that the route accepts.
inline std::string reader_token()
{
    return test::make_token(
        R"({"iss":"https://id.example.com/","aud":"https://calendar.example.com","sub":"auth0|1",)"
        R"("exp":1999999999,"scope":"read:a"})",
        jose::algorithm::hs256);
}

// Returns such a token that was never used before.
inline std::string fresh_token()
{
    static std::size_t made = 0;
    return test::make_token(
        R"({"iss":"https://id.example.com/","aud":"https://calendar.example.com","sub":"auth0|1",)"
        R"("exp":1999999999,"scope":"read:a","jti":")" +
            std::to_string(++made) + "\"}",
        jose::algorithm::hs256);
}

} // namespace scopegate::gate
