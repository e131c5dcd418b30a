// Counts heap allocations, for the allocation budgets: a program that links this has a counting operator new.
#pragma once

#include <cstddef>

namespace scopegate::test {

// Counts the heap allocations of this thread since the scope began. Scopes may nest.
class allocation_scope final {
public:
    allocation_scope() noexcept;
    allocation_scope(const allocation_scope&) = delete;
    allocation_scope& operator=(const allocation_scope&) = delete;

    [[nodiscard]] std::size_t count() const noexcept;
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    std::size_t count_at_start_;
    std::size_t bytes_at_start_;
};

} // namespace scopegate::test
