// The two kinds of time. Time is always passed as an argument: the pure rooms
// (base, http, jose, policy, config, responses, access) read no clock.
#pragma once

#include <chrono>

namespace scopegate {

// Wall time, for claims (`exp`, `nbf`). In milliseconds, because a NumericDate may have a fraction (RFC 7519
// section 2).
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;
// Monotonic time, for deadlines.
using steady_time = std::chrono::steady_clock::time_point;

} // namespace scopegate
