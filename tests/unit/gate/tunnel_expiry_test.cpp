// Calls expire() in each state of a tunnel. The resumed coroutine may destroy the tunnel within the call.
#include "unit/gate/memory_tunnel.hpp"

#include <gmock/gmock.h>

namespace scopegate::gate {
namespace {

using ::testing::StartsWith;

class expiring_tunnel : public memory_tunnel {};

TEST_F(expiring_tunnel, expires_with_its_token)
{
    expires_ = std::chrono::steady_clock::now();
    upstream_->takes_nothing();
    client_->arrives(hello);
    begin();
    EXPECT_EQ(end_, tunnel_end::expired);
    EXPECT_EQ(ended_as_, reason::token_expired);
    EXPECT_EQ(upstream_->saw(), "<shut><closed>") << "nothing of the client's behind the expiry";
    EXPECT_EQ(client_->saw(), close_frame(token_has_expired()) + "<shut><closed>");
}

TEST_F(expiring_tunnel, expires_before_it_runs)
{
    begins_with_expiry_ = true;
    upstream_->takes_nothing();
    begin();
    EXPECT_EQ(end_, tunnel_end::expired);
    EXPECT_EQ(client_->saw(), close_frame(server_shuts_down()) + "<shut><closed>");
}

TEST_F(expiring_tunnel, expires_within_the_call_while_both_directions_wait_for_input)
{
    begin();
    upstream_->takes_nothing();
    expire();
    EXPECT_EQ(end_, tunnel_end::expired);
    EXPECT_EQ(ended_as_, reason::insufficient_scope);
    EXPECT_EQ(client_->saw(), told_ + "<closed>");
    EXPECT_TRUE(upstream_->is_freed());
}

TEST_F(expiring_tunnel, expires_and_waits_for_the_upstream_behind_our_close_frame)
{
    begin();
    expire();
    EXPECT_EQ(client_->saw(), told_);
    EXPECT_THAT(upstream_->saw(), StartsWith(masked_close_start));
    EXPECT_FALSE(end_);
    upstream_->ends();
    EXPECT_EQ(end_, tunnel_end::expired);
}

TEST_F(expiring_tunnel, expires_within_the_call_while_the_upstream_takes_nothing)
{
    begin();
    upstream_->takes_nothing();
    client_->arrives(hello);
    expire();
    EXPECT_EQ(end_, tunnel_end::expired);
    EXPECT_EQ(client_->saw(), told_ + "<closed>");
    EXPECT_EQ(upstream_->saw(), "<closed>");
}

TEST_F(expiring_tunnel, expires_while_the_client_takes_nothing)
{
    begin();
    upstream_->takes_nothing();
    client_->takes_nothing();
    upstream_->arrives(hello);
    expire();
    EXPECT_FALSE(end_) << "the frame is brought to its end";
    EXPECT_EQ(client_->time_left(direction::write), 5s);
    client_->arrives("an order");
    client_->takes_all();
    EXPECT_EQ(end_, tunnel_end::expired);
    EXPECT_EQ(client_->saw(), hello + told_ + "<closed>");
    EXPECT_EQ(upstream_->saw(), "<shut><closed>") << "nothing of the client's behind the expiry";
}

TEST_F(expiring_tunnel, expires_in_the_midst_of_a_frame_that_the_client_is_slow_to_take)
{
    begin();
    client_->takes_nothing();
    upstream_->takes_nothing();
    upstream_->arrives(half_of_hello);
    expire();
    client_->takes_all();
    EXPECT_FALSE(end_);
    EXPECT_EQ(upstream_->time_left(direction::read), 5s) << "the upstream may end its frame";
    upstream_->arrives(rest_of_hello + hello);
    EXPECT_EQ(end_, tunnel_end::expired);
    EXPECT_EQ(client_->saw(), hello + told_ + "<closed>");
}

TEST_F(expiring_tunnel, expires_though_the_client_takes_a_little_now_and_then)
{
    begin();
    client_->takes_nothing();
    upstream_->takes_nothing();
    upstream_->arrives(hello);
    expire();
    client_->takes(1);
    EXPECT_LE(client_->time_left(direction::write), 5s);
    EXPECT_TRUE(client_->expires(direction::write));
    EXPECT_EQ(end_, tunnel_end::expired);
}

TEST_F(expiring_tunnel, expires_with_its_token_though_the_client_takes_a_little_now_and_then)
{
    expires_ = std::chrono::steady_clock::now() + 1min;
    begin();
    client_->takes_nothing();
    upstream_->takes_nothing();
    upstream_->arrives(hello);
    EXPECT_LE(client_->time_left(direction::write), 65s);
    client_->takes(1);
    EXPECT_LE(client_->time_left(direction::write), 65s);
    client_->takes_all();
    upstream_->ends();
}

TEST_F(expiring_tunnel, expires_though_the_client_never_takes_anything)
{
    begin();
    client_->takes_nothing();
    upstream_->takes_nothing();
    upstream_->arrives(hello);
    expire();
    EXPECT_TRUE(client_->expires(direction::write));
    EXPECT_EQ(end_, tunnel_end::expired);
    EXPECT_EQ(client_->saw(), "<closed>");
}

TEST_F(expiring_tunnel, expires_at_the_end_of_the_frame_that_the_upstream_is_in)
{
    begin();
    upstream_->takes_nothing();
    upstream_->arrives(half_of_hello);
    expire();
    EXPECT_FALSE(end_);
    EXPECT_EQ(upstream_->time_left(direction::read), 5s);
    upstream_->arrives(rest_of_hello + hello);
    EXPECT_EQ(end_, tunnel_end::expired);
    EXPECT_EQ(client_->saw(), hello + told_ + "<closed>") << "nothing behind that frame";
}

TEST_F(expiring_tunnel, expires_behind_the_end_of_the_client)
{
    begin();
    const auto bye = http::masked_close_frame(1000, "", {'a', 'b', 'c', 'd'});
    client_->arrives(bye);
    client_->ends();
    expire();
    EXPECT_EQ(end_, tunnel_end::expired);
    EXPECT_EQ(upstream_->saw(), bye + "<shut><closed>");
    EXPECT_EQ(client_->saw(), told_ + "<closed>");
}

TEST_F(expiring_tunnel, expires_within_the_call_while_a_told_upstream_is_waited_for)
{
    idle_ = 0s;
    begin();
    upstream_->expires(direction::read);
    EXPECT_THAT(upstream_->saw(), StartsWith(masked_close_start));
    EXPECT_FALSE(end_);
    expire();
    EXPECT_EQ(end_, tunnel_end::idle);
    EXPECT_EQ(client_->saw(), close_frame(tunnel_was_idle()) + "<shut><closed>");
}

TEST_F(expiring_tunnel, expires_while_the_client_is_slow_to_take_the_close_frame)
{
    begin();
    client_->takes_nothing();
    upstream_->ends();
    EXPECT_FALSE(end_);
    expire();
    EXPECT_FALSE(end_);
    client_->takes_all();
    EXPECT_EQ(end_, tunnel_end::closed);
    EXPECT_EQ(client_->saw(), close_frame(upstream_has_gone()) + "<shut><closed>");
}

TEST_F(expiring_tunnel, expires_once)
{
    begin();
    expire();
    EXPECT_FALSE(end_);
    const auto saw = client_->saw();
    tunnel_->expire(server_shuts_down());
    EXPECT_EQ(client_->saw(), saw);
    EXPECT_FALSE(end_) << "the upstream is still waited for";
    upstream_->ends();
    EXPECT_EQ(ended_as_, reason::insufficient_scope);
}

} // namespace
} // namespace scopegate::gate
