#include "control/service.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include <sched.h>

namespace scopegate::control {

namespace {

// Reads the CPU quota. cgroup v2 has one file, "max 100000" or "150000 100000"; v1 has a file for each
// number.
double cgroup_quota()
{
    std::string quota;
    double period = 0;
    if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> quota >> period && quota != "max" && period > 0)
        return std::stod(quota) / period;
    double v1_quota = 0;
    std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    std::ifstream period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    if (quota_file >> v1_quota && period_file >> period && v1_quota > 0 && period > 0)
        return v1_quota / period;
    return 0;
}

} // namespace

unsigned granted_cores()
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    unsigned cores = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0
                         ? static_cast<unsigned>(CPU_COUNT(&allowed))
                         : 1U;
    if (const double quota = cgroup_quota(); quota > 0)
        cores = std::min(cores, static_cast<unsigned>(std::ceil(quota)));
    return std::max(cores, 1U);
}

} // namespace scopegate::control
