// Reads how long the sender of a response keeps the connection while it idles, from Keep-Alive: a hint that
// many servers give (RFC 2068 section 19.7.1; HTTP/1.1 defines the name only), and that no proxy forwards.
#pragma once

#include "http/head_parser.hpp"

#include <chrono>
#include <optional>

namespace scopegate::http {

// Returns the shortest `timeout=N` of the Keep-Alive fields; nothing where none is a number.
[[nodiscard]] std::optional<std::chrono::seconds> keep_alive_timeout(const field_list& fields);

} // namespace scopegate::http
