// How errors are reported: one convention for all folders.
// - A function that can fail with a reason (parsing a head, validating a token) returns `result<T>`: a value
// or
//   a `failure`. A check without a value returns `result<void>`. Nothing else stands for "no failure",
//   neither reason::allowed nor an empty optional.
// - A record of something that has ended (a log line, a denial) has a `failure` as data. There, and only
//   there, reason::allowed says that nothing failed.
// - An optional or a null pointer means that something is absent, which is no failure.
// - Errors of routes.yaml are diagnostics, of which one load may have many (config/diagnostics.hpp).
// - Other failures (start-up, lack of memory, a broken invariant) throw. A session's outermost catch logs,
//   counts and closes.
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
