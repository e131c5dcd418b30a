// Lines that HTTP/1.1 adds to a response, and the limits of trailers.
#pragma once

#include "http/fields.hpp"
#include "http/framing.hpp"
#include "http/head_parser.hpp"
#include "net/buffer.hpp"
#include "net/gather.hpp"

#include <string>
#include <string_view>

namespace scopegate::http1 {

// Returns how strictly chunks are read. Trailers obey the limit for heads, and are not kept.
[[nodiscard]] inline http::chunk_rules trailer_rules(const http::head_limits& limits,
                                                     bool of_response) noexcept
{
    http::chunk_rules rules;
    rules.response = of_response;
    rules.trailer_bytes = limits.bytes != 0 ? limits.bytes : net::buffer_pool::slice_bytes;
    rules.keep_trailers = false;
    return rules;
}

// Adds the status line of `head` as the upstream sent it. If that can't be forwarded, writes one into
// `memory`.
inline void add_status_line(net::gather& out, const http::response_head& head, std::string& memory)
{
    if (!head.line.empty())
        return static_cast<void>(out.add(head.line));
    memory.assign("HTTP/1.1 ").append(std::to_string(head.status)).append(" ");
    memory.append(head.phrase).append("\r\n");
    out.add(memory);
}

// Adds Content-Length. The received line is reused if its value is `digits`. A list of equal lengths becomes
// one length, in `memory`.
inline void add_length_line(net::gather& out, const http::field_list& fields, std::string_view digits,
                            std::string& memory)
{
    const auto* const sent = http::find(fields, http::field_id::content_length);
    if (sent != nullptr && sent->value == digits)
        return static_cast<void>(out.add(sent->line));
    memory.clear();
    memory.append("Content-Length: ").append(digits).append("\r\n");
    out.add(memory);
}

} // namespace scopegate::http1
