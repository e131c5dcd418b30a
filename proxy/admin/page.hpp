// What the pages of the administration listener share: Beast's messages, and how an answer is made.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <string>
#include <string_view>

namespace scopegate::admin {

namespace http = boost::beast::http;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

// Never stored by anyone; without its body where HEAD asked.
[[nodiscard]] response page(const request& asked, http::status status, std::string body,
                            std::string_view type = "application/json");

// A refusal as problem+json (RFC 9457); `detail` says what to do better.
[[nodiscard]] response problem(const request& asked, http::status status, std::string_view detail);

} // namespace scopegate::admin
