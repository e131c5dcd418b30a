// The head that the API sees: the request line, the fields that pass, and the lines that Scopegate adds (spec
// step 7).
#pragma once

#include "gate/exchange.hpp"
#include "gate/forwarding.hpp"

namespace scopegate::gate {

// Writes the head into space.to_upstream, our lines into space.lines. Fails with method_override or
// malformed_request (see http::forward_filter). `chunked`: the body is sent in chunks.
[[nodiscard]] result<void> compose_request_head(const exchange_context& c, const forwarded_request& request);

} // namespace scopegate::gate
