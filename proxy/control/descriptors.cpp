#include "control/service.hpp"

#include <algorithm>
#include <limits>

#include <sys/resource.h>

namespace scopegate::control {

std::size_t raise_descriptor_limit() noexcept
{
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1024;
    const rlimit raised{files.rlim_max, files.rlim_max};
    if (files.rlim_cur < files.rlim_max && ::setrlimit(RLIMIT_NOFILE, &raised) == 0)
        files.rlim_cur = files.rlim_max;
    return static_cast<std::size_t>(
        std::min<rlim_t>(files.rlim_cur, std::numeric_limits<int>::max())); // descriptors are ints
}

std::size_t connections_within(std::size_t descriptors, unsigned workers) noexcept
{
    // Reserve descriptors for listeners, event queues, the resolver, key fetches and connections to the admin
    // listener. A quarter of the rest is for upstream connections: an idle client has none.
    const std::size_t others = 320 + 16UL * workers;
    return descriptors > 2 * others ? (descriptors - others) / 4 * 3
                                    : std::max<std::size_t>(descriptors / 4, 1);
}

} // namespace scopegate::control
