#include "support/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local constinit std::size_t allocated_count = 0;
thread_local constinit std::size_t allocated_bytes = 0;

[[maybe_unused]] void* counted(void* p, std::size_t size)
{
    if (p == nullptr)
        throw std::bad_alloc();
    ++allocated_count;
    allocated_bytes += size;
    return p;
}

[[maybe_unused]] std::size_t rounded_up(std::size_t size, std::size_t alignment)
{
    return (size + alignment - 1) / alignment * alignment;
}

} // namespace

// clang's sanitizers define these functions themselves and do not allow a replacement: nothing is counted
// there.
#if !defined(__clang__) || !defined(SCOPEGATE_SANITIZED)

// Under a sanitizer, all forms must be replaced: also arrays, and the nothrow forms, from which
// std::stable_sort takes its buffer.
void* operator new(std::size_t size)
{
    return counted(std::malloc(size == 0 ? 1 : size), size);
}
void* operator new(std::size_t size, std::align_val_t alignment)
{
    const auto to = static_cast<std::size_t>(alignment);
    return counted(std::aligned_alloc(to, rounded_up(size == 0 ? 1 : size, to)), size);
}
void* operator new[](std::size_t size)
{
    return ::operator new(size);
}
void* operator new[](std::size_t size, std::align_val_t alignment)
{
    return ::operator new(size, alignment);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    void* const p = std::malloc(size == 0 ? 1 : size);
    return p == nullptr ? nullptr : counted(p, size);
}
void* operator new[](std::size_t size, const std::nothrow_t& nothrow) noexcept
{
    return ::operator new(size, nothrow);
}
void operator delete(void* p) noexcept
{
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept
{
    std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept
{
    std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept
{
    std::free(p);
}
void operator delete(void* p, const std::nothrow_t&) noexcept
{
    std::free(p);
}
void operator delete[](void* p, const std::nothrow_t&) noexcept
{
    std::free(p);
}
void operator delete[](void* p) noexcept
{
    std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept
{
    std::free(p);
}
void operator delete[](void* p, std::align_val_t) noexcept
{
    std::free(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept
{
    std::free(p);
}

#endif

namespace scopegate::test {

allocation_scope::allocation_scope() noexcept
    : count_at_start_(allocated_count), bytes_at_start_(allocated_bytes)
{
}

std::size_t allocation_scope::count() const noexcept
{
    return allocated_count - count_at_start_;
}
std::size_t allocation_scope::bytes() const noexcept
{
    return allocated_bytes - bytes_at_start_;
}

} // namespace scopegate::test
