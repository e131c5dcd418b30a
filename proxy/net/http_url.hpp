// Parses an absolute http or https URL into what a client needs to connect and to ask. For the URLs of
// issuers, which come from the policy or from discovery. Request targets are parsed by http/target.hpp
// instead.
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
    std::string authority; // host[:port] as written, for the Host header
    std::string target;    // path and query, begins with `/`

    // Returns whether the host is `localhost`, an address in 127.0.0.0/8, or ::1. Plain http is allowed only
    // there. The name alone proves nothing: a client must also check the address that it connects to.
    [[nodiscard]] bool is_loopback() const noexcept;
    // Returns whether the URL may be fetched: https, or plain http on a loopback host.
    [[nodiscard]] bool is_protected() const noexcept { return tls || is_loopback(); }
};

// Returns nothing if the text is not an absolute http(s) URL, or contains user information, a fragment,
// control characters, spaces or non-ASCII characters.
[[nodiscard]] std::optional<http_url> parse_http_url(std::string_view text);

} // namespace scopegate::net
