// A tunnel that its peers end, or that idles.
#include "unit/gate/memory_tunnel.hpp"

#include <gmock/gmock.h>

namespace scopegate::gate {
namespace {

using ::testing::StartsWith;

TEST_F(memory_tunnel, closes_when_the_upstream_ends)
{
    begin();
    upstream_->arrives(hello);
    upstream_->ends();
    EXPECT_EQ(end_, tunnel_end::closed);
    EXPECT_EQ(client_->saw(), hello + close_frame(upstream_has_gone()) + "<shut><closed>");
    EXPECT_EQ(upstream_->saw(), "<closed>");
}

TEST_F(memory_tunnel, adds_no_close_frame_behind_the_upstreams)
{
    begin();
    const auto bye = http::close_frame(1000, "");
    upstream_->arrives(bye);
    upstream_->ends();
    EXPECT_EQ(end_, tunnel_end::closed);
    EXPECT_EQ(client_->saw(), bye + "<closed>");
}

TEST_F(memory_tunnel, puts_no_close_frame_into_a_frame_of_the_upstream)
{
    begin();
    upstream_->arrives(half_of_hello);
    upstream_->resets();
    EXPECT_EQ(end_, tunnel_end::closed);
    EXPECT_EQ(client_->saw(), half_of_hello + "<closed>");
}

TEST_F(memory_tunnel, closes_when_the_client_ends_without_a_close_frame)
{
    begin();
    client_->ends();
    EXPECT_THAT(upstream_->saw(), StartsWith(masked_close_start));
    EXPECT_FALSE(end_) << "the upstream is given time to read that";
    EXPECT_EQ(upstream_->time_left(direction::read), 2s);
    upstream_->expires(direction::read);
    EXPECT_EQ(end_, tunnel_end::closed);
}

TEST_F(memory_tunnel, closes_when_the_client_resets)
{
    begin();
    client_->resets();
    EXPECT_THAT(upstream_->saw(), StartsWith(masked_close_start));
    EXPECT_EQ(end_, tunnel_end::closed) << "nobody waits for the upstream to read that";
    EXPECT_EQ(client_->saw(), "<closed>");
}

TEST_F(memory_tunnel, discards_the_upstreams_data_behind_our_close_frame)
{
    begin();
    client_->ends();
    upstream_->arrives(hello);
    EXPECT_FALSE(end_);
    upstream_->arrives(std::string(256UL * 1024, 'x'));
    EXPECT_EQ(end_, tunnel_end::closed) << "but not for ever";
    EXPECT_EQ(client_->saw(), close_frame(client_has_gone()) + "<shut><closed>");
}

TEST_F(memory_tunnel, gives_the_upstream_the_last_word_behind_a_close_frame_of_the_client)
{
    begin();
    const auto bye = http::masked_close_frame(1000, "", {'a', 'b', 'c', 'd'});
    client_->arrives(bye);
    client_->ends();
    EXPECT_EQ(upstream_->saw(), bye + "<shut>");
    EXPECT_EQ(upstream_->time_left(direction::read), 5s);
    upstream_->arrives(hello);
    EXPECT_EQ(client_->saw(), hello);
    upstream_->ends();
    EXPECT_EQ(end_, tunnel_end::closed);
}

TEST_F(memory_tunnel, closes_when_the_client_resets_while_it_takes_nothing)
{
    begin();
    client_->takes_nothing();
    upstream_->arrives(hello);
    upstream_->takes_nothing();
    client_->resets();
    EXPECT_EQ(end_, tunnel_end::closed);
    EXPECT_EQ(upstream_->saw(), "<shut><closed>");
}

TEST_F(memory_tunnel, closes_when_the_client_resets_while_the_upstream_takes_nothing)
{
    begin();
    upstream_->takes_nothing();
    client_->arrives(hello);
    client_->resets();
    EXPECT_EQ(end_, tunnel_end::closed);
    EXPECT_EQ(upstream_->saw(), "<closed>");
}

TEST_F(memory_tunnel, gives_the_upstream_some_time_to_take_what_an_ended_client_sent)
{
    begin();
    upstream_->takes_nothing();
    const auto bye = http::masked_close_frame(1000, "", {'a', 'b', 'c', 'd'});
    client_->arrives(bye);
    EXPECT_GT(upstream_->time_left(direction::write), 59min);
    client_->ends();
    EXPECT_EQ(upstream_->time_left(direction::write), 5s);
    upstream_->takes_all();
    EXPECT_EQ(upstream_->saw(), bye + "<shut>");
    upstream_->ends();
    EXPECT_EQ(end_, tunnel_end::closed);
}

TEST_F(memory_tunnel, closes_when_the_upstream_takes_nothing_for_too_long)
{
    begin();
    upstream_->takes_nothing();
    client_->arrives(hello);
    upstream_->expires(direction::write);
    EXPECT_EQ(upstream_->saw(), "<shut>");
    EXPECT_EQ(upstream_->time_left(direction::read), 5s) << "it may say why";
    upstream_->ends();
    EXPECT_EQ(end_, tunnel_end::closed);
}

TEST_F(memory_tunnel, closes_when_the_client_takes_nothing_for_too_long)
{
    begin();
    client_->takes_nothing();
    upstream_->arrives(hello);
    upstream_->takes_nothing();
    client_->expires(direction::write);
    EXPECT_EQ(end_, tunnel_end::closed);
    EXPECT_EQ(client_->saw(), "<closed>") << "no close frame within a frame";
}

// --- idle ---

TEST_F(memory_tunnel, is_idle_when_nothing_comes_from_either_side)
{
    idle_ = 0s;
    begin();
    upstream_->takes_nothing();
    client_->expires(direction::read);
    EXPECT_FALSE(end_) << "the other direction decides";
    upstream_->expires(direction::read);
    EXPECT_EQ(end_, tunnel_end::idle);
    EXPECT_EQ(client_->saw(), close_frame(tunnel_was_idle()) + "<shut><closed>");
}

TEST_F(memory_tunnel, is_not_idle_while_the_other_side_sends)
{
    begin();
    client_->arrives(hello);
    upstream_->expires(direction::read); // earlier than it would be
    EXPECT_FALSE(end_);
    EXPECT_TRUE(upstream_->waits(direction::read));
    EXPECT_EQ(upstream_->time_left(direction::read), 1h);
    upstream_->ends();
}

// --- one event between two others ---

TEST_F(memory_tunnel, brings_the_last_words_of_the_upstream_to_a_slow_client)
{
    begin();
    client_->takes_nothing();
    upstream_->arrives(hello);
    upstream_->arrives(hello);
    upstream_->ends();
    EXPECT_FALSE(end_);
    client_->takes_all();
    EXPECT_EQ(client_->saw(), hello + hello + close_frame(upstream_has_gone()) + "<shut><closed>");
    EXPECT_EQ(end_, tunnel_end::closed);
}

TEST_F(memory_tunnel, ends_when_its_client_is_closed_while_both_directions_are_stuck)
{
    begin();
    upstream_->takes_nothing();
    client_->takes_nothing();
    client_->arrives(hello);
    upstream_->arrives(hello);
    upstream_->resets();
    EXPECT_FALSE(end_) << "what came is still to be taken";
    client_->resets();
    EXPECT_EQ(end_, tunnel_end::closed);
}

TEST_F(memory_tunnel, ends_when_both_sides_end_at_once)
{
    client_->ends();
    upstream_->ends();
    begin();
    EXPECT_EQ(end_, tunnel_end::closed);
}

TEST_F(memory_tunnel, ends_when_both_sides_have_reset_before_it_runs)
{
    client_->resets();
    upstream_->resets();
    begin();
    EXPECT_EQ(end_, tunnel_end::closed);
}

} // namespace
} // namespace scopegate::gate
