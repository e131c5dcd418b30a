// One exchange between a client and upstreams that the test plays on memory wires. The worker does not run:
// the exchange goes on within the calls of the test.
#pragma once

#include "gate/exchange.hpp"
#include "gate/worker.hpp"
#include "support/memory_sides.hpp"
#include "support/token_maker.hpp"
#include "unit/gate/running_worker.hpp"
#include "unit/observe/captured_log.hpp"
#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

#include <coroutine>
#include <memory>
#include <string>
#include <vector>

namespace scopegate::gate {

using namespace std::chrono_literals;
using wire::direction;

// Response heads.
inline const std::string five_bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
inline const std::string unsized = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
inline const std::string events = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

// Hands out connections to memory wires: at once, or when the test says so.
class memory_connector final : public upstream::connector {
public:
    explicit memory_connector(net::asio::io_context& loop) noexcept : loop_(loop) {}

    [[nodiscard]] net::task<std::optional<std::vector<net::stream_endpoint>>> look_up(std::size_t,
                                                                                      steady_time) override
    {
        co_return std::nullopt;
    }
    [[nodiscard]] std::vector<net::stream_endpoint> refresh(std::size_t, steady_time) override { return {}; }
    [[nodiscard]] net::task<result<wire::upstream_ptr>> connect(upstream::address& to, steady_time,
                                                                upstream::address_reports&) override
    {
        tried.push_back(to.url);
        connecting until_told{*this};
        if (holds)
            co_await until_told;
        if (refuses)
            co_return failure(reason::upstream_unreachable, cause::timeouts_upstream_connect);
        made.push_back(std::make_shared<test::memory_wire>(loop_));
        co_return std::make_unique<test::memory_upstream>(made.back());
    }
    // Lets a connect() that `holds` go on.
    void goes_on() { std::exchange(waiter_, {}).resume(); }

    bool holds = false;
    bool refuses = false;
    std::vector<test::memory_peer> made;
    std::vector<std::size_t> tried; // the index of the URL of each connect()

private:
    struct connecting {
        memory_connector& of;
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> waiter) const noexcept { of.waiter_ = waiter; }
        void await_resume() const noexcept {}
    };
    net::asio::io_context& loop_;
    std::coroutine_handle<> waiter_;
};

// One route, /appointments/{id}, whose methods need the scope read:a; but DELETE needs one that no token has.
class memory_exchange : public ::testing::Test {
protected:
    memory_exchange()
    {
        file_.scopes({"read:a", "write:a"});
        file_.route("/appointments/{id}",
                    {{"GET", "read:a"}, {"POST", "read:a"}, {"PUT", "read:a"}, {"DELETE", "write:a"}});
        file_.issuer_with_secret(test::key_for(jose::algorithm::hs256).shared_secret().reveal());
        file_.get().log.which = policy::log_settings::requests::all;
    }
    ~memory_exchange() override
    {
        if (!ended && client) { // of a test that failed: nothing may be left waiting
            client->resets();
            for (const auto& made_one : made())
                made_one->resets();
            run();
        }
        EXPECT_TRUE(ended || !client) << "the exchange did not end";
        side_.reset();
    }

    // Changes the policy, before the first request.
    [[nodiscard]] policy::policy& settings() { return file_.get(); }
    [[nodiscard]] policy::timeouts& timeouts() { return file_.get().settings.front().timeouts; }

    // Begins a request with this line. `body` came with the head; `last`: as all of it.
    void request(const std::string& line, const std::string& body = {}, bool last = true,
                 const std::string& fields = "Authorization: Bearer " + reader_token() + "\r\n")
    {
        if (!worker_)
            start();
        client = std::make_shared<test::memory_wire>(worker_->context());
        side_ = std::make_unique<test::memory_client>(
            client, line + " HTTP/1.1\r\nHost: api.example.com\r\n" + fields + "\r\n", body, last);
    }
    // Serves it as far as that goes without events.
    void serve()
    {
        ended = false;
        serve_exchange();
    }
    net::detached serve_exchange()
    {
        const auto context = parts();
        exchange served(context, worker_->now());
        co_await served.run();
        was_cut = side_->was_cut;
        ended = true;
    }
    // Returns what the parts of an exchange for this request share.
    [[nodiscard]] exchange_context parts() const
    {
        return {*worker_, *side_, *space_, *snapshot_, connection_end};
    }
    // Both.
    void serve(const std::string& line, const std::string& body = {}, bool last = true)
    {
        request(line, body, last);
        serve();
    }
    // Runs what was posted.
    void run()
    {
        if (!worker_)
            return;
        worker_->context().restart();
        worker_->context().poll();
    }

    [[nodiscard]] const std::vector<test::memory_peer>& made() const { return connector_->made; }
    [[nodiscard]] const test::memory_peer& up(std::size_t index = 0) const { return made().at(index); }
    // Status, reason and cause of the one request in the log since the last call: `200 allowed`.
    [[nodiscard]] std::string logged() const
    {
        const auto lines = log_.flushed();
        if (std::count(lines.begin(), lines.end(), '\n') != 1)
            return lines;
        std::string out;
        for (const std::string name : {"status", "reason", "cause"}) {
            const auto at = lines.find("\"" + name + "\":");
            if (at == std::string::npos)
                continue;
            auto value = lines.substr(at + name.size() + 3);
            value = value.substr(0, value.find_first_of(",}"));
            std::erase(value, '"');
            out += (out.empty() ? "" : " ") + value;
        }
        return out;
    }
    // How it ended: the log's words, and whether the client was shown that its response is cut.
    [[nodiscard]] std::string end()
    {
        if (!ended)
            return "has not ended";
        return logged() + (was_cut ? ", cut" : "");
    }

    [[nodiscard]] worker& at() { return *worker_; }
    // Publishes a policy in which GET needs a scope that no token has, and has it judge what lasts. The
    // worker takes up nothing after that.
    void revoke()
    {
        next_file_.scopes({"read:a", "write:a"});
        next_file_.route("/appointments/{id}", {{"GET", "write:a"}});
        next_file_.issuer_with_secret(test::key_for(jose::algorithm::hs256).shared_secret().reveal());
        worker_->publish(shared_of(next_file_.get()));
        run();
        worker_->context().restart();
        worker_->stop();
        worker_->run(); // sweeps, and judges, first
    }
    [[nodiscard]] memory_connector& connector() { return *connector_; }
    [[nodiscard]] upstream::slot_limits& limits() { return *limits_; }
    // Takes a free slot of the upstream.
    net::detached take(upstream::slot& s)
    {
        const bool taken = co_await s.take(limits_->requests, worker_->context(), worker_->now() + 1h);
        EXPECT_TRUE(taken);
    }
    // Serves a GET while `taken` holds the only slot of the upstream.
    void serve_in_queue(upstream::slot& taken)
    {
        settings().upstream.connections = 1;
        request("GET /appointments/7");
        limits().requests.set(1);
        take(taken);
        serve();
        run();
        EXPECT_EQ(end(), "has not ended");
    }

    test::memory_peer client;
    bool ended = false;
    bool was_cut = false;
    steady_time connection_end = net::no_deadline;
    std::unique_ptr<test::memory_client> side_;

private:
    [[nodiscard]] shared_snapshot shared_of(const policy::policy& p) const
    {
        const std::shared_ptr<const policy::policy> borrowed(&p, [](const auto*) {});
        shared_snapshot shared{borrowed, std::make_shared<const responses::response_book>(*borrowed),
                               tokens::key_store::offline(borrowed)};
        shared.upstream_limits = limits_;
        return shared;
    }
    void start()
    {
        const auto shared = shared_of(file_.get());
        worker_ = std::make_unique<worker>(counters_, shared);
        auto made = std::make_unique<memory_connector>(worker_->context());
        connector_ = made.get();
        const upstream::worker_resources own{worker_->context(), times_, buffers_};
        snapshot_ = new snapshot(own, shared, nullptr, std::move(made));
        space_ = std::make_unique<workspace>(buffers_);
    }

    observe::captured_log log_;
    policy::test::builder file_, next_file_;
    std::shared_ptr<upstream::slot_limits> limits_ = std::make_shared<upstream::slot_limits>();
    shared_counters counters_;
    net::deadlines times_;
    net::buffer_pool buffers_;
    std::unique_ptr<worker> worker_;
    snapshot_ptr snapshot_;
    std::unique_ptr<workspace> space_;
    memory_connector* connector_ = nullptr; // the snapshot's
};

} // namespace scopegate::gate
