// One request to a listener of our own, over TCP or a unix socket, within a time limit. Blocking; for
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

// `http://host[:port][/path]`; anything else throws usage_error.
[[nodiscard]] http_url parse_http_url(std::string_view url);

// Returns how to reach a listener from the same machine: one that listens everywhere is asked on loopback.
[[nodiscard]] policy::endpoint from_here(policy::endpoint listener);

// The answer's status. Throws input_error where there is no answer within the limit, or none that is HTTP.
[[nodiscard]] unsigned http_get_status(const http_url& url, std::chrono::milliseconds limit);
// The same for a POST without a body. `fields` are whole field lines, CRLF each.
[[nodiscard]] unsigned http_post_status(const http_url& url, std::string_view fields,
                                        std::chrono::milliseconds limit);

} // namespace scopegate::cli
