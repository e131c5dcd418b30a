// Counts the open connections of the process and of each client, in one table for all workers. The table
// changes when a connection opens or ends, never with a request. Also logs when a limit was reached, and by
// whom. Thread-safe throughout.
#pragma once

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/memory_budget.hpp"
#include "net/address.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace scopegate::gate {

class worker;

// Identifies one client: an IPv4 address, the /64 of an IPv6 address (one host may use all of it), or all
// peers without an address.
class connection_owner final {
public:
    explicit connection_owner(const net::peer& who) noexcept;
    [[nodiscard]] std::string text() const; // `192.0.2.1`, `2001:db8::/64`, `unix`
    bool operator==(const connection_owner&) const = default;

    const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }

private:
    std::array<std::uint8_t, 16> bytes_{}; // an IPv4 address in v4-mapped form; zeros: no address
};

// The number of busiest clients that an event names.
inline constexpr std::size_t named_clients = 3;

// Open connections by client. It has one entry per connected client, so the limit of connections bounds it.
class client_table final {
public:
    client_table();

    // Counts one more connection, and returns how many the client has now. Throws std::bad_alloc.
    std::size_t add(const connection_owner& client);
    // Counts one connection less.
    void remove(const connection_owner& client) noexcept;

    // Returns the `count` clients with the most connections: `192.0.2.1 (1990), 2001:db8::/64 (3)`.
    [[nodiscard]] std::string busiest(std::size_t count) const;

private:
    struct hash {
        hash_key key;
        std::size_t operator()(const connection_owner& client) const noexcept;
    };
    struct shard {
        mutable std::mutex lock;
        std::unordered_map<connection_owner, std::size_t, hash> open;
        explicit shard(const hash& by) : open(0, by) {}
    };
    [[nodiscard]] shard& shard_of(const connection_owner& client) noexcept;

    hash hash_;
    std::vector<std::unique_ptr<shard>> shards_;
};

// The limits that refuse a connection, or close one.
enum class connection_limit : std::uint8_t { connections, connections_per_client, descriptors };

// The counts that all workers share.
class shared_counters final {
public:
    std::atomic<std::size_t> connections{0};
    client_table clients;
    // How many connections the process's descriptors allow, whatever limits.connections is. Beyond it,
    // accepting fails without a response, and the upstream is out of reach. Set before the workers start.
    std::size_t connections_possible = std::numeric_limits<std::size_t>::max();
    memory_budget memory;
    std::atomic<std::size_t> memory_refusals{0}; // requests refused with memory-limit
    std::atomic<std::size_t> memory_closed{0};   // connections closed because memory was short
    // All workers, each from its constructor on; complete before the first one starts.
    std::vector<worker*> workers;

    // Note that a limit ended a connection: a new one that was refused, or an open one that gave way.
    void note_refused(connection_limit which) noexcept { events_[index(which)].refused.fetch_add(1); }
    void note_closed(connection_limit which) noexcept { events_[index(which)].closed.fetch_add(1); }
    // Notes that a limit was reached although no connection ended.
    void note_reached(connection_limit which) noexcept { events_[index(which)].reached.store(true); }
    // Logs `limit_reached` for each limit that has notes, at most once a second each.
    void report(steady_time now);

private:
    struct noted {
        [[nodiscard]] bool is_empty() const noexcept { return refused == 0 && closed == 0 && !reached; }
        std::atomic<std::uint64_t> refused{0}, closed{0};
        std::atomic<bool> reached{false};
        std::atomic<steady_time::rep> quiet_until{0};
    };
    [[nodiscard]] static std::size_t index(connection_limit which) noexcept
    {
        return static_cast<std::size_t>(which);
    }
    std::array<noted, 3> events_;
};

// One connection's part of the counts, which the destructor gives back.
class connection_place final {
public:
    // Throws std::bad_alloc.
    connection_place(shared_counters& counters, const connection_owner& client);
    connection_place(connection_place&& other) noexcept;
    connection_place& operator=(connection_place&&) = delete;
    ~connection_place() { give_back(); }

    // Counts the connection for another client, the one in its PROXY header. Throws std::bad_alloc.
    void move_to(const connection_owner& client);
    // Returns how many connections the client had when this one was counted, including this one.
    [[nodiscard]] std::size_t of_client() const noexcept { return of_client_; }
    // Stops counting the connection, after its socket has been closed.
    void give_back() noexcept;

private:
    shared_counters* counters_; // null after give_back()
    connection_owner client_;
    std::size_t of_client_;
};

} // namespace scopegate::gate
