// Absolute URLs: splits any, and parses those of http and https strictly. Request targets follow another
// grammar; http/target.hpp parses them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate {

// The parts of an absolute URL (RFC 3986 section 3), unchecked. Views.
struct url_parts {
    std::string_view scheme;    // without `://`
    std::string_view authority; // host and port, perhaps with user information
    std::string_view path;      // empty, or begins with `/`
    std::string_view query;     // empty, or begins with `?`
    std::string_view fragment;  // empty, or begins with `#`
};

// Returns nothing if the text has no `://`, or has one of `/?#` before it.
[[nodiscard]] std::optional<url_parts> split_url(std::string_view text) noexcept;

// An http or https URL.
struct web_url {
    bool tls = false;
    std::string host; // without brackets
    std::uint16_t port = 0;
    std::string authority; // host[:port] as written, for the Host header
    std::string path;      // as written: empty, or begins with `/`
    std::string query;     // empty, or begins with `?`
    bool has_fragment = false;
    bool has_user = false; // user information before the host
    // The host is `localhost`, an address in 127.0.0.0/8, or ::1. The name alone proves nothing: a client
    // must also check the address that it connects to.
    bool loopback = false;

    [[nodiscard]] bool has_path() const noexcept { return path.size() > 1; } // more than `/`
    // Returns whether the URL protects what is sent to it: https, or plain http on a loopback host.
    [[nodiscard]] bool is_protected() const noexcept { return tls || loopback; }
    // Returns whether the URL has neither user information nor a fragment. Requests never send them.
    [[nodiscard]] bool is_plain() const noexcept { return !has_user && !has_fragment; }
    // Returns path and query as a request sends them, beginning with `/`.
    [[nodiscard]] std::string target() const;
};

// Returns nothing if the text is not an absolute http or https URL, has a character that RFC 3986 forbids, an
// invalid host, or port 0.
[[nodiscard]] std::optional<web_url> parse_web_url(std::string_view text);

// Returns whether the text is an IPv6 address, without brackets. Zones are refused: `fe80::1%25eth0` names an
// interface of the client, not one of ours.
[[nodiscard]] bool is_ipv6_address(std::string_view text) noexcept;

} // namespace scopegate
