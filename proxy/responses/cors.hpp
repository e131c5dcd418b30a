// Handles cross-origin requests of browser applications (`cors:`, the Fetch standard). Preflights get their
// response here, and the origins that the policy allows can read our problem responses and the upstream's
// responses. If the upstream sets Access-Control-Allow-Origin itself, its value stays. Pure. Without `cors:`
// none of this is active.
#pragma once

#include "http/head_parser.hpp"
#include "http/target.hpp"
#include "responses/response_book.hpp"

#include <variant>

namespace scopegate::responses {

// Returns whether the request is a preflight that gets its response here: OPTIONS with Origin and
// Access-Control-Request-Method. Any other OPTIONS is an ordinary request, and without `cors:` all are.
[[nodiscard]] bool is_preflight(const policy::policy& p, std::string_view method,
                                const http::field_list& fields) noexcept;

// Returns the response to a preflight. For an allowed origin it lists what may be sent if a route has the
// requested method. Otherwise it is the denial that the actual request would get, so that default deny is
// logged and reported as such. For any other origin it allows nothing, whatever the path, and so reveals
// nothing about the routes.
[[nodiscard]] std::variant<response, policy::denial>
respond_to_preflight(const policy::policy& p, const http::field_list& fields,
                     const result<http::request_target>& target);

// Lets the request's origin read the response, if the policy allows that origin.
void add_cors_fields(const policy::cors_settings& cors, const http::field_list& fields, response& a);

// Does the same for an upstream's response to a request with the headers `asked`: appends the lines (CRLF
// each) that its head lacks. Appends none if it has Access-Control-Allow-Origin, because browsers reject a
// second one. Allows no single origin if it has Access-Control-Allow-Credentials and the policy does not.
void append_cors_fields(const policy::cors_settings& cors, const http::field_list& asked,
                        const http::field_list& answered, std::string& lines);

} // namespace scopegate::responses
