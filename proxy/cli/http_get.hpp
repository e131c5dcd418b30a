// Sends one request to a Scopegate listener, over TCP or a unix socket, within a time limit. Blocking. For
// `scopegate health` and `scopegate drain`.
#pragma once

#include "policy/settings.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace scopegate::cli {

struct http_url {
    policy::endpoint address;
    std::string path; // with its query
};

// Parses `http://host[:port][/path]`. Throws usage_error for anything else.
[[nodiscard]] http_url parse_http_url(std::string_view url);

// Returns how to reach a listener from the same machine: loopback for one that listens on all addresses.
[[nodiscard]] policy::endpoint from_here(policy::endpoint listener);

// Returns the status of the response. Throws input_error if no HTTP response arrives within the limit.
[[nodiscard]] unsigned http_get_status(const http_url& url, std::chrono::milliseconds limit);
// Sends a POST without a body. `fields` are complete header lines, each with CRLF.
[[nodiscard]] unsigned http_post_status(const http_url& url, std::string_view fields,
                                        std::chrono::milliseconds limit);

} // namespace scopegate::cli
