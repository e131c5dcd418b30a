// Defines the message types of the administration listener, and builds its responses.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <string>
#include <string_view>

namespace scopegate::admin {

namespace http = boost::beast::http;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

// Builds a response that must not be stored (Cache-Control). Omits the body for HEAD.
[[nodiscard]] response page(const request& asked, http::status status, std::string body,
                            std::string_view type = "application/json");

// Builds a problem response (RFC 9457); `detail` says what the client should do.
[[nodiscard]] response problem(const request& asked, http::status status, std::string_view detail);

} // namespace scopegate::admin
