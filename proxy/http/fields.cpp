#include "http/fields.hpp"

#include "base/text.hpp"
#include "http/chars.hpp"
#include "http/runs.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace scopegate::http {
namespace {

// Room for the longest name. Every comparison covers all of these bytes, so none needs a function call.
constexpr std::size_t room = 32;
using padded_name = std::array<char, room>; // padded with NULs, which no name contains
using name_words = std::array<std::uint64_t, room / sizeof(std::uint64_t)>;

struct known_name {
    std::string_view name;
    field_id id;
    name_words words{};
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
        {"x-forwarded", x_forwarded},
        // All other fields in which proxies describe a client are treated like X-Forwarded-*. Addresses:
        {"cf-pseudo-ipv4", x_forwarded},
        {"client-ip", x_forwarded},
        {"do-connecting-ip", x_forwarded},
        {"fastly-client-ip", x_forwarded},
        {"fly-client-ip", x_forwarded},
        {"http-client-ip", x_forwarded},
        {"incap-client-ip", x_forwarded},
        {"proxy-client-ip", x_forwarded},
        {"remote-addr", x_forwarded},
        {"x-appengine-user-ip", x_forwarded},
        {"x-azure-clientip", x_forwarded},
        {"x-azure-socketip", x_forwarded},
        {"x-client-port", x_forwarded},
        {"x-cluster-client-ip", x_forwarded},
        {"x-envoy-external-address", x_forwarded},
        {"x-nf-client-connection-ip", x_forwarded},
        {"x-original-forwarded-for", x_forwarded},
        {"x-original-remote-addr", x_forwarded},
        {"x-originating-ip", x_forwarded},
        {"x-proxyuser-ip", x_forwarded},
        {"x-real-port", x_forwarded},
        {"x-remote-addr", x_forwarded},
        {"x-remote-ip", x_forwarded},
        {"x-source-ip", x_forwarded},
        {"x-sucuri-clientip", x_forwarded},
        {"x-true-client-ip", x_forwarded},
        {"x-vercel-forwarded-for", x_forwarded},
        // Certificates:
        {"x-arr-clientcert", client_certificate},
        {"x-client-dn", client_certificate},
        {"x-client-verify", client_certificate},
        {"x-ssl-cert", client_certificate},
        // Hosts, schemes and paths:
        {"cf-visitor", x_forwarded},
        {"cloudfront-forwarded-proto", x_forwarded},
        {"front-end-https", x_forwarded},
        {"x-arr-ssl", x_forwarded},
        {"x-envoy-original-dst-host", x_forwarded},
        {"x-envoy-original-path", x_forwarded},
        {"x-host", x_forwarded},
        {"x-http-host-override", x_forwarded},
        {"x-original-host", x_forwarded},
        {"x-original-proto", x_forwarded},
        {"x-original-scheme", x_forwarded},
        {"x-scheme", x_forwarded},
        {"x-url-scheme", x_forwarded},
        {"x-original-url", x_original_url},
        {"x-rewrite-url", x_rewrite_url},
        // All other names for the target are treated like X-Rewrite-URL.
        {"request-uri", x_rewrite_url},
        {"x-http-destinationurl", x_rewrite_url},
        {"x-original-method", x_rewrite_url},
        {"x-original-path", x_rewrite_url},
        {"x-original-uri", x_rewrite_url},
        {"x-override-url", x_rewrite_url},
        {"x-request-uri", x_rewrite_url},
        {"x-rewrite-path", x_rewrite_url},
        {"x-rewrite-uri", x_rewrite_url},
        {"x-waws-unencoded-url", x_rewrite_url},
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
    for (auto& known : names) {
        padded_name padded{};
        std::copy(known.name.begin(), known.name.end(), padded.begin());
        known.words = std::bit_cast<name_words>(padded);
    }
    return names;
}();

static_assert(std::all_of(known_names.begin(), known_names.end(),
                          [](const known_name& k) { return k.name.size() <= room; }));

// A hash table with one slot per known name. The key is a name's first sixteen bytes and its length. `factor`
// is chosen so that no two names share a slot.
constexpr std::uint8_t nobody = 0xFF;
using name_table = std::array<std::uint8_t, 2048>;
static_assert(known_names.size() < nobody);

constexpr std::size_t place_of(const name_words& words, std::size_t size, std::uint64_t factor) noexcept
{
    return static_cast<std::size_t>(((words[0] + std::rotl(words[1], 29) + size) * factor) >> 53U);
}

struct placed_names {
    std::uint64_t factor;
    name_table table;
};

constexpr auto placed = [] {
    constexpr std::uint64_t step = 0x9E3779B97F4A7C15U;
    placed_names out{};
    for (bool crowded = true; crowded;) {
        out.factor += step;
        out.table.fill(nobody);
        crowded = false;
        for (std::size_t i = 0; i < known_names.size() && !crowded; ++i) {
            const auto& known = known_names[i];
            auto& place = out.table[place_of(known.words, known.name.size(), out.factor)];
            crowded = place != nobody;
            place = static_cast<std::uint8_t>(i);
        }
    }
    return out;
}();

// Families of names: all names with the same prefix. The first that fits counts. The first eight bytes select
// the family, at the cost of one word comparison each.
struct name_family {
    std::string_view prefix;
    field_id id;
    std::uint64_t start = 0;
};

constexpr auto families = [] {
    std::array all = std::to_array<name_family>({
        {"x-forwarded-client-cert", field_id::client_certificate}, // before the family that includes it
        {"x-forwarded-tls-client-cert", field_id::client_certificate},
        {"x-forwarded-", field_id::x_forwarded},
        {"cf-connecting-", field_id::x_forwarded},
        {"wl-proxy-", field_id::x_forwarded},
        {"cf-client-cert", field_id::client_certificate},
        {"cloudfront-viewer-cert", field_id::client_certificate},
        {"ssl-client-", field_id::client_certificate},
        {"x-amzn-mtls-", field_id::client_certificate},
        {"x-client-cert", field_id::client_certificate},
        {"x-ssl-client-", field_id::client_certificate},
        {"x-tls-client-", field_id::client_certificate},
    });
    for (auto& family : all) {
        std::array<char, sizeof family.start> first{};
        std::copy_n(family.prefix.begin(), first.size(), first.begin());
        family.start = std::bit_cast<std::uint64_t>(first);
    }
    return all;
}();

static_assert(std::all_of(families.begin(), families.end(), [](const name_family& f) {
    return f.prefix.size() >= sizeof f.start && f.prefix.size() <= room;
}));

// Maps each byte to lower case, and `_` to `-`.
constexpr auto folded = [] {
    std::array<char, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c)
        table[c] = c == '_' ? '-' : ascii_lower(static_cast<char>(c));
    return table;
}();

#if defined(__SSE2__)
constexpr std::size_t lane = 16;

// Loaded from byte `lane - n` on, this is a mask of the first n bytes.
constexpr auto first_bytes = [] {
    std::array<char, 2 * lane> mask{};
    std::fill_n(mask.begin(), lane, '\xFF');
    return mask;
}();
#endif

constexpr char fold(char c) noexcept
{
    return folded[static_cast<unsigned char>(c)];
}

// Identifies a name of `size` bytes by `start`, its first bytes, folded.
field_id identify(std::size_t size, const padded_name& start) noexcept
{
    const auto words = std::bit_cast<name_words>(start);
    if (const auto at = placed.table[place_of(words, size, placed.factor)]; at != nobody) {
        const auto& known = known_names[at];
        std::uint64_t differ = known.name.size() ^ size;
        for (std::size_t i = 0; i < words.size(); ++i)
            differ |= words[i] ^ known.words[i];
        if (differ == 0)
            return known.id;
    }
    for (const auto& family : families) {
        const auto prefix = family.prefix;
        if (words[0] == family.start && size >= prefix.size() &&
            std::string_view(start.data(), prefix.size()) == prefix)
            return family.id;
    }
    return field_id::other;
}

field_name with_spelling(field_id id, std::string_view name) noexcept
{
    return {id, id != field_id::other && name.find('_') != std::string_view::npos};
}

#if defined(__SSE2__)
// Measures and folds a name that ends within 16 bytes, as nearly all do, without a loop over its bytes.
std::optional<measured_name> read_short_name(std::string_view line) noexcept
{
    if (line.size() < lane)
        return std::nullopt;
    const auto bytes = detail::load(line.data());
    const auto size = static_cast<std::size_t>(std::countr_one(detail::tchars(bytes)));
    if (size >= lane)
        return std::nullopt;
    alignas(lane) padded_name start{};
    const auto folded_bytes =
        _mm_and_si128(detail::folded_name(bytes), detail::load(first_bytes.data() + lane - size));
    _mm_store_si128(reinterpret_cast<__m128i*>(start.data()), folded_bytes);
    return measured_name{size, with_spelling(identify(size, start), line.substr(0, size))};
}
#endif

} // namespace

field_name classify(std::string_view name) noexcept
{
    padded_name start{};
    std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(std::min(name.size(), room)),
                   start.begin(), fold);
    return with_spelling(identify(name.size(), start), name);
}

measured_name read_name(std::string_view line) noexcept
{
#if defined(__SSE2__)
    if (const auto name = read_short_name(line))
        return *name;
#endif
    const auto name = line.substr(0, count_leading(char_class::tchar, line));
    return {name.size(), classify(name)};
}

bool same_field_name(std::string_view a, std::string_view b) noexcept
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return fold(x) == fold(y); });
}

std::optional<std::string_view> only_value(const field_list& fields, field_id id) noexcept
{
    std::optional<std::string_view> found;
    for (const auto& f : fields)
        if (f.id == id)
            found = found || f.underscore ? std::string_view{} : f.value;
    return found;
}

} // namespace scopegate::http
