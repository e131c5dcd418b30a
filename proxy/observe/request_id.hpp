// The id that ties a request's lines together: a trusted proxy's where it is well-formed, otherwise a new
// one.
#pragma once

#include <array>
#include <string_view>

namespace scopegate::observe {

// Whether an X-Request-Id may be passed on and logged: 1 to 128 of letters, digits and `-._~+/=@:`.
// Nothing that a log, a shell or a header could read as syntax.
[[nodiscard]] bool is_request_id(std::string_view s) noexcept;

using request_id_buffer = std::array<char, 32>;

// A new id, 128 bits as lower-case hex, written to `out`; the view is of it. Unique, not secret. No system
// call but a thread's first; allocates nothing.
[[nodiscard]] std::string_view new_request_id(request_id_buffer& out) noexcept;

} // namespace scopegate::observe
