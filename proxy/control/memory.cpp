#include "control/memory.hpp"

#include "observe/log.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

namespace scopegate::control {

namespace {

constexpr std::size_t mib = 1024UL * 1024;

// For code that is paged in again, buffers, caches and a queue of log lines.
constexpr std::size_t min_room = 16 * mib;

constexpr steady_time::duration shortest_pause = std::chrono::seconds(1);
constexpr steady_time::duration longest_pause = std::chrono::seconds(64);

// Reads a file that holds a single number. "No limit" is `max` in version 2 and a number near 2^63 in version
// 1.
std::optional<std::size_t> read_maximum(const std::filesystem::path& file)
{
    constexpr std::uint64_t unlimited = std::uint64_t{1} << 60U;
    std::uint64_t bytes = 0;
    std::ifstream in(file);
    if (!(in >> bytes) || bytes == 0 || bytes >= unlimited)
        return std::nullopt;
    return static_cast<std::size_t>(bytes);
}

std::optional<std::size_t> smallest(std::optional<std::size_t> a, std::optional<std::size_t> b)
{
    return !a ? b : !b ? a : std::min(*a, *b);
}

// Returns the smallest limit from `group` up to the mount. Without its own namespace a container sees its
// cgroup's name on the host but only its own files, so missing folders are skipped.
std::optional<std::size_t> smallest_upwards(const std::filesystem::path& mount, std::filesystem::path group,
                                            const char* file)
{
    auto found = read_maximum(mount / file);
    for (group = group.relative_path(); !group.empty(); group = group.parent_path())
        found = smallest(found, read_maximum(mount / group / file));
    return found;
}

// Returns how many bytes of the heap are allocated.
std::size_t allocated_bytes() noexcept
{
    const auto heap = ::mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

} // namespace

std::optional<std::size_t> cgroup_memory_maximum(const std::filesystem::path& own,
                                                 const std::filesystem::path& root)
{
    std::optional<std::size_t> found =
        smallest(read_maximum(root / "memory.max"), read_maximum(root / "memory" / "memory.limit_in_bytes"));
    std::ifstream groups(own);
    for (std::string line; std::getline(groups, line);) { // ID:CONTROLLERS:PATH
        const auto first = line.find(':');
        const auto second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos)
            continue;
        const auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        const std::filesystem::path group = line.substr(second + 1);
        if (controllers == ",,")
            found = smallest(found, smallest_upwards(root, group, "memory.max"));
        else if (controllers.find(",memory,") != std::string::npos)
            found = smallest(found, smallest_upwards(root / "memory", group, "memory.limit_in_bytes"));
    }
    return found;
}

std::size_t bytes_of(const policy::memory_limit& limit)
{
    switch (limit.how) {
    case policy::memory_limit::kind::automatic:
        if (const auto maximum = cgroup_memory_maximum())
            return *maximum / 4 * 3;
        break;
    case policy::memory_limit::kind::bytes:
        return static_cast<std::size_t>(limit.bytes);
    case policy::memory_limit::kind::none:
        break;
    }
    return memory_budget::unlimited;
}

std::size_t token_cache_bytes(std::size_t limit) noexcept
{
    return std::min(64 * mib, limit / 4);
}

tokens::used_proofs::bounds proof_bounds(std::size_t limit) noexcept
{
    constexpr std::size_t bytes_of_proof = 60; // at worst, when its table has just doubled
    // This many keys must flood together to affect other clients.
    constexpr std::size_t keys = 8;
    tokens::used_proofs::bounds most;
    most.all = std::min(most.all, limit / 8 / bytes_of_proof);
    most.of_key = std::min(most.of_key, most.all / keys);
    return most;
}

std::size_t resident_bytes() noexcept
{
#ifdef SCOPEGATE_SANITIZED // freed memory is kept for detection of use after free
    return 0;
#else
    std::array<char, 128> text{};
    const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const auto size = ::read(file, text.data(), text.size());
    ::close(file);
    if (size <= 0)
        return 0;
    // The second number is the resident size.
    const std::string_view numbers(text.data(), static_cast<std::size_t>(size));
    std::size_t pages = 0;
    if (const auto blank = numbers.find(' '); blank != std::string_view::npos)
        std::from_chars(text.data() + blank + 1, text.data() + size, pages);
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
#endif
}

memory_keeper::memory_keeper(gate::shared_counters& counters)
    : counters_(counters), resident_at_start_(resident_bytes()), allocated_at_start_(allocated_bytes())
{
    counters_.memory.set_uncounted(resident_at_start_);
    const auto limit = counters_.memory.limit();
    if (limit < resident_at_start_ + min_room)
        observe::log_event(observe::level::warn, "little_memory",
                           {{"limit", limit}, {"start", resident_at_start_}});
}

std::size_t memory_keeper::uncounted() const noexcept
{
    const auto expected = counters_.memory.counted() + allocated_at_start_;
    const auto allocated = allocated_bytes();
    return resident_at_start_ + allocated - std::min(allocated, expected);
}

// Returns the bytes that are resident, but neither allocated nor needed since the start.
std::size_t memory_keeper::free_bytes() const noexcept
{
    const auto expected = counters_.memory.counted() + uncounted();
    const auto resident = resident_bytes();
    return resident - std::min(resident, expected);
}

// A trim walks the whole heap, so it must be worthwhile. Free memory that a trim leaves behind shares its
// pages with memory in use. Nothing signals the end of that use, so later trims try again, less and less
// often. Free memory serves the next requests. It is counted only when the whole process comes near its
// limit.
void memory_keeper::poll(steady_time now)
{
    auto& budget = counters_.memory;
    auto free = free_bytes();
    kept_ = std::min(kept_, free);
    const bool short_of_memory = budget.pressure() >= memory_pressure::high;
    const auto worth_it = short_of_memory ? mib : 3 * mib;
    if (free >= kept_ + worth_it || (free >= worth_it && now >= retry_at_)) {
        ::malloc_trim(0);
        kept_ = free_bytes();
        pause_ = free >= kept_ + mib ? shortest_pause : std::min(2 * pause_, longest_pause);
        retry_at_ = now + pause_;
        free = kept_;
    }
    const bool near = resident_bytes() >= budget.limit() / 10 * 9;
    budget.set_uncounted(uncounted() + (near ? free : 0));
    report(now);
}

void memory_keeper::report(steady_time now)
{
    const auto refusals = counters_.memory_refusals.load(std::memory_order_relaxed);
    const auto closed = counters_.memory_closed.load(std::memory_order_relaxed);
    if ((refusals == refusals_ && closed == closed_) || now - reported_ < std::chrono::seconds(1))
        return;
    observe::log_event(observe::level::warn, "memory_limit_reached",
                       {{"limit", counters_.memory.limit()},
                        {"held", counters_.memory.held()},
                        {"refused", refusals - refusals_},
                        {"closed", closed - closed_},
                        {"busiest", counters_.clients.busiest(gate::named_clients)}});
    refusals_ = refusals;
    closed_ = closed;
    reported_ = now;
}

} // namespace scopegate::control
