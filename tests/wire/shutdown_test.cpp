// The end of a pod in both orders of deploy/, ten times as fast: Kubernetes stops the gate and the API while
// clients send requests. Routers learn a little later that the pod is going. Until then they send new
// connections. A client uses a kept connection until a response says that it closes.
#include "support/gate_process.hpp"
#include "support/places.hpp"
#include "support/raw_client.hpp"
#include "support/recording_upstream.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace scopegate::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds routers_learn_after = 100ms;
constexpr milliseconds between_requests = 10ms;

// Returns how long the API's preStop hook sleeps: a tenth of the time in the file in deploy/.
milliseconds api_sleep(const std::string& file)
{
    const auto text = content_of(std::string(SCOPEGATE_SOURCE) + "/deploy/" + file);
    const std::regex written(R"(sleep(: \{seconds: |, ")(\d+))");
    std::smatch found;
    if (!std::regex_search(text, found, written))
        throw std::runtime_error(file + " has no preStop sleep");
    return milliseconds(std::stoi(found[2]) * 100);
}

// Clients that never stop by themselves. Some keep their connections, others open one for each request.
class trickle final {
public:
    explicit trickle(std::string address) : address_(std::move(address))
    {
        for (int i = 0; i < 3; ++i) {
            clients_.emplace_back([this] { ask(true); });
            clients_.emplace_back([this] { ask(false); });
        }
    }
    ~trickle()
    {
        abandoned_ = true;
        end();
    }
    trickle(const trickle&) = delete;
    trickle& operator=(const trickle&) = delete;

    void wait_for(unsigned answers) const
    {
        while (answered_ + failed_ < answers)
            std::this_thread::yield();
    }
    void routers_learn() { learned_ = true; }
    // Waits until no client has an open connection.
    void end()
    {
        learned_ = true;
        for (auto& client : clients_)
            client.join();
        clients_.clear();
    }
    [[nodiscard]] unsigned answered() const { return answered_; }
    [[nodiscard]] unsigned failed() const { return failed_; }

private:
    void ask(bool keeps)
    {
        std::optional<raw_client> connection;
        while (!abandoned_ && (connection || !learned_)) {
            try {
                if (!connection)
                    connection.emplace(address_);
                const auto response = connection->exchange(get("/public"));
                ++(response.status == 200 ? answered_ : failed_);
                if (!keeps || response.value("Connection") == "close")
                    connection.reset();
            } catch (const std::runtime_error&) {
                ++failed_;
                connection.reset();
            }
            std::this_thread::sleep_for(between_requests);
        }
    }

    const std::string address_;
    std::atomic<bool> learned_{false}, abandoned_{false};
    std::atomic<unsigned> answered_{0}, failed_{0};
    std::vector<std::thread> clients_;
};

// The pod. Its clients are served before its end begins.
class shutdown : public testing::Test {
protected:
    shutdown()
        : api_(std::in_place), gate_({.upstream = api_->url(), .timeouts = "drain_delay: 500ms, drain: 2s"}),
          clients_(gate_.address())
    {
        clients_.wait_for(60);
        EXPECT_EQ(clients_.failed(), 0U);
    }

    // Does the same as the gate's preStop hook in kubernetes.yaml.
    void run_drain_command() const
    {
        const char* const named = std::getenv("SCOPEGATE_PROGRAM");
        const std::string program = named != nullptr ? named : SCOPEGATE_PROGRAM;
        EXPECT_EQ(std::system(("'" + program + "' drain --url http://" + gate_.admin() + "/drain").c_str()),
                  0);
    }
    // Runs the API's preStop hook; the routers learn meanwhile that the pod is going.
    void sleep_before_the_api_ends(milliseconds sleep)
    {
        std::this_thread::sleep_for(routers_learn_after);
        clients_.routers_learn();
        std::this_thread::sleep_for(sleep - routers_learn_after);
    }
    void end_api() { api_.reset(); }

    std::optional<recording_upstream> api_;
    gate_process gate_;
    trickle clients_;
};

TEST_F(shutdown, of_a_native_sidecar_fails_no_request)
{
    run_drain_command();
    sleep_before_the_api_ends(api_sleep("kubernetes.yaml"));
    end_api();
    EXPECT_EQ(gate_.stop(), 0);
    clients_.end();
    EXPECT_EQ(clients_.failed(), 0U) << "of " << clients_.answered() + clients_.failed();
}

TEST_F(shutdown, of_a_plain_container_fails_no_request)
{
    gate_.send_signal(SIGTERM);
    sleep_before_the_api_ends(api_sleep("kubernetes-plain.yaml"));
    EXPECT_EQ(gate_.wait_for_exit(test_timeout), 0);
    end_api();
    clients_.end();
    EXPECT_EQ(clients_.failed(), 0U) << "of " << clients_.answered() + clients_.failed();
}

// Shows that the clients detect failures: here the API has no preStop hook, and ends first.
TEST_F(shutdown, of_a_native_sidecar_fails_requests_when_the_api_does_not_sleep)
{
    end_api();
    sleep_before_the_api_ends(routers_learn_after);
    EXPECT_EQ(gate_.stop(), 0);
    clients_.end();
    EXPECT_GT(clients_.failed(), 0U);
}

// The command is meant for a hook in the gate's own container. Nobody else may start a drain.
TEST_F(shutdown, does_not_begin_with_a_request_without_the_commands_field)
{
    const auto ask = [&](std::string_view method, std::string_view fields) {
        return raw_client(gate_.admin())
            .exchange(std::string(method) + " /drain HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) +
                      "Content-Length: 0\r\n\r\n")
            .status;
    };
    EXPECT_EQ(ask("POST", ""), 403U);
    EXPECT_EQ(ask("GET", "Scopegate-Command: drain\r\n"), 405U);
    EXPECT_EQ(raw_client(gate_.admin()).exchange(get("/readyz")).status, 200U);
    EXPECT_EQ(ask("POST", "Scopegate-Command: drain\r\nOrigin: http://evil.example\r\n"), 403U);
    EXPECT_EQ(ask("POST", "Scopegate-Command: drain\r\n"), 200U);
    EXPECT_EQ(raw_client(gate_.admin()).exchange(get("/readyz")).status, 503U);
    EXPECT_EQ(raw_client(gate_.address()).exchange(get("/public")).value("Connection"), "close");
    EXPECT_EQ(gate_.stop(), 0);
}

} // namespace
} // namespace scopegate::test
