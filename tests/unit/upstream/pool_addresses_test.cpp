// A pool with several addresses: where requests go when connections fail, and which connections are kept. The
// test plays the upstreams and the resolver.
#include "upstream/pool.hpp"

#include "support/memory_sides.hpp"
#include "unit/observe/captured_log.hpp"

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace scopegate::upstream {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using found_addresses = std::optional<std::vector<net::stream_endpoint>>;

net::stream_endpoint endpoint(std::uint16_t port)
{
    return *net::literal_endpoint("127.0.0.1", port);
}

// Connects to memory wires. Fails for the addresses in `faults`.
class scripted_connector final : public connector {
public:
    explicit scripted_connector(net::asio::io_context& loop) noexcept : loop_(loop) {}

    [[nodiscard]] net::task<found_addresses> look_up(std::size_t url, steady_time) override
    {
        const auto name = names.find(url);
        if (name == names.end())
            co_return std::nullopt;
        co_return name->second;
    }
    [[nodiscard]] std::vector<net::stream_endpoint> refresh(std::size_t url, steady_time) override
    {
        ++refreshed;
        const auto name = names.find(url);
        return name == names.end() ? std::vector<net::stream_endpoint>() : name->second;
    }
    [[nodiscard]] net::task<result<wire::upstream_ptr>> connect(address& to, steady_time,
                                                                address_reports& reports) override
    {
        tried.push_back(to.text);
        told = &reports;
        const auto fault = faults.find(to.text);
        if (fault != faults.end())
            co_return failure(reason::upstream_unreachable, fault->second);
        made.push_back(std::make_shared<test::memory_wire>(loop_));
        co_return std::make_unique<test::memory_upstream>(made.back());
    }

    std::map<std::string, cause> faults;
    std::map<std::size_t, std::vector<net::stream_endpoint>> names; // by the index of the URL
    std::vector<std::string> tried;
    std::vector<test::memory_peer> made;
    address_reports* told = nullptr;
    int refreshed = 0;

private:
    net::asio::io_context& loop_;
};

class several_addresses : public ::testing::Test {
protected:
    void begin(const std::vector<listed_address>& urls)
    {
        auto made = std::make_unique<scripted_connector>(loop_);
        up_ = made.get();
        pool_ = std::make_unique<pool>(std::move(made), addresses(urls, 0), 1s);
    }
    // Begins with the addresses :1, :2 and so on.
    void begin(std::uint16_t count)
    {
        std::vector<listed_address> urls;
        for (std::uint16_t i = 1; i <= count; ++i)
            urls.push_back({endpoint(i), ":" + std::to_string(i)});
        begin(urls);
    }
    // Takes a kept connection or makes one. Returns where it leads, or the cause of the failure.
    std::string request(steady_time::duration later = 0s)
    {
        of_ = choice();
        up_->tried.clear();
        is_kept_ = false;
        connection_ = pool_->take(std::chrono::steady_clock::now() + later, of_);
        if (connection_) {
            is_kept_ = true;
            return of_.at->text;
        }
        return connect();
    }
    std::string connect()
    {
        std::string end;
        run(end);
        return end;
    }
    net::detached run(std::string& end)
    {
        auto made = co_await pool_->connect(of_);
        end = made ? of_.at->text : std::string(name(made.error().detail));
        if (made)
            connection_ = std::move(*made);
    }
    void keep() { pool_->keep(std::move(connection_), of_); }

    net::asio::io_context loop_{1};
    observe::captured_log log_;
    std::unique_ptr<pool> pool_;
    scripted_connector* up_ = nullptr;
    choice of_;
    wire::upstream_ptr connection_;
    bool is_kept_ = false;
};

TEST_F(several_addresses, get_requests_in_turn_on_kept_connections_of_their_own)
{
    begin(2);
    for (const auto* to : {":1", ":2", ":1", ":2", ":1"}) {
        EXPECT_EQ(request(), to);
        keep();
    }
    EXPECT_TRUE(is_kept_);
    EXPECT_EQ(up_->made.size(), 2U);
}

TEST_F(several_addresses, stand_in_for_one_to_which_no_connection_can_be_made)
{
    begin(2);
    up_->faults[":1"] = cause::refused_connection;
    EXPECT_EQ(request(), ":2");
    EXPECT_THAT(up_->tried, ElementsAre(":1", ":2"));
    EXPECT_THAT(log_.flushed(), testing::AllOf(HasSubstr("upstream_set_aside"), HasSubstr("\":1\""),
                                               HasSubstr("refused-connection")));
    EXPECT_EQ(request(), ":2");
    EXPECT_THAT(up_->tried, ElementsAre(":2")) << "the first is set aside";
    EXPECT_THAT(log_.flushed(), IsEmpty());
}

TEST_F(several_addresses, come_back_with_their_first_response)
{
    begin(2);
    up_->faults[":1"] = cause::refused_connection;
    EXPECT_EQ(request(), ":2");
    static_cast<void>(log_.flushed());
    up_->faults.clear();
    EXPECT_EQ(request(2s), ":1") << "this request tries it";
    EXPECT_THAT(log_.flushed(), IsEmpty()) << "a connection alone proves nothing";
    up_->told->on_response(*of_.at);
    EXPECT_THAT(log_.flushed(), testing::AllOf(HasSubstr("upstream_back"), HasSubstr("\":1\"")));
    up_->told->on_response(*of_.at);
    EXPECT_THAT(log_.flushed(), IsEmpty());
}

TEST_F(several_addresses, are_set_aside_if_a_new_connection_ends_without_a_response)
{
    begin(2);
    EXPECT_EQ(request(), ":1");
    up_->told->on_end_without_response(*of_.at, cause::closed_without_response);
    EXPECT_THAT(log_.flushed(), HasSubstr("closed-without-response"));
    EXPECT_EQ(request(), ":2");
    EXPECT_EQ(request(), ":2");
}

TEST_F(several_addresses, come_back_only_by_new_connections)
{
    begin(2);
    EXPECT_EQ(request(), ":1");
    const auto of_one = of_;
    keep();
    EXPECT_EQ(request(), ":2");
    up_->told->on_end_without_response(*of_one.at, cause::reset_connection);
    EXPECT_EQ(request(2s), ":1");
    EXPECT_FALSE(is_kept_) << "the kept one does not show that others are accepted";
}

TEST_F(several_addresses, fail_with_the_last_failure_after_three)
{
    begin(5);
    for (const auto* each : {":1", ":2", ":4", ":5"})
        up_->faults[each] = cause::refused_connection;
    up_->faults[":3"] = cause::timeouts_upstream_connect;
    EXPECT_EQ(request(), "timeouts-upstream-connect");
    EXPECT_THAT(up_->tried, ElementsAre(":1", ":2", ":3"));
}

TEST_F(several_addresses, are_all_tried_while_all_are_set_aside)
{
    begin(2);
    up_->faults = {{":1", cause::refused_connection}, {":2", cause::refused_connection}};
    EXPECT_EQ(request(), "refused-connection");
    EXPECT_EQ(request(), "refused-connection");
    EXPECT_THAT(up_->tried, testing::SizeIs(2));
    up_->faults.erase(":2");
    EXPECT_EQ(request(), ":2");
}

TEST_F(several_addresses, are_not_blamed_for_a_lack_of_descriptors)
{
    begin(2);
    up_->faults[":1"] = cause::file_descriptors;
    EXPECT_EQ(request(), "file-descriptors");
    EXPECT_THAT(up_->tried, ElementsAre(":1"));
    EXPECT_THAT(log_.flushed(), IsEmpty());
}

TEST_F(several_addresses, get_a_request_again_that_another_has_not_served)
{
    begin(2);
    EXPECT_EQ(request(), ":1");
    EXPECT_TRUE(pool_->has_other(of_));
    EXPECT_EQ(connect(), ":2");
    EXPECT_FALSE(pool_->has_other(of_));
    EXPECT_EQ(connect(), ":2") << "without another address, a new connection to the same one";
}

TEST_F(several_addresses, of_a_name_are_used_in_turn)
{
    begin({{{}, "api:80"}});
    up_->names[0] = {endpoint(1), endpoint(2)};
    const auto first = request(), second = request();
    EXPECT_THAT((std::vector{first, second}), testing::UnorderedElementsAre("127.0.0.1:1", "127.0.0.1:2"));
    EXPECT_EQ(request(), first);
}

TEST_F(several_addresses, of_a_name_that_change_take_their_connections_with_them)
{
    begin({{{}, "api:80"}});
    up_->names[0] = {endpoint(1)};
    EXPECT_EQ(request(), "127.0.0.1:1");
    const auto of_one = of_;
    auto in_use = std::move(connection_);
    EXPECT_EQ(request(), "127.0.0.1:1");
    keep();
    up_->names[0] = {endpoint(2)};
    EXPECT_EQ(request(), "127.0.0.1:1") << "a kept connection needs no lookup";
    EXPECT_EQ(request(), "127.0.0.1:2");
    pool_->keep(std::move(in_use), of_one);
    EXPECT_EQ(up_->made[0]->saw(), "<closed>") << "its address is gone";
    EXPECT_EQ(request(), "127.0.0.1:2");
}

TEST_F(several_addresses, of_a_name_are_looked_up_now_and_then_while_it_is_used)
{
    begin({{{}, "api:80"}});
    up_->names[0] = {endpoint(1)};
    EXPECT_EQ(request(), "127.0.0.1:1");
    keep();
    const auto now = std::chrono::steady_clock::now();
    pool_->sweep(now);
    up_->names[0] = {endpoint(2)};
    pool_->sweep(now + 5s);
    EXPECT_EQ(request(), "127.0.0.1:1");
    EXPECT_TRUE(is_kept_);
    keep();
    pool_->sweep(now + 10s);
    EXPECT_EQ(up_->made[0]->saw(), "<closed>");
    EXPECT_EQ(up_->refreshed, 2);
    pool_->sweep(now + 30s);
    EXPECT_EQ(up_->refreshed, 2) << "nobody uses it";
    up_->names[0] = {};
    EXPECT_EQ(request(), "unresolvable-name");
    pool_->sweep(now + 40s);
    EXPECT_EQ(up_->refreshed, 3);
}

TEST_F(several_addresses, stand_in_for_a_name_that_does_not_resolve)
{
    begin({{{}, "api:80"}, {endpoint(2), ":2"}});
    up_->names[0] = {};
    EXPECT_EQ(request(), ":2");
    EXPECT_THAT(log_.flushed(), testing::AllOf(HasSubstr("\"api:80\""), HasSubstr("unresolvable-name")));
    up_->faults[":2"] = cause::refused_connection;
    EXPECT_EQ(request(), "unresolvable-name");
}

TEST_F(several_addresses, close_their_idle_connections_when_the_pool_retires)
{
    begin(2);
    for (int i = 0; i < 2; ++i) {
        static_cast<void>(request());
        keep();
    }
    pool_->retire();
    EXPECT_EQ(up_->made[0]->saw(), "<closed>");
    EXPECT_EQ(up_->made[1]->saw(), "<closed>");
}

} // namespace
} // namespace scopegate::upstream
