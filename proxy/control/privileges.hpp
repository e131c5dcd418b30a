// The process gives up what it does not need, so that a fault in it yields less: new privileges by exec, and
// its memory, which holds secrets and tokens, to debuggers and core files.
#pragma once

#include <cstdint>
#include <string>

namespace scopegate::control {

// No program that this process starts gains privileges (set-uid files, file capabilities). Before the first
// thread starts.
void refuse_new_privileges() noexcept;

// Keeps the memory from core files and from debuggers of the same user, or lets them have it. Under a
// sanitizer it stays readable, because LeakSanitizer reads it as a debugger does.
void protect_memory(bool core_dumps) noexcept;

// The privileges that the process still has.
struct privileges {
    bool root = false;              // its effective user is 0
    std::uint64_t capabilities = 0; // the permitted ones as a bit set, without CAP_NET_BIND_SERVICE
    [[nodiscard]] bool any() const noexcept { return root || capabilities != 0; }
};
[[nodiscard]] privileges present_privileges() noexcept;

// Logs `runs_as_root` where the process has more than an ordinary user.
void warn_of_privileges(const privileges& has);

} // namespace scopegate::control
