#include "control/startup_memory.hpp"

#include <cstddef>
#include <cstdint>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace scopegate::control {

namespace {

// Non-writable segments equal their file's contents: relocated data lies in writable ones.
int release_segments(dl_phdr_info* object, std::size_t, void*) noexcept
{
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0)
            continue;
        const auto begin = (object->dlpi_addr + segment.p_vaddr + page - 1) / page * page;
        const auto end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz) / page * page;
        if (begin < end) // the kernel refuses this for its own pages (vdso), which is harmless
            ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

} // namespace

void use_single_arena() noexcept
{
    constexpr int mib = 1024 * 1024;
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_TOP_PAD, mib);
    ::mallopt(M_TRIM_THRESHOLD, 2 * mib);
    ::mallopt(M_MMAP_THRESHOLD, mib / 8);
}

void release_startup_memory() noexcept
{
    ::malloc_trim(0);
    ::dl_iterate_phdr(release_segments, nullptr);
}

} // namespace scopegate::control
