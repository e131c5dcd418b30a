#include "http/fields.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace scopegate::http {
namespace {

struct known_name {
    std::string_view name;
    field_id id;
};

constexpr auto known_names = [] {
    using enum field_id;
    std::array names = std::to_array<known_name>({
        {"host", host},
        {"content-length", content_length},
        {"transfer-encoding", transfer_encoding},
        {"connection", connection},
        {"keep-alive", keep_alive},
        {"proxy-connection", proxy_connection},
        {"te", te},
        {"trailer", trailer},
        {"upgrade", upgrade},
        {"expect", expect},
        {"http2-settings", http2_settings},
        {"authorization", authorization},
        {"proxy-authorization", proxy_authorization},
        {"proxy-authenticate", proxy_authenticate},
        {"cookie", cookie},
        {"dpop", dpop},
        {"dpop-nonce", dpop_nonce},
        {"forwarded", forwarded},
        {"x-forwarded-for", x_forwarded_for},
        {"x-forwarded-proto", x_forwarded_proto},
        {"x-forwarded-host", x_forwarded_host},
        {"x-real-ip", x_real_ip},
        {"x-client-ip", x_client_ip},
        {"true-client-ip", true_client_ip},
        {"client-cert", client_cert},
        {"client-cert-chain", client_cert_chain},
        {"x-original-url", x_original_url},
        {"x-rewrite-url", x_rewrite_url},
        {"proxy", proxy},
        {"x-http-method-override", x_http_method_override},
        {"x-http-method", x_http_method},
        {"x-method-override", x_method_override},
        {"via", via},
        {"x-request-id", x_request_id},
        {"origin", origin},
        {"access-control-request-method", access_control_request_method},
        {"access-control-request-headers", access_control_request_headers},
        {"sec-websocket-protocol", sec_websocket_protocol},
        {"content-type", content_type},
        {"date", date},
        {"server", server},
    });
    std::sort(names.begin(), names.end(),
              [](const known_name& a, const known_name& b) { return a.name.size() < b.name.size(); });
    return names;
}();

constexpr std::size_t longest = known_names.back().name.size();

// first_of_length[n]: where in known_names those of n bytes begin; they end where those of n + 1 begin.
constexpr auto first_of_length = [] {
    std::array<std::uint8_t, longest + 2> first{};
    for (std::size_t n = 0; n < first.size(); ++n)
        first[n] = static_cast<std::uint8_t>(std::count_if(
            known_names.begin(), known_names.end(), [n](const known_name& k) { return k.name.size() < n; }));
    return first;
}();

constexpr std::string_view forwarded_prefix = "x-forwarded-";

// In lower case and with `-` for `_`.
constexpr auto folded = [] {
    std::array<char, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c)
        table[c] = c == '_' ? '-' : ascii_lower(static_cast<char>(c));
    return table;
}();

constexpr char fold(char c) noexcept
{
    return folded[static_cast<unsigned char>(c)];
}

} // namespace

field_name classify(std::string_view name) noexcept
{
    std::array<char, longest> room;
    const std::string_view start(room.data(), std::min(name.size(), room.size()));
    std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(start.size()), room.begin(),
                   fold);
    auto id = start.starts_with(forwarded_prefix) ? field_id::x_forwarded : field_id::other;
    if (name.size() == start.size()) {
        const auto end = known_names.begin() + first_of_length[name.size() + 1];
        const auto found = std::find_if(known_names.begin() + first_of_length[name.size()], end,
                                        [start](const known_name& k) { return k.name == start; });
        if (found != end)
            id = found->id;
    }
    return {id, id != field_id::other && name.find('_') != std::string_view::npos};
}

bool same_field_name(std::string_view a, std::string_view b) noexcept
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return fold(x) == fold(y); });
}

} // namespace scopegate::http
