#include "http/fields.hpp"

#include "base/text.hpp"
#include "http/chars.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace scopegate::http {
namespace {

// Room for the longest name, so that names are compared without a call: as many bytes always.
constexpr std::size_t room = 32;
using padded_name = std::array<char, room>; // NULs behind its end, which no name has

struct known_name {
    std::string_view name;
    field_id id;
    padded_name padded{};
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
    for (auto& known : names)
        std::copy(known.name.begin(), known.name.end(), known.padded.begin());
    return names;
}();

constexpr std::size_t longest = known_names.back().name.size();
static_assert(longest <= room);

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

// The same of a name's bytes; NUL of all others.
constexpr auto folded_tchar = [] {
    std::array<char, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c)
        table[c] = is(char_class::tchar, static_cast<char>(c)) ? folded[c] : '\0';
    return table;
}();

constexpr char fold(char c) noexcept
{
    return folded[static_cast<unsigned char>(c)];
}

// `start`: the name's first bytes, folded.
field_name identify(std::string_view name, const padded_name& start) noexcept
{
    auto id = field_id::other;
    if (name.size() <= longest) {
        const auto end = known_names.begin() + first_of_length[name.size() + 1];
        const auto found = std::find_if(known_names.begin() + first_of_length[name.size()], end,
                                        [&start](const known_name& k) { return k.padded == start; });
        if (found != end)
            id = found->id;
    }
    if (id == field_id::other && name.size() >= forwarded_prefix.size() &&
        std::string_view(start.data(), forwarded_prefix.size()) == forwarded_prefix)
        id = field_id::x_forwarded;
    return {id, id != field_id::other && name.find('_') != std::string_view::npos};
}

} // namespace

field_name classify(std::string_view name) noexcept
{
    padded_name start{};
    std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(std::min(name.size(), room)),
                   start.begin(), fold);
    return identify(name, start);
}

measured_name read_name(std::string_view line) noexcept
{
    padded_name start{};
    std::size_t size = 0;
    for (const auto most = std::min(line.size(), room); size < most; ++size) {
        const char c = folded_tchar[static_cast<unsigned char>(line[size])];
        if (c == '\0')
            break;
        start[size] = c;
    }
    if (size == room)
        size += count_leading(char_class::tchar, line.substr(room));
    return {size, identify(line.substr(0, size), start)};
}

bool same_field_name(std::string_view a, std::string_view b) noexcept
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return fold(x) == fold(y); });
}

} // namespace scopegate::http
