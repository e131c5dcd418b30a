// Gives up what the process does not need, so that exploiting a fault in it gains less. The process can't
// gain privileges by exec, and its memory, which holds secrets and tokens, is hidden from debuggers and core
// files.
#pragma once

#include <cstdint>
#include <string>

namespace scopegate::control {

// Keeps programs that this process starts from gaining privileges (set-uid files, file capabilities). Call it
// before the first thread starts.
void refuse_new_privileges() noexcept;

// Hides the memory from core files and from debuggers of the same user, unless `core_dumps`. Under a
// sanitizer it stays readable, because LeakSanitizer reads it like a debugger.
void protect_memory(bool core_dumps) noexcept;

// The privileges that the process still has.
struct privileges {
    bool root = false;              // whether its effective user is 0
    std::uint64_t capabilities = 0; // the permitted ones as a bit set, without CAP_NET_BIND_SERVICE
    [[nodiscard]] bool any() const noexcept { return root || capabilities != 0; }
};
[[nodiscard]] privileges present_privileges() noexcept;

// Logs `runs_as_root` if the process has more privileges than an ordinary user.
void warn_about_privileges(const privileges& has);

} // namespace scopegate::control
