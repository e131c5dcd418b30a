// The field names that Scopegate acts on, recognized once while the head is parsed. Letter case is ignored
// and `_` is read as `-`, as CGI and WSGI do: many applications see `X_Auth_Subject` as `X-Auth-Subject`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

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
    // statements about the client: honored from trusted proxies only
    forwarded,
    x_forwarded_for,
    x_forwarded_proto,
    x_forwarded_host,
    // Any other X-Forwarded-*, and all other fields in which proxies describe a client, such as
    // CF-Connecting-IP.
    x_forwarded,
    x_real_ip,
    x_client_ip,
    true_client_ip,
    client_cert,
    client_cert_chain,
    client_certificate, // any other field in which proxies describe a client's certificate
    // spoofable: never forwarded
    x_original_url,
    x_rewrite_url, // and all other names for the target except X-Original-URL
    proxy,
    // method overrides
    x_http_method_override,
    x_http_method,
    x_method_override,
    // added or kept by Scopegate
    via,
    x_request_id,
    // others that Scopegate reads
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
    bool underscore = false; // a known name, spelled with `_`: never honored as the field that it imitates
};

// Classifies a field name. Ignores letter case and reads `_` as `-`. Accepts any bytes; allocates nothing.
[[nodiscard]] field_name classify(std::string_view name) noexcept;

// The name at the start of a field line, found in one pass. `size` counts its bytes (tchar, RFC 9110 section
// 5.1) and may be 0. `known` is what classify() returns for it.
struct measured_name {
    std::size_t size = 0;
    field_name known;
};
[[nodiscard]] measured_name read_name(std::string_view line) noexcept;

// Returns whether a careless reader takes two field names for the same one: one that ignores letter case and
// reads `_` as `-`.
[[nodiscard]] bool same_field_name(std::string_view a, std::string_view b) noexcept;

// A set of field_ids. The rules for dropping fields are written as sets of names instead of chains of
// conditions.
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

struct field {
    std::string_view name;  // as sent
    std::string_view value; // trimmed; may contain obs-text, but no controls except HTAB
    std::string_view line;  // the whole line with its CRLF; forwarded as it is
    field_id id = field_id::other;
    bool underscore = false;
};

// The fields of one head, in order. Heads reuse the storage, so that parsing allocates nothing once warm.
using field_list = std::vector<field>;

// Returns the first field of that name, spelled without `_`, or null.
[[nodiscard]] inline const field* find(const field_list& fields, field_id id) noexcept
{
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [id](const field& f) { return f.id == id && !f.underscore; });
    return found == fields.end() ? nullptr : &*found;
}

// Returns the value of the only field of that name, or nothing without one. Several of them, in any spelling,
// are empty: it would be a guess which of them counts.
[[nodiscard]] std::optional<std::string_view> only_value(const field_list& fields, field_id id) noexcept;

} // namespace scopegate::http
