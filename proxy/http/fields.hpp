// The field names that Scopegate acts on, recognised once while the head is parsed. A name is classified in any letter
// case and with `_` read as `-`, as CGI and WSGI read it: `X_Auth_Subject` reaches many an application as `X-Auth-Subject`.
#pragma once

#include <cstdint>
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
    // who is calling, and how: believed from trusted proxies only
    forwarded,
    x_forwarded_for,
    x_forwarded_proto,
    x_forwarded_host,
    x_forwarded, // any other X-Forwarded-*
    x_real_ip,
    x_client_ip,
    true_client_ip,
    client_cert,
    client_cert_chain,
    // spoofable: never forwarded
    x_original_url,
    x_rewrite_url,
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
    bool underscore = false; // spelled with `_`: never honoured as the field it imitates
};

// Classifies a field name, in any letter case and with `_` read as `-`. Total; allocates nothing.
[[nodiscard]] field_name classify(std::string_view name) noexcept;

} // namespace scopegate::http
