// Bounds the process's memory (`server.limits.memory`): determines the limit, divides it among the caches,
// and returns free memory to the system on the control thread.
#pragma once

#include "base/clock.hpp"
#include "base/memory_budget.hpp"
#include "gate/worker.hpp"
#include "policy/settings.hpp"
#include "tokens/used_proofs.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>

namespace scopegate::control {

// Returns the smallest memory limit of the process's cgroup and its ancestors, version 2 or 1, or nothing if
// none is set. `own` lists the process's cgroups like /proc/self/cgroup, and `root` is where cgroups are
// mounted.
[[nodiscard]] std::optional<std::size_t>
cgroup_memory_maximum(const std::filesystem::path& own = "/proc/self/cgroup",
                      const std::filesystem::path& root = "/sys/fs/cgroup");

// Returns how much memory the process may hold, or memory_budget::unlimited.
[[nodiscard]] std::size_t bytes_of(const policy::memory_limit& limit);

// Returns how much memory the token caches of all workers may hold together: a quarter of the limit, at most
// 64 MiB.
[[nodiscard]] std::size_t token_cache_bytes(std::size_t limit) noexcept;

// Returns how many used DPoP proofs may be remembered. At worst they take an eighth of the limit.
[[nodiscard]] tokens::used_proofs::bounds proof_bounds(std::size_t limit) noexcept;

// Returns the process's resident memory in bytes, or 0 if it can't be read or a sanitizer distorts it.
[[nodiscard]] std::size_t resident_bytes() noexcept;

// Maintains the budget from the control thread.
class memory_keeper final {
public:
    // Takes the present resident size as what serving needs besides buffers and caches. Logs a warning if the
    // limit leaves little room.
    explicit memory_keeper(gate::shared_counters& counters);

    // Measures the memory held, and returns free memory to the system if there is much. Logs at most once a
    // second that the limit had effects. Call it several times a second.
    void poll(steady_time now);

private:
    [[nodiscard]] std::size_t uncounted() const noexcept;
    [[nodiscard]] std::size_t free_bytes() const noexcept;
    void report(steady_time now);

    gate::shared_counters& counters_;
    std::size_t resident_at_start_;
    std::size_t allocated_at_start_;
    std::size_t kept_ = 0; // bytes that the last trim could not return
    steady_time::duration pause_ = std::chrono::seconds(1);
    steady_time retry_at_{};                // the next attempt to return them
    std::size_t refusals_ = 0, closed_ = 0; // as last reported
    steady_time reported_{};
};

} // namespace scopegate::control
