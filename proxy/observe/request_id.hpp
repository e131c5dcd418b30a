// Makes and checks the id that ties a request's log lines together. A trusted proxy's id is kept if it is
// well-formed. Any other request gets a new one.
#pragma once

#include <array>
#include <string_view>

namespace scopegate::observe {

// Returns whether an X-Request-Id may be forwarded and logged: 1 to 128 letters, digits and `-._~+/=@:`. No
// log, shell or header parser reads any of these as syntax.
[[nodiscard]] bool is_request_id(std::string_view s) noexcept;

using request_id_buffer = std::array<char, 32>;

// Writes a new id to `out`, 128 bits as lower-case hex, and returns a view of it. Unique, not secret. Makes a
// system call only on a thread's first use, and never allocates.
[[nodiscard]] std::string_view new_request_id(request_id_buffer& out) noexcept;

} // namespace scopegate::observe
