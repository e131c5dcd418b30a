// Describes a request to forward: the results of the decision, and the route's settings.
#pragma once

#include "http/target.hpp"
#include "policy/settings.hpp"
#include "tokens/token_source.hpp"
#include "tokens/validator.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace scopegate::gate {

// Views live in the workspace and the exchange.
struct forwarded_request {
    const policy::route_settings& settings;
    const http::request_target& target;   // normalized; where observe mode lets it pass, as it came
    const tokens::validated_token* token; // null: no identity lines
    std::string_view request_id;
    std::optional<tokens::taken_token> taken; // the token as the client sent it, where one was looked at
    std::string_view nonce_lines;             // of the response: DPoP-Nonce, CRLF and all; empty: none
    std::string_view judged_path;             // normalized; empty: it has no such form
};

// How forwarding a request ended.
struct forward_result {
    failure why = reason::allowed; // or what went wrong
    bool responded = false; // a response's head was sent to the client: nothing else can be said any more
    unsigned status = 0;    // of the response
    std::optional<std::chrono::microseconds> upstream; // to the head of its response
    std::uint64_t bytes_in = 0;                        // of the request's body, as far as it was passed on
    std::uint64_t bytes_out = 0;                       // of the response's body, as far as it was passed on
};

} // namespace scopegate::gate
