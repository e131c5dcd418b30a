// The memory of one request: its head, and the bytes of both bodies while they pass. A session borrows it
// from the worker for each request, so that an idle connection holds none.
#pragma once

#include "http/head_parser.hpp"
#include "net/buffer.hpp"
#include "net/gather.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace scopegate::wire {

struct request_memory {
    explicit request_memory(net::buffer_pool& pool) noexcept : buffers(pool) {}

    // Puts `bytes` after the first `filled` bytes of the request's buffer. If that has to grow, views into it
    // become invalid. `bytes` may lie in another buffer of ours, or in this one after `filled`.
    void append_request(std::size_t filled, std::string_view bytes);

    net::buffer_pool& buffers;
    net::buffer request_bytes; // the request's head, and bytes received with it
    net::buffer upload_bytes;  // a slice of the rest of its body
    std::string_view received; // unprocessed input, in request_bytes or upload_bytes
    http::request_head request;
    net::gather to_downstream;
    std::string response_lines; // lines that we write into the response
    std::string status_line;    // written if the upstream's own can't be forwarded
};

} // namespace scopegate::wire
