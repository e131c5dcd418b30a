// Reads from Keep-Alive how long the sender of a response keeps an idle connection open. Many servers send
// this hint (RFC 2068 section 19.7.1; HTTP/1.1 only reserves the name). Proxies do not forward it.
#pragma once

#include "http/head_parser.hpp"

#include <chrono>
#include <optional>

namespace scopegate::http {

// Returns the shortest `timeout=N` of the Keep-Alive fields, or nothing if no such value is a number.
[[nodiscard]] std::optional<std::chrono::seconds> keep_alive_timeout(const field_list& fields);

} // namespace scopegate::http
