// The bound on the process's memory (`server.limits.memory`): where it comes from, what of it the caches get,
// and what is done on the control thread so that memory which is free goes back to the system.
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

// The least maximum of the process's cgroup and of those around it, version 2 or 1; nothing where none is
// set. `own`: the process's cgroups, as /proc/self/cgroup lists them. `root`: where cgroups are mounted.
[[nodiscard]] std::optional<std::size_t>
cgroup_memory_maximum(const std::filesystem::path& own = "/proc/self/cgroup",
                      const std::filesystem::path& root = "/sys/fs/cgroup");

// Returns how much the process may hold, or memory_budget::unlimited.
[[nodiscard]] std::size_t bytes_of(const policy::memory_limit& limit);

// Returns how much the token caches of all workers may hold together: a quarter of the limit, 64 MiB at most.
[[nodiscard]] std::size_t token_cache_bytes(std::size_t limit) noexcept;

// Returns how many used DPoP proofs may be remembered: at worst they take an eighth of the limit.
[[nodiscard]] tokens::used_proofs::bounds proof_bounds(std::size_t limit) noexcept;

// How much memory of this process is resident, in bytes; 0 where nothing can tell, or a sanitizer spoils it.
[[nodiscard]] std::size_t resident_bytes() noexcept;

// Looks after the budget from the control thread.
class memory_keeper final {
public:
    // Takes the resident size of this moment for the needs of serving beside buffers and caches. Logs where
    // the limit leaves little room.
    explicit memory_keeper(gate::shared_counters& counters);

    // Measures what is held, gives free memory back to the system where much is free, and logs once a second
    // at most that the limit makes itself felt. Call it several times a second.
    void look(steady_time now);

private:
    [[nodiscard]] std::size_t uncounted() const noexcept;
    [[nodiscard]] std::size_t free_bytes() const noexcept;
    void report(steady_time now);

    gate::shared_counters& counters_;
    std::size_t resident_at_start_;
    std::size_t allocated_at_start_;
    std::size_t kept_ = 0; // bytes that the last trim could not give back
    steady_time::duration pause_ = std::chrono::seconds(1);
    steady_time retry_at_{};                // when those may be free
    std::size_t refusals_ = 0, closed_ = 0; // as last reported
    steady_time reported_{};
};

} // namespace scopegate::control
