// Formats times cheaply enough for every request: each thread caches the text of the current second.
#pragma once

#include "base/clock.hpp"

#include <string>
#include <string_view>

namespace scopegate::observe {

// Returns the wall-clock time. Only net/, observe/ and cli/ read a clock; everything below them receives the
// time.
[[nodiscard]] wall_time wall_now() noexcept;

// Returns an IMF-fixdate (RFC 9110 section 5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`. The view is valid until
// the thread's next call.
[[nodiscard]] std::string_view http_date(wall_time t) noexcept;

// Appends the time in RFC 3339 format, UTC with milliseconds: `1994-11-06T08:49:37.250Z`. Years 1970 to 9999.
void append_rfc3339(std::string& out, wall_time t);

} // namespace scopegate::observe
