// Times as text, cheap enough for every request: both keep what they made for the second it is good for, per
// thread.
#pragma once

#include "base/clock.hpp"

#include <string>
#include <string_view>

namespace scopegate::observe {

// The wall clock. Only net/, observe/ and cli/ read a clock; everything below is given the time.
[[nodiscard]] wall_time wall_now() noexcept;

// IMF-fixdate (RFC 9110 section 5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`. The view is valid until the thread
// asks again.
[[nodiscard]] std::string_view http_date(wall_time t) noexcept;

// RFC 3339 in UTC with milliseconds, `1994-11-06T08:49:37.250Z`, appended. Years 1970 to 9999.
void append_rfc3339(std::string& out, wall_time t);

} // namespace scopegate::observe
