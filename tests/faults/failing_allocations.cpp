// Memory that runs out when failing_calls decides so: the program's own operator new, and OpenSSL's
// allocation functions.
#include "faults/failing_calls.hpp"

#include <cstdlib>
#include <new>

#include <openssl/crypto.h>

namespace {

using scopegate::test::is_allocation_due;

[[maybe_unused]] void* take(std::size_t size)
{
    void* const p = is_allocation_due() ? nullptr : std::malloc(size == 0 ? 1 : size);
    if (p == nullptr)
        throw std::bad_alloc();
    return p;
}

[[maybe_unused]] void* take_aligned(std::size_t size, std::size_t alignment)
{
    const auto rounded = (size == 0 ? alignment : size + alignment - 1) / alignment * alignment;
    void* const p = is_allocation_due() ? nullptr : std::aligned_alloc(alignment, rounded);
    if (p == nullptr)
        throw std::bad_alloc();
    return p;
}

void* openssl_malloc(std::size_t size, const char*, int)
{
    return size == 0 || is_allocation_due() ? nullptr : std::malloc(size);
}
void* openssl_realloc(void* p, std::size_t size, const char*, int)
{
    return size != 0 && is_allocation_due() ? nullptr : std::realloc(p, size);
}
void openssl_free(void* p, const char*, int)
{
    std::free(p);
}

// Must run before OpenSSL allocates anything.
[[maybe_unused]] const int installed =
    CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);

} // namespace

#if !defined(__clang__) || !defined(SCOPEGATE_SANITIZED) // clang's sanitizers forbid replacing these

void* operator new(std::size_t size)
{
    return take(size);
}
void* operator new[](std::size_t size)
{
    return take(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    return is_allocation_due() ? nullptr : std::malloc(size == 0 ? 1 : size);
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
void operator delete[](void* p) noexcept
{
    std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept
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

void* operator new(std::size_t size, std::align_val_t alignment)
{
    return take_aligned(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment)
{
    return take_aligned(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* p, std::align_val_t) noexcept
{
    std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept
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
