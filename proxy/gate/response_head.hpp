// Reads single fields of a response head, and writes its status line for the client.
#pragma once

#include "http/fields.hpp"
#include "net/gather.hpp"

#include <string_view>

namespace scopegate::gate {

using http::find;

// Adds the status line of `head`, a whole response head, as ours: `200 OK` stays as the upstream sent it. A
// space must follow the code, also without a phrase (RFC 9112 section 4). The pieces are views into `head`.
inline void add_status_line(net::gather& out, std::string_view head)
{
    constexpr std::string_view version = "HTTP/1.1 ", end = "\r\n";
    constexpr std::size_t code = 3;
    const auto text = head.substr(version.size(), head.find(end) + end.size() - version.size());
    out.add(version);
    out.add(text.substr(0, code));
    if (text[code] != ' ')
        out.add(" ");
    out.add(text.substr(code));
}

} // namespace scopegate::gate
