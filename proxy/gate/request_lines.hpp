// Builds the head of a forwarded request: the fields that pass, and the field lines that Scopegate adds.
#pragma once

#include "base/errc.hpp"
#include "gate/exchange_context.hpp"
#include "gate/forwarded_request.hpp"
#include "http/head_parser.hpp"
#include "wire/upstream.hpp"

namespace scopegate::gate {

// Prepares the head of a request on a connection to the upstream. Stores our lines in space.request_lines.
// Fails with method_override or malformed_request (see http::forward_filter).
[[nodiscard]] result<void> prepare_request(const exchange_context& c, const forwarded_request& request,
                                           wire::upstream_side& to, const http::head_limits& limits);

} // namespace scopegate::gate
