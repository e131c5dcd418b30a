// The authority of a request. The Host field and an absolute-form target contain it in the same form.
#pragma once

#include <string_view>

namespace scopegate::http {

// Returns whether `s` is a uri-host with an optional port (RFC 9110 section 7.2). The host is a name or IPv4
// address of RFC 3986's reg-name characters, or an IPv6 address in brackets. The port is `:` and digits up to
// 65535, or `:` alone. Userinfo and an empty `s` are refused.
[[nodiscard]] bool is_host(std::string_view s) noexcept;

// Returns whether the authority of an absolute-form target equals the Host (RFC 9112 section 3.2.2), ignoring
// letter case. `example.com` and `example.com:80` are different, because a virtual host may treat them
// differently.
[[nodiscard]] bool same_authority(std::string_view authority, std::string_view host) noexcept;

// Returns whether two authorities are the same origin under a scheme (RFC 9110 section 4.3): the same host,
// ignoring letter case, and the same port. A missing port is the scheme's default. Both must satisfy is_host.
[[nodiscard]] bool same_origin(std::string_view a, std::string_view b, bool tls) noexcept;

} // namespace scopegate::http
