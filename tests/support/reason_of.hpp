// Makes the outcome of a result comparable, for tests.
#pragma once

#include "base/errc.hpp"

namespace scopegate::test {

// Returns the reason of a failure, or `allowed` for a success.
template <class T>
[[nodiscard]] reason reason_of(const result<T>& outcome)
{
    return outcome ? reason::allowed : outcome.error().why;
}

// Returns the cause of a failure, or `none` for a success.
template <class T>
[[nodiscard]] cause cause_of(const result<T>& outcome)
{
    return outcome ? cause::none : outcome.error().detail;
}

// Returns the pointer, or null for a failure.
template <class Pointer>
[[nodiscard]] Pointer value_or_null(const result<Pointer>& outcome)
{
    return outcome ? *outcome : Pointer();
}

} // namespace scopegate::test
