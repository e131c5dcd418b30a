#include "gate/connection_counts.hpp"

#include "observe/log.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <random>
#include <utility>

namespace scopegate::gate {

namespace {

constexpr std::size_t shard_count = 16;  // a power of two
constexpr std::size_t network_bytes = 8; // the /64 of an IPv6 address
constexpr std::chrono::seconds event_interval{1};

bool is_v4(const std::array<std::uint8_t, 16>& a) noexcept
{
    return std::all_of(a.begin(), a.begin() + 10, [](auto b) { return b == 0; }) && a[10] == 0xFF &&
           a[11] == 0xFF;
}

std::string_view name(connection_limit which) noexcept
{
    switch (which) {
    case connection_limit::connections:
        return "connections";
    case connection_limit::connections_per_client:
        return "connections_per_client";
    case connection_limit::descriptors:
        return "descriptors";
    }
    return "connections";
}

hash_key random_key()
{
    std::random_device random;
    const auto word = [&random] { return std::uint64_t{random()} << 32U | random(); };
    return {word(), word()};
}

} // namespace

connection_owner::connection_owner(const net::peer& who) noexcept
{
    if (!who.is_ip)
        return;
    bytes_ = who.address;
    if (!is_v4(bytes_))
        std::fill(bytes_.begin() + network_bytes, bytes_.end(), std::uint8_t{0});
}

std::string connection_owner::text() const
{
    if (std::all_of(bytes_.begin(), bytes_.end(), [](auto b) { return b == 0; }))
        return "unix";
    const net::asio::ip::address_v6 address(bytes_);
    if (is_v4(bytes_))
        return net::asio::ip::make_address_v4(net::asio::ip::v4_mapped, address).to_string();
    return address.to_string() + "/64";
}

std::size_t client_table::hash::operator()(const connection_owner& client) const noexcept
{
    const auto& bytes = client.bytes();
    return keyed_hash(key, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

client_table::client_table() : hash_{random_key()}
{
    for (std::size_t i = 0; i < shard_count; ++i)
        shards_.push_back(std::make_unique<shard>(hash_));
}

client_table::shard& client_table::shard_of(const connection_owner& client) noexcept
{
    return *shards_[(hash_(client) >> 32U) % shard_count];
}

std::size_t client_table::add(const connection_owner& client)
{
    auto& s = shard_of(client);
    const std::lock_guard lock(s.lock);
    return ++s.open[client];
}

void client_table::remove(const connection_owner& client) noexcept
{
    auto& s = shard_of(client);
    const std::lock_guard lock(s.lock);
    const auto found = s.open.find(client);
    if (found != s.open.end() && --found->second == 0)
        s.open.erase(found);
}

std::string client_table::busiest(std::size_t count) const
{
    using entry = std::pair<connection_owner, std::size_t>;
    std::vector<entry> most; // sorted, `count` at most
    const auto has_more = [](const entry& a, const entry& b) { return a.second > b.second; };
    for (const auto& s : shards_) {
        const std::lock_guard lock(s->lock);
        for (const entry one : s->open) {
            if (most.size() == count && !has_more(one, most.back()))
                continue;
            most.insert(std::upper_bound(most.begin(), most.end(), one, has_more), one);
            if (most.size() > count)
                most.pop_back();
        }
    }
    std::string text;
    for (const auto& [client, connections] : most)
        text += (text.empty() ? "" : ", ") + client.text() + " (" + std::to_string(connections) + ')';
    return text;
}

void shared_counters::report(steady_time now)
{
    for (const auto which : {connection_limit::connections, connection_limit::connections_per_client,
                             connection_limit::descriptors}) {
        auto& event = events_[index(which)];
        auto until = event.quiet_until.load(std::memory_order_relaxed);
        if (event.is_empty() || now.time_since_epoch().count() < until)
            continue;
        const auto next = (now + event_interval).time_since_epoch().count();
        if (!event.quiet_until.compare_exchange_strong(until, next)) // another worker reports it
            continue;
        event.reached = false;
        observe::log_event(observe::level::warn, "limit_reached",
                           {{"limit", name(which)},
                            {"connections", connections.load()},
                            {"refused", event.refused.exchange(0)},
                            {"closed", event.closed.exchange(0)},
                            {"busiest", clients.busiest(named_clients)}});
    }
}

connection_place::connection_place(shared_counters& counters, const connection_owner& client)
    : counters_(&counters), client_(client), of_client_(counters.clients.add(client))
{
    counters.connections.fetch_add(1, std::memory_order_relaxed);
}

connection_place::connection_place(connection_place&& other) noexcept
    : counters_(std::exchange(other.counters_, nullptr)), client_(other.client_), of_client_(other.of_client_)
{
}

void connection_place::move_to(const connection_owner& client)
{
    if (counters_ == nullptr || client == client_)
        return;
    of_client_ = counters_->clients.add(client);
    counters_->clients.remove(std::exchange(client_, client));
}

void connection_place::give_back() noexcept
{
    if (counters_ == nullptr)
        return;
    auto& counters = *std::exchange(counters_, nullptr);
    counters.clients.remove(client_);
    counters.connections.fetch_sub(1, std::memory_order_relaxed);
}

} // namespace scopegate::gate
