// Round robin over the addresses of the upstream, with scripted times, failures and lookups.
#include "upstream/addresses.hpp"

#include "support/memory_sides.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>

namespace scopegate::upstream {
namespace {

using namespace std::chrono_literals;

net::stream_endpoint endpoint(char name)
{
    return *net::literal_endpoint("127.0.0.1", static_cast<std::uint16_t>(name));
}

// The addresses are named by letters; a capital letter is a host name that needs a lookup.
class round_robin : public ::testing::Test {
protected:
    void begin(const std::string& names, std::size_t start = 0)
    {
        std::vector<listed_address> listed;
        for (const char name : names) {
            listed.push_back({{}, std::string(1, name)});
            if (name >= 'a')
                listed.back() = {endpoint(name), net::to_text(endpoint(name))};
        }
        all_.emplace(listed, start);
    }
    // Returns where the next `count` requests go at this time, with a `?` behind each trial.
    std::string goes(std::size_t count, steady_time::duration later = 0s)
    {
        std::string to;
        for (std::size_t i = 0; i < count; ++i) {
            choice one;
            all_->choose(one, start_ + later);
            to += name_of(*one.at) + (one.is_trial ? "?" : "");
        }
        return to;
    }
    // Returns where one request goes that fails wherever it goes: `ab`.
    std::string goes_on(steady_time::duration later = 0s)
    {
        choice one;
        all_->choose(one, start_ + later);
        std::string to = name_of(*one.at);
        while (all_->choose_other(one, start_ + later))
            to += name_of(*one.at);
        EXPECT_FALSE(all_->has_other(one));
        return to;
    }
    static std::string name_of(const address& a)
    {
        return a.endpoint ? std::string(1, static_cast<char>(std::stoi(a.text.substr(a.text.find(':') + 1))))
                          : a.text;
    }
    address& at(char name)
    {
        for (const auto& one : all_->all())
            if (name_of(*one) == std::string(1, name))
                return *one;
        throw std::logic_error("no such address");
    }
    bool fails(char name, steady_time::duration later = 0s)
    {
        return all_->set_aside(at(name), start_ + later);
    }
    void resolves(std::size_t url, const std::string& names)
    {
        std::vector<net::stream_endpoint> found;
        for (const char name : names)
            found.push_back(endpoint(name));
        all_->update(url, found);
    }
    std::string names() const
    {
        std::string all;
        for (const auto& one : all_->all())
            all += name_of(*one);
        return all;
    }

    const steady_time start_ = steady_time{} + 1h;
    std::optional<addresses> all_;
};

TEST_F(round_robin, goes_round)
{
    begin("abc");
    EXPECT_EQ(goes(7), "abcabca");
}

TEST_F(round_robin, begins_with_the_given_address)
{
    begin("abc", 4);
    EXPECT_EQ(goes(3), "bca");
}

TEST_F(round_robin, of_one_address_is_always_its_own)
{
    begin("a");
    EXPECT_FALSE(fails('a')) << "nothing is gained by setting the only address aside";
    EXPECT_EQ(goes(3), "aaa");
    EXPECT_EQ(goes_on(), "a");
}

TEST_F(round_robin, leaves_out_what_is_set_aside_and_shares_its_part_evenly)
{
    begin("abc");
    EXPECT_TRUE(fails('b'));
    EXPECT_EQ(goes(6), "acacac");
}

TEST_F(round_robin, sends_one_request_to_try_an_address_after_its_time)
{
    begin("ab");
    EXPECT_TRUE(fails('b'));
    EXPECT_EQ(goes(3, 999ms), "aaa");
    EXPECT_EQ(goes(4, 1s), "b?aaa");
}

TEST_F(round_robin, tries_one_address_per_request_and_then_moves_on_to_one_that_works)
{
    begin("abcd");
    for (const char name : {'a', 'b', 'c'})
        EXPECT_TRUE(fails(name));
    for (const auto* expected : {"a?d", "b?d", "c?d", "d"}) {
        choice one;
        all_->choose(one, start_ + 1s);
        std::string to = name_of(*one.at) + (one.is_trial ? "?" : "");
        if (one.is_trial) {
            EXPECT_FALSE(fails(to.front(), 1s)) << "it was reported";
            EXPECT_TRUE(all_->choose_other(one, start_ + 1s));
            EXPECT_FALSE(one.is_trial) << to;
            to += name_of(*one.at);
        }
        EXPECT_EQ(to, expected);
    }
}

TEST_F(round_robin, takes_an_address_back_after_a_success)
{
    begin("ab");
    EXPECT_TRUE(fails('b'));
    EXPECT_EQ(goes(1, 1s), "a");
    EXPECT_EQ(goes(1, 1s), "b?");
    EXPECT_TRUE(all_->restore(at('b')));
    EXPECT_EQ(goes(4, 1s), "abab");
    EXPECT_FALSE(all_->restore(at('b'))) << "that is no news";
}

TEST_F(round_robin, doubles_the_time_with_each_failed_trial_up_to_a_bound)
{
    begin("ab");
    EXPECT_TRUE(fails('b'));
    steady_time::duration now = 0s;
    for (const auto aside : {1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s}) {
        EXPECT_EQ(goes(2, now + aside - 1ms), "aa") << aside.count();
        now += aside;
        EXPECT_THAT(goes(2, now), testing::HasSubstr("b?")) << aside.count();
        EXPECT_FALSE(fails('b', now)) << "it was reported";
    }
}

TEST_F(round_robin, begins_with_a_second_again_after_a_success)
{
    begin("ab");
    EXPECT_TRUE(fails('b'));
    EXPECT_EQ(goes(2, 1s), "ab?");
    EXPECT_FALSE(fails('b', 1s));
    EXPECT_TRUE(all_->restore(at('b')));
    EXPECT_TRUE(fails('b', 10s));
    EXPECT_EQ(goes(2, 11s), "ab?");
}

TEST_F(round_robin, counts_requests_that_fail_together_as_one_failure)
{
    begin("ab");
    EXPECT_TRUE(fails('b'));
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(fails('b'));
    EXPECT_EQ(goes(2, 1s), "ab?");
}

TEST_F(round_robin, tries_again_if_nothing_comes_of_a_trial)
{
    begin("ab");
    EXPECT_TRUE(fails('b'));
    EXPECT_EQ(goes(2, 1s), "ab?");
    EXPECT_EQ(goes(2, 1999ms), "aa");
    EXPECT_EQ(goes(2, 2s), "b?a");
}

TEST_F(round_robin, goes_round_all_addresses_if_all_are_set_aside)
{
    begin("abc");
    for (const char name : {'a', 'b', 'c'})
        EXPECT_TRUE(fails(name));
    EXPECT_EQ(goes(6), "abcabc");
    EXPECT_TRUE(all_->restore(at('b')));
    EXPECT_EQ(goes(3), "bbb");
}

TEST_F(round_robin, reports_an_address_once_a_second_however_often_it_fails_and_works)
{
    begin("ab");
    EXPECT_TRUE(fails('b'));
    EXPECT_TRUE(all_->restore(at('b')));
    EXPECT_FALSE(fails('b', 500ms));
    EXPECT_FALSE(all_->restore(at('b'))) << "the log does not know that it was set aside";
    EXPECT_TRUE(fails('b', 1s));
}

TEST_F(round_robin, moves_on_to_addresses_that_the_request_has_not_tried)
{
    begin("abcde");
    EXPECT_EQ(goes_on(), "abc") << "three are enough";
    begin("ab");
    EXPECT_EQ(goes_on(), "ab");
    EXPECT_EQ(goes_on(), "ab");
}

TEST_F(round_robin, moves_on_to_addresses_that_work_first)
{
    begin("abcd");
    EXPECT_TRUE(fails('b'));
    EXPECT_EQ(goes_on(), "acd");
    begin("abc");
    EXPECT_TRUE(fails('b'));
    EXPECT_TRUE(fails('c'));
    EXPECT_EQ(goes_on(), "abc") << "what is set aside is better than no response";
}

TEST_F(round_robin, includes_the_addresses_of_a_name_once_they_are_known)
{
    begin("aB");
    EXPECT_EQ(goes(4), "aBaB");
    resolves(1, "xy");
    EXPECT_EQ(names(), "axy");
    EXPECT_EQ(goes(6), "yaxyax");
}

TEST_F(round_robin, keeps_what_it_knows_of_addresses_that_a_name_still_has)
{
    begin("A");
    resolves(0, "xyz");
    EXPECT_TRUE(fails('x'));
    resolves(0, "zxw");
    EXPECT_EQ(names(), "xzw") << "in the order in which they came";
    EXPECT_EQ(goes(4), "zwzw");
}

TEST_F(round_robin, forgets_an_address_that_a_name_has_no_more)
{
    begin("A");
    resolves(0, "xy");
    const address_ptr gone(&at('x'));
    resolves(0, "y");
    EXPECT_FALSE(gone->is_listed());
    EXPECT_EQ(goes(3), "yyy");
    EXPECT_FALSE(all_->set_aside(*gone, start_));
    resolves(0, "yx");
    EXPECT_NE(&at('x'), gone.get()) << "it is a new one";
}

TEST_F(round_robin, closes_the_idle_connections_of_an_address_that_is_gone)
{
    net::asio::io_context loop{1};
    begin("A");
    resolves(0, "xy");
    std::vector<test::memory_peer> peers;
    for (const char name : {'x', 'y'}) {
        peers.push_back(std::make_shared<test::memory_wire>(loop));
        at(name).idle.push_back({std::make_unique<test::memory_upstream>(peers.back()), start_ + 1h});
    }
    resolves(0, "y");
    EXPECT_EQ(peers[0]->saw(), "<closed>");
    EXPECT_FALSE(peers[1]->is_closed());
    at('y').close_idle();
}

TEST_F(round_robin, does_not_move_on_to_a_name_whose_lookup_has_failed)
{
    begin("Ab");
    resolves(0, "xy");
    choice one;
    all_->choose(one, start_);
    one.unresolved = one.at->url;
    std::string to;
    while (all_->choose_other(one, start_))
        to += name_of(*one.at);
    EXPECT_EQ(to, "b");
}

TEST_F(round_robin, replaces_an_address_that_a_lookup_has_removed_by_another_of_its_name)
{
    begin("aB");
    EXPECT_EQ(goes(1), "a");
    choice one;
    all_->choose(one, start_);
    ASSERT_EQ(name_of(*one.at), "B");
    resolves(1, "x");
    ASSERT_TRUE(all_->replace_removed(one, start_));
    EXPECT_EQ(name_of(*one.at), "x");
    EXPECT_EQ(one.tried_count, 0U) << "nothing was tried";
}

TEST_F(round_robin, uses_a_bounded_number_of_addresses_of_a_name)
{
    begin("A");
    std::vector<net::stream_endpoint> found;
    for (std::uint16_t i = 1; i <= 100; ++i)
        found.push_back(*net::literal_endpoint("127.0.0.1", i));
    all_->update(0, found);
    EXPECT_EQ(all_->all().size(), addresses::max_per_name);
}

} // namespace
} // namespace scopegate::upstream
