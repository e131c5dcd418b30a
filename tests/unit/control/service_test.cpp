// Reloads of a running service. The test's environment variable blocks a load for as long as the test wants,
// as a file of a hundred thousand routes would.
#include "control/service.hpp"
#include "support/fake_issuer.hpp"
#include "support/run_until.hpp"
#include "support/temporary_folder.hpp"
#include "support/token_maker.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

namespace scopegate::control {
namespace {

using namespace std::chrono_literals;
using test::run_until;

// Each load reads one variable, and blocks there while it is held.
class held_environment final {
public:
    [[nodiscard]] config::environment lookup()
    {
        return [this](const std::string& name) -> std::optional<std::string> {
            if (name != "HELD") // the file names it once
                return std::nullopt;
            std::unique_lock lock(mutex_);
            ++loads_;
            changed_.wait(lock, [&] { return !held_; });
            return std::string(40, 's');
        };
    }
    void hold()
    {
        const std::lock_guard lock(mutex_);
        held_ = true;
    }
    void release()
    {
        const std::lock_guard lock(mutex_);
        held_ = false;
        changed_.notify_all();
    }
    [[nodiscard]] int loads()
    {
        const std::lock_guard lock(mutex_);
        return loads_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = false;
    int loads_ = 0;
};

class service_reload : public testing::Test {
protected:
    service_reload()
    {
        issuer_.publish(test::jwk_set_text({jose::algorithm::es256}));
        write("/one");
        service_.emplace(control_, folder_.path("routes.yaml"), environment_.lookup());
        service_->start();
        EXPECT_TRUE(run_until(control_, [&] { return service_->ready().ready; }));
    }
    ~service_reload() override
    {
        environment_.release();
        service_->stop();
    }

    void write(const std::string& route) const
    {
        folder_.write("routes.yaml",
                      "upstream: http://127.0.0.1:1\nissuers:\n  - {issuer: \"" + issuer_.name() +
                          "\", audience: a, keys: \"" + issuer_.keys_url() +
                          "\"}\n"
                          "  - {issuer: \"https://b.example.com\", audience: a, algorithms: [HS256], "
                          "secret: \"${HELD}\"}\n"
                          "server: {listen: \"127.0.0.1:0\", admin: off, workers: 1}\n"
                          "routes: {" +
                          route + ": {GET: public}}\n");
    }
    // Begins a load and waits until it is blocked.
    void begin_held_load()
    {
        environment_.hold();
        const int before = environment_.loads();
        service_->reload();
        ASSERT_TRUE(run_until(control_, [&] { return environment_.loads() == before + 1; }));
    }
    [[nodiscard]] std::string first_route() const { return service_->policy().routes.at(0).text; }

    test::temporary_folder folder_;
    test::fake_issuer issuer_;
    held_environment environment_;
    net::asio::io_context control_{1};
    std::optional<service> service_;
};

TEST_F(service_reload, leaves_the_control_thread_to_probes_and_key_fetches)
{
    write("/two");
    begin_held_load();
    EXPECT_TRUE(service_->ready().ready);
    const auto fetches = issuer_.key_requests();
    bool fetched = false;
    service_->snapshot().keys->await_refresh(0, [&] { fetched = true; });
    EXPECT_TRUE(run_until(control_, [&] { return fetched; })) << "the fetch waits for the load";
    EXPECT_EQ(issuer_.key_requests(), fetches + 1);
    EXPECT_EQ(first_route(), "/one");
    environment_.release();
    EXPECT_TRUE(run_until(control_, [&] { return first_route() == "/two"; }));
}

TEST_F(service_reload, loads_again_when_a_file_changes_during_a_load)
{
    begin_held_load();
    service_->reload_if_changed();
    write("/two");
    service_->reload_if_changed();
    service_->reload_if_changed();
    environment_.release();
    EXPECT_TRUE(run_until(control_, [&] { return first_route() == "/two"; }));
    EXPECT_EQ(environment_.loads(), 3) << "the initial load, the blocked one and the one after it";
    service_->reload_if_changed();
    EXPECT_EQ(environment_.loads(), 3) << "nothing has changed since";
}

TEST_F(service_reload, waits_until_two_checks_have_seen_the_same)
{
    const auto before = environment_.loads();
    service_->reload_if_changed();
    write("/two");
    service_->reload_if_changed();
    write("/three");
    service_->reload_if_changed();
    EXPECT_EQ(environment_.loads(), before);
    service_->reload_if_changed();
    EXPECT_TRUE(run_until(control_, [&] { return first_route() == "/three"; }));
    EXPECT_EQ(environment_.loads(), before + 1);
}

TEST_F(service_reload, waits_until_the_writer_has_closed_the_file)
{
    const auto before = environment_.loads();
    std::ofstream writer(folder_.path("routes.yaml"), std::ios::app);
    writer << "mode: " << std::flush;
    for (int look = 0; look < 5; ++look)
        service_->reload_if_changed();
    EXPECT_EQ(environment_.loads(), before) << "half a file was loaded";
    writer << "observe\n";
    writer.close();
    service_->reload_if_changed();
    service_->reload_if_changed();
    EXPECT_TRUE(run_until(control_, [&] { return service_->policy().observe; }));
}

// A load that reads while its files change may mix two versions.
TEST_F(service_reload, drops_a_load_of_files_that_changed_meanwhile)
{
    write("/half");
    begin_held_load();
    write("/two");
    service_->reload_if_changed();
    service_->reload_if_changed(); // triggers another load
    bool published = false;
    environment_.release();
    EXPECT_TRUE(run_until(control_, [&] {
        published = published || first_route() == "/half";
        return first_route() == "/two";
    }));
    EXPECT_FALSE(published);
}

TEST_F(service_reload, combines_several_requests_during_a_load_into_one_more_load)
{
    begin_held_load();
    write("/two"); // after the blocked load has read the file
    for (int i = 0; i < 5; ++i)
        service_->reload();
    environment_.release();
    EXPECT_TRUE(run_until(control_, [&] { return first_route() == "/two"; }));
    control_.restart();
    control_.poll();
    EXPECT_EQ(environment_.loads(), 3);
}

TEST_F(service_reload, keeps_the_policy_when_the_new_file_has_errors)
{
    folder_.write("routes.yaml", "upstream: ${HELD}\n");
    const auto before = service_->snapshot().policy;
    begin_held_load();
    environment_.release();
    write("/two");
    service_->reload(); // follows the load of the bad file
    EXPECT_TRUE(run_until(control_, [&] { return service_->snapshot().policy != before; }));
    EXPECT_EQ(first_route(), "/two");
}

TEST_F(service_reload, does_not_delay_a_drain)
{
    begin_held_load();
    bool ended = false;
    service_->drain(0ms, [&] { ended = true; });
    EXPECT_TRUE(run_until(control_, [&] { return ended; })) << "the drain had to wait for the load";
}

TEST_F(service_reload, is_dropped_when_the_service_stops)
{
    write("/two");
    begin_held_load();
    const auto before = service_->snapshot().policy;
    std::thread later([&] { environment_.release(); });
    service_->stop();
    later.join();
    control_.restart();
    control_.poll();
    EXPECT_EQ(service_->snapshot().policy, before);
    service_->reload();
    control_.restart();
    control_.poll();
    EXPECT_EQ(environment_.loads(), 2) << "a stopped service must not load";
}

TEST(policy_load, reports_every_error_of_the_file_and_of_its_certificates)
{
    const test::temporary_folder folder;
    const auto path =
        folder.write("routes.yaml", "upstream: http://127.0.0.1:1\nroutes: {/a: {GET: public}}\n"
                                    "server: {tls: {certificate: none.pem, key: none.key}}\n");
    const auto none = [](const std::string&) { return std::optional<std::string>(); };
    const auto done = load_policy(path, none);
    EXPECT_EQ(done.snapshot.policy, nullptr);
    ASSERT_FALSE(done.errors.empty());
    EXPECT_NE(done.errors[0].text().find("none.pem"), std::string::npos) << done.errors[0].text();
}

TEST(policy_load, reports_an_exception_as_an_error)
{
    const test::temporary_folder folder;
    const auto path = folder.write("routes.yaml", "upstream: \"${HELD}\"\n");
    const auto fails = [](const std::string&) -> std::optional<std::string> { throw std::bad_alloc(); };
    const auto done = load_policy(path, fails);
    EXPECT_EQ(done.snapshot.policy, nullptr);
    ASSERT_EQ(done.errors.size(), 1U);
    EXPECT_NE(done.errors[0].text().find("can't load the file"), std::string::npos) << done.errors[0].text();
}

} // namespace
} // namespace scopegate::control
