// Each end of a relay, and one event between two others.
#include "gate/relay.hpp"

#include "support/memory_stream.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace scopegate::gate {
namespace {

using namespace std::chrono_literals;
using wire::direction;

class relay : public ::testing::Test {
protected:
    relay()
        : source_(std::make_shared<test::memory_wire>(loop_)),
          sink_(std::make_shared<test::memory_wire>(loop_))
    {
    }
    ~relay() override
    {
        if (!end_) { // of a test that failed
            source_->resets();
            sink_->resets();
        }
        EXPECT_TRUE(end_);
    }
    net::detached begin()
    {
        test::memory_bytes from(source_, false), to(sink_);
        from.limit_body(limit_);
        from_ = &from;
        end_ = co_await relay_body(from, to, options_);
        from_ = nullptr;
    }

    net::asio::io_context loop_{1};
    test::memory_peer source_, sink_;
    relay_options options_{20s, 30s};
    std::uint64_t limit_ = 0;
    test::memory_bytes* from_ = nullptr;
    std::optional<relay_end> end_;
};

TEST_F(relay, is_complete_when_the_sink_has_taken_the_last_byte)
{
    begin();
    source_->arrives("abc");
    EXPECT_EQ(sink_->saw(), "abc");
    sink_->takes_nothing();
    source_->arrives("def", true);
    sink_->takes(2);
    EXPECT_FALSE(end_);
    sink_->takes_all();
    EXPECT_EQ(sink_->saw(), "abcdef<end><closed>");
    EXPECT_EQ(end_, relay_end::complete);
}

TEST_F(relay, completes_a_body_whose_end_comes_alone)
{
    begin();
    source_->arrives("abc");
    source_->completes();
    EXPECT_EQ(sink_->saw(), "abc<end><closed>");
    EXPECT_EQ(end_, relay_end::complete);
}

TEST_F(relay, ends_when_the_source_pauses_for_too_long)
{
    begin();
    EXPECT_EQ(source_->time_left(direction::read), 20s);
    source_->arrives("abc");
    EXPECT_TRUE(source_->expires(direction::read));
    EXPECT_EQ(end_, relay_end::source_late);
}

TEST_F(relay, ends_when_the_source_is_too_slow)
{
    minimum_rate rate(10s, true);
    options_.rate = &rate;
    begin();
    EXPECT_EQ(source_->time_left(direction::read), 10s);
    EXPECT_TRUE(source_->expires(direction::read));
    EXPECT_EQ(end_, relay_end::source_slow);
}

TEST_F(relay, ends_when_the_source_is_cut)
{
    begin();
    source_->arrives("abc");
    source_->ends();
    EXPECT_EQ(end_, relay_end::source_cut);
    EXPECT_EQ(sink_->saw(), "abc<closed>");
}

TEST_F(relay, ends_when_the_source_resets)
{
    begin();
    source_->resets();
    EXPECT_EQ(end_, relay_end::source_cut);
}

TEST_F(relay, ends_when_its_wait_for_the_source_is_interrupted)
{
    begin();
    from_->interrupt(direction::read, net::readiness::closed);
    EXPECT_EQ(end_, relay_end::source_cut);
}

TEST_F(relay, ends_when_the_source_is_closed_on_our_side)
{
    begin();
    from_->close(false);
    EXPECT_FALSE(end_) << "not within the call";
    loop_.poll();
    EXPECT_EQ(end_, relay_end::source_cut);
}

TEST_F(relay, ends_when_the_body_is_malformed)
{
    begin();
    source_->garbles();
    EXPECT_EQ(end_, relay_end::source_malformed);
}

TEST_F(relay, ends_when_the_body_is_too_large)
{
    limit_ = 4;
    begin();
    source_->arrives("abcd");
    source_->arrives("e");
    EXPECT_EQ(sink_->saw(), "abcd<closed>");
    EXPECT_EQ(end_, relay_end::too_large);
}

TEST_F(relay, ends_when_the_sink_takes_nothing_for_too_long)
{
    sink_->takes_nothing();
    begin();
    source_->arrives("abc");
    EXPECT_EQ(sink_->time_left(direction::write), 30s);
    EXPECT_TRUE(sink_->expires(direction::write));
    EXPECT_EQ(end_, relay_end::sink_late);
}

TEST_F(relay, ends_when_the_sink_resets)
{
    begin();
    sink_->resets();
    EXPECT_FALSE(end_) << "the relay waits for the source";
    source_->arrives("abc");
    EXPECT_EQ(end_, relay_end::sink_gone);
}

TEST_F(relay, ends_when_the_sink_resets_while_it_is_waited_for)
{
    sink_->takes_nothing();
    begin();
    source_->arrives("abc");
    sink_->resets();
    EXPECT_EQ(end_, relay_end::sink_gone);
}

TEST_F(relay, expires_while_it_waits)
{
    begin();
    options_.not_after = std::chrono::steady_clock::now();
    EXPECT_TRUE(source_->expires(direction::read));
    EXPECT_EQ(end_, relay_end::expired);
}

TEST_F(relay, expires_before_it_waits)
{
    sink_->takes_nothing();
    begin();
    source_->arrives("abc");
    source_->arrives("def");
    options_.not_after = std::chrono::steady_clock::now();
    sink_->takes_all();
    EXPECT_EQ(end_, relay_end::expired);
    EXPECT_EQ(sink_->saw(), "abc<closed>") << "what has come meanwhile is not read";
}

TEST_F(relay, sends_what_came_before_the_source_was_cut)
{
    sink_->takes_nothing();
    begin();
    source_->arrives("abc");
    source_->arrives("def");
    source_->ends();
    EXPECT_FALSE(end_);
    sink_->takes(3);
    EXPECT_FALSE(end_) << "the second piece is read and waits";
    sink_->takes_all();
    EXPECT_EQ(sink_->saw(), "abcdef<closed>");
    EXPECT_EQ(end_, relay_end::source_cut);
}

TEST_F(relay, does_not_read_while_the_sink_is_slow)
{
    sink_->takes_nothing();
    begin();
    source_->arrives("abc");
    EXPECT_FALSE(source_->waits(direction::read));
    EXPECT_TRUE(sink_->waits(direction::write));
    sink_->takes_all();
    EXPECT_TRUE(source_->waits(direction::read));
    EXPECT_FALSE(sink_->waits(direction::write));
    source_->completes();
}

// More than is worth a copy, and less.
TEST_F(relay, sends_every_byte_though_the_source_gives_its_memory_back)
{
    sink_->takes_nothing();
    begin();
    const std::string much(1000, 'm');
    source_->arrives(much);
    sink_->takes(990);
    source_->arrives("little", true);
    sink_->takes(10 + 2);
    EXPECT_EQ(sink_->saw(), much + "li");
    sink_->takes_all();
    EXPECT_EQ(sink_->saw(), much + "little<end><closed>");
    EXPECT_EQ(end_, relay_end::complete);
}

TEST_F(relay, follows_a_timeout_that_changes_between_two_waits)
{
    begin();
    options_.source = 5s;
    EXPECT_EQ(source_->time_left(direction::read), 20s) << "this wait has begun";
    source_->arrives("abc");
    EXPECT_EQ(source_->time_left(direction::read), 5s);
    source_->completes();
}

} // namespace
} // namespace scopegate::gate
