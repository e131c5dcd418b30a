// Texts for results in the tests of http/: the value in words, or `!` and the reason.
#pragma once

#include "base/errc.hpp"

#include <string>

namespace scopegate::test {

template <class T, class Say>
[[nodiscard]] std::string outcome(const result<T>& r, Say&& say)
{
    return r.has_error() ? "!" + std::string(name(r.error())) : std::string(say(*r));
}
[[nodiscard]] inline std::string outcome(const result<void>& r)
{
    return r.has_error() ? "!" + std::string(name(r.error())) : "ok";
}

} // namespace scopegate::test
