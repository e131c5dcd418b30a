// Memory that runs out when failing_calls says so: the program's own operator new, and what OpenSSL takes
// memory with.
#include "faults/failing_calls.hpp"

#include <cstdlib>
#include <new>

#include <openssl/crypto.h>

namespace {

using scopegate::test::is_allocation_due;

void* take(std::size_t size)
{
    void* const p = is_allocation_due() ? nullptr : std::malloc(size == 0 ? 1 : size);
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

// Before OpenSSL takes any.
[[maybe_unused]] const int installed =
    CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);

} // namespace

#if !defined(__clang__) || !defined(SCOPEGATE_SANITIZED) // clang's sanitizers let nobody replace these

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

#endif
