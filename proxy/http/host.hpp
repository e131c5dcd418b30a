// The authority of a request: the Host field and an absolute-form target say it in the same form.
#pragma once

#include <string_view>

namespace scopegate::http {

// Whether s is a uri-host with an optional port (RFC 9110 section 7.2): a name or IPv4 address of RFC 3986's
// reg-name characters, or an IPv6 address in brackets; `:` and digits up to 65535, or `:` alone. Without
// userinfo; not empty.
[[nodiscard]] bool is_host(std::string_view s) noexcept;

// Whether the authority of an absolute-form target is the one that Host names (RFC 9112 section 3.2.2): the
// same in any letter case. A default port that one spells and the other leaves out makes them differ: to a
// virtual host it may.
[[nodiscard]] bool same_authority(std::string_view authority, std::string_view host) noexcept;

// Returns whether two authorities are the same origin under a scheme (RFC 9110 section 4.3): the host in any
// letter case, and the same port, where a missing one is the scheme's default. Both must be authorities, see
// is_host.
[[nodiscard]] bool same_origin(std::string_view a, std::string_view b, bool tls) noexcept;

} // namespace scopegate::http
