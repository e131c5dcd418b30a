// The field names that Scopegate acts on, recognised once while the head is parsed. A name is classified in
// any letter case and with `_` read as `-`, as CGI and WSGI read it: `X_Auth_Subject` reaches many an
// application as `X-Auth-Subject`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace scopegate::http {

enum class field_id : std::uint8_t {
    other,
    // framing and connection (hop-by-hop, RFC 9110 section 7.6.1)
    host,
    content_length,
    transfer_encoding,
    connection,
    keep_alive,
    proxy_connection,
    te,
    trailer,
    upgrade,
    expect,
    http2_settings,
    // credentials
    authorization,
    proxy_authorization,
    proxy_authenticate,
    cookie,
    dpop,
    dpop_nonce,
    // who is calling, and how: believed from trusted proxies only
    forwarded,
    x_forwarded_for,
    x_forwarded_proto,
    x_forwarded_host,
    x_forwarded, // any other X-Forwarded-*, and all else that proxies say of a client, such as
                 // CF-Connecting-IP
    x_real_ip,
    x_client_ip,
    true_client_ip,
    client_cert,
    client_cert_chain,
    // spoofable: never forwarded
    x_original_url,
    x_rewrite_url, // and all other names for the target but X-Original-URL
    proxy,
    // method overrides
    x_http_method_override,
    x_http_method,
    x_method_override,
    // ours to add or keep
    via,
    x_request_id,
    // others that Scopegate looks at
    origin,
    access_control_request_method,
    access_control_request_headers,
    sec_websocket_protocol,
    content_type,
    date,
    server,
};

struct field_name {
    field_id id = field_id::other;
    bool underscore = false; // a known name, spelled with `_`: never honoured as the field it imitates
};

// Classifies a field name, in any letter case and with `_` read as `-`. Total; allocates nothing.
[[nodiscard]] field_name classify(std::string_view name) noexcept;

// What stands at the start of a field line: how many bytes are of a name (RFC 9110 section 5.1: tchar; maybe
// none), and which name they are: what classify() says, with one look at each byte.
struct measured_name {
    std::size_t size = 0;
    field_name known;
};
[[nodiscard]] measured_name read_name(std::string_view line) noexcept;

// Whether two field names are the same to a careless reader: in any letter case and with `_` read as `-`.
[[nodiscard]] bool same_field_name(std::string_view a, std::string_view b) noexcept;

// A set of field_ids: who is dropped, and why, is said with sets of names, not with chains of conditions.
class field_set final {
public:
    constexpr field_set() noexcept = default;
    constexpr field_set(std::initializer_list<field_id> ids) noexcept
    {
        for (const auto id : ids)
            add(id);
    }
    constexpr void add(field_id id) noexcept { bits_ |= bit(id); }
    [[nodiscard]] constexpr bool contains(field_id id) const noexcept { return (bits_ & bit(id)) != 0; }
    [[nodiscard]] friend constexpr field_set operator|(field_set a, field_set b) noexcept
    {
        a.bits_ |= b.bits_;
        return a;
    }
    [[nodiscard]] friend constexpr field_set operator-(field_set a, field_set b) noexcept
    {
        a.bits_ &= ~b.bits_;
        return a;
    }

private:
    [[nodiscard]] static constexpr std::uint64_t bit(field_id id) noexcept
    {
        return std::uint64_t{1} << static_cast<unsigned>(id);
    }
    std::uint64_t bits_ = 0;
};
static_assert(static_cast<unsigned>(field_id::server) < 64, "a field_set has 64 bits");

} // namespace scopegate::http
