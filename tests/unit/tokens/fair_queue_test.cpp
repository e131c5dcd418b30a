#include "tokens/fair_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace scopegate;
using tokens::fair_queue;

tokens::client_network client(std::uint8_t number)
{
    tokens::client_network made{};
    made[0] = number;
    return made;
}

tokens::token_key token(char name)
{
    tokens::token_key made{};
    made[0] = static_cast<unsigned char>(name);
    return made;
}

void push(fair_queue& queue, std::uint8_t of, std::string_view names)
{
    for (const char name : names)
        queue.push(client(of), token(name));
}

std::string all_of(fair_queue& queue)
{
    std::string order;
    while (const auto next = queue.pop())
        order += static_cast<char>((*next)[0]);
    return order;
}

TEST(fair_queue, serves_a_single_client_in_order)
{
    fair_queue queue;
    push(queue, 1, "abcd");
    EXPECT_EQ(all_of(queue), "abcd");
    EXPECT_EQ(all_of(queue), "");
}

TEST(fair_queue, alternates_between_clients)
{
    fair_queue queue;
    push(queue, 1, "abcdef");
    push(queue, 2, "1");
    push(queue, 3, "XY");
    EXPECT_EQ(all_of(queue), "a1XbYcdef");
}

TEST(fair_queue, makes_a_returning_client_wait_for_its_turn)
{
    fair_queue queue;
    push(queue, 1, "ab");
    push(queue, 2, "1");
    EXPECT_TRUE(queue.pop());
    EXPECT_TRUE(queue.pop());
    push(queue, 2, "2");
    EXPECT_EQ(all_of(queue), "b2");
}

TEST(fair_queue, evicts_the_newest_request_of_the_longest_line)
{
    fair_queue queue;
    push(queue, 1, "abc");
    push(queue, 2, "1");
    const auto place = queue.evict_for(client(3));
    ASSERT_TRUE(place);
    EXPECT_EQ(place->token, token('c'));
    EXPECT_EQ(place->client, client(1));
    EXPECT_EQ(all_of(queue), "a1b");
}

TEST(fair_queue, evicts_nothing_for_a_line_of_equal_length)
{
    fair_queue queue;
    EXPECT_FALSE(queue.evict_for(client(1)));
    push(queue, 1, "ab");
    EXPECT_FALSE(queue.evict_for(client(1))) << "a client must not evict its own requests";
    push(queue, 2, "1");
    EXPECT_FALSE(queue.evict_for(client(2))) << "the two clients would only change places";
    EXPECT_TRUE(queue.evict_for(client(3)));
    EXPECT_FALSE(queue.evict_for(client(3)));
}

TEST(fair_queue, gives_no_turn_to_an_emptied_line)
{
    fair_queue queue;
    push(queue, 1, "ab");
    EXPECT_TRUE(queue.evict_for(client(2)));
    push(queue, 2, "1");
    queue.clear();
    push(queue, 3, "x");
    EXPECT_EQ(all_of(queue), "x");
}

TEST(client_networks, are_an_ipv4_address_or_half_an_ipv6_address)
{
    std::array<std::uint8_t, 16> v4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 1, 2, 3},
        v6{0x20, 1, 13, 184};
    v6[7] = 7;
    v6[15] = 1;
    EXPECT_EQ(tokens::network_of(v4), v4);
    auto network = v6;
    network[15] = 0;
    EXPECT_EQ(tokens::network_of(v6), network);
}

} // namespace
