#include "control/privileges.hpp"

#include "observe/log.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace scopegate::control {

void refuse_new_privileges() noexcept
{
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void protect_memory(bool core_dumps) noexcept
{
#ifdef SCOPEGATE_SANITIZED
    core_dumps = true;
#endif
    ::prctl(PR_SET_DUMPABLE, core_dumps ? 1 : 0, 0, 0, 0);
    rlimit core{};
    if (::getrlimit(RLIMIT_CORE, &core) != 0)
        return;
    core.rlim_cur = core_dumps ? core.rlim_max : 0;
    ::setrlimit(RLIMIT_CORE, &core);
}

privileges present_privileges() noexcept
{
    // Enough for port 443, and no more.
    constexpr std::uint64_t low_ports = std::uint64_t{1} << CAP_NET_BIND_SERVICE;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
    privileges has;
    has.root = ::geteuid() == 0;
    if (::syscall(SYS_capget, &header, sets) == 0)
        has.capabilities = (std::uint64_t{sets[1].permitted} << 32U | sets[0].permitted) & ~low_ports;
    return has;
}

void warn_about_privileges(const privileges& has)
{
    if (has.any())
        observe::log_event(observe::level::warn, "runs_as_root",
                           {{"root", has.root},
                            {"capabilities", has.capabilities != 0},
                            {"message", "run it as a separate user, without capabilities"}});
}

} // namespace scopegate::control
