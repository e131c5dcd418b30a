#include "observe/request_burst.hpp"

#include "observe/busiest_clients.hpp"
#include "observe/log_line.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace scopegate::observe {

namespace {

constexpr std::size_t max_kinds = 256; // route and reason pairs that one thread counts separately
constexpr std::string_view other_routes = "other routes";
constexpr std::size_t named_clients = 3;

// The number of lines per route and reason in the current second: the second in the upper half, the count in
// the lower. Two pairs may share a slot; they then run out of lines a little earlier.
std::array<std::atomic<std::uint64_t>, 1024> slots;

std::atomic<std::uint64_t>& slot_of(const refused_request& r) noexcept
{
    const auto mixed = std::hash<std::string_view>{}(r.route) + static_cast<std::size_t>(r.why) * 0x9E3779B9U;
    return slots[mixed % slots.size()];
}

bool has_line_left(std::atomic<std::uint64_t>& slot, std::size_t burst, wall_time now) noexcept
{
    constexpr std::uint64_t low = 0xFFFF'FFFFU;
    const auto second =
        static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count())
        << 32U;
    for (auto seen = slot.load(std::memory_order_relaxed);;) {
        const auto count = (seen & ~low) == second ? seen & low : 0;
        if (count >= burst)
            return false;
        if (slot.compare_exchange_weak(seen, second | (count + 1), std::memory_order_relaxed))
            return true;
    }
}

struct counted {
    std::uint64_t count = 0;
    busiest_clients clients;
};

using counts_by_route = std::map<std::string, counted, std::less<>>;
using counts = std::array<counts_by_route, reason_count>;

// The counts of one thread. Another thread takes the lock only once a second.
struct shard {
    void add(const refused_request& r)
    {
        const std::lock_guard lock(counting);
        auto& routes = kinds[static_cast<std::size_t>(r.why)];
        auto at = routes.find(r.route);
        if (at == routes.end()) {
            const bool crowded = size >= max_kinds;
            at = routes.try_emplace(std::string(crowded ? other_routes : r.route)).first;
            size += crowded ? 0 : 1;
        }
        ++at->second.count;
        at->second.clients.add(r.client);
    }

    std::mutex counting;
    counts kinds;
    std::size_t size = 0;
};

struct all_shards {
    std::mutex listing;
    std::vector<std::shared_ptr<shard>> shards;
};

all_shards& everything()
{
    static all_shards all;
    return all;
}

shard& own_shard()
{
    thread_local const auto own = [] {
        auto made = std::make_shared<shard>();
        auto& all = everything();
        const std::lock_guard lock(all.listing);
        all.shards.push_back(made);
        return made;
    }();
    return *own;
}

// The counts of one route and reason, summed over all threads.
struct summed {
    std::uint64_t count = 0;
    std::map<std::string, std::uint64_t> clients;

    void add(const counted& more)
    {
        count += more.count;
        for (const auto& e : more.clients.entries())
            clients[e.client] += e.at_least();
    }
};

std::vector<counts> take_counts()
{
    std::vector<counts> taken;
    auto& all = everything();
    const std::lock_guard lock(all.listing);
    for (const auto& each : all.shards) {
        const std::lock_guard counting(each->counting);
        if (std::exchange(each->size, 0) > 0)
            taken.push_back(std::exchange(each->kinds, {}));
    }
    std::erase_if(all.shards, [](const auto& each) { return each.use_count() == 1; }); // its thread has ended
    return taken;
}

std::string line_of(std::string_view route, reason why, const summed& sum, wall_time now)
{
    std::string line;
    auto json = open_line(line, now, "warn", "request_burst");
    json.member("route", route).member("reason", name(why)).member("count", sum.count);
    json.name("busiest").open_array();
    std::vector<std::pair<std::string, std::uint64_t>> clients(sum.clients.begin(), sum.clients.end());
    std::stable_sort(clients.begin(), clients.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    clients.resize(std::min(clients.size(), named_clients));
    for (const auto& [client, count] : clients)
        json.open_object().member("client", client).member("count", count).close_object();
    json.close_array().close_object();
    return line;
}

} // namespace

bool admit_refusal(std::size_t burst, const refused_request& request, wall_time now)
{
    if (burst == 0 || has_line_left(slot_of(request), burst, now))
        return true;
    own_shard().add(request);
    return false;
}

std::vector<std::string> take_burst_lines(wall_time now)
{
    std::map<std::pair<std::string, reason>, summed> sums;
    for (const auto& taken : take_counts())
        for (std::size_t why = 0; why < taken.size(); ++why)
            for (const auto& [route, counted] : taken[why])
                sums[{route, static_cast<reason>(why)}].add(counted);
    std::vector<std::string> lines;
    lines.reserve(sums.size());
    for (const auto& [kind, sum] : sums)
        lines.push_back(line_of(kind.first, kind.second, sum, now));
    return lines;
}

} // namespace scopegate::observe
