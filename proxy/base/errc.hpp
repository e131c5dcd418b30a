// How errors are reported. A function whose failure is normal (parsing a head, a target, a token) returns
// `result<T>`: a value or a `failure`. Other failures (start-up, a broken invariant) throw; a session's
// outermost catch logs, counts and closes.
#pragma once

#include "base/cause.hpp"

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>

namespace scopegate {

template <class T>
using result = boost::system::result<T, failure>;

// Called by result<T>::value() on a failure: reading a value that is not there is a programming error.
[[noreturn]] inline void throw_exception_from_error(const failure& f, const boost::source_location&)
{
    throw std::logic_error("no value: " + std::string(name(f.why)));
}

} // namespace scopegate
