// An absolute http or https URL, taken apart for a client: where to connect and what to ask for. Not for
// request targets (those are http/target.hpp's): this is for the URLs of issuers, which come from the file or
// from discovery.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::net {

struct http_url {
    bool tls = true;
    std::string host; // without brackets
    std::uint16_t port = 443;
    std::string authority; // host[:port] as written, for the Host field
    std::string target;    // path and query, begins with `/`

    // Whether the host is `localhost`, an address in 127.0.0.0/8 or ::1: only there is plain http let pass.
    // The name alone proves nothing: a client must look at the address that it connects to as well.
    [[nodiscard]] bool is_loopback() const noexcept;
    // Whether it may be fetched: https, or plain http on a loopback host.
    [[nodiscard]] bool is_protected() const noexcept { return tls || is_loopback(); }
};

// Nothing for what is no absolute http(s) URL, or has user information, a fragment, controls, spaces or
// non-ASCII in it.
[[nodiscard]] std::optional<http_url> parse_http_url(std::string_view text);

} // namespace scopegate::net
