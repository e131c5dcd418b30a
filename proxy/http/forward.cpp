#include "http/forward.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace scopegate::http {
namespace {

using enum field_id;

// RFC 9110 section 7.6.1 and the additions of older lists. Trailer is here because each hop decides about
// trailers by itself.
constexpr field_set hop_by_hop{connection,     keep_alive,          proxy_connection,  te, trailer, upgrade,
                               http2_settings, proxy_authorization, proxy_authenticate};
// The calling code writes the framing itself, from the parsed values.
constexpr field_set framing_fields{content_length, transfer_encoding, expect};
// Fields that make frameworks use another path, proxy or method than the decision was based on.
constexpr field_set method_overrides{x_http_method_override, x_http_method, x_method_override};
constexpr field_set spoofable = field_set{x_original_url, x_rewrite_url, proxy} | method_overrides;
// Statements about the client. They are a proxy's claims and honored from trusted_proxies only.
constexpr field_set certificates{client_cert, client_cert_chain, client_certificate};
constexpr field_set vouched_for = field_set{forwarded,   x_forwarded_for, x_forwarded_proto, x_forwarded_host,
                                            x_forwarded, x_real_ip,       x_client_ip,       true_client_ip} |
                                  certificates;
// Fields that a recipient must know before the body (RFC 9110 section 6.5.1), as far as we know their names.
constexpr field_set never_trailers =
    hop_by_hop | framing_fields | spoofable | vouched_for |
    field_set{host, authorization, cookie, dpop, content_type, via, x_request_id, origin, date, server};

bool is_identity(std::string_view name, std::span<const std::string> identity) noexcept
{
    return std::any_of(identity.begin(), identity.end(),
                       [name](const std::string& ours) { return same_field_name(ours, name); });
}

bool is_plain_option(std::string_view option) noexcept
{
    return iequals(option, "close") || iequals(option, "keep-alive") || iequals(option, "upgrade");
}

} // namespace

bool connection_names::read(std::string_view value)
{
    bool fits = true;
    for_each_element(value, [&](std::string_view option) {
        if (is_plain_option(option) || !fits)
            return;
        fits = count_ < max;
        if (fits)
            names_[count_++] = option;
    });
    return fits;
}

bool connection_names::contains(std::string_view field_name) const noexcept
{
    const auto end = names_.begin() + static_cast<std::ptrdiff_t>(count_);
    return std::any_of(names_.begin(), end, [&](std::string_view name) { return iequals(name, field_name); });
}

result<forward_filter> forward_filter::of_request(const request_head& head, const request_rules& rules)
{
    forward_filter filter;
    filter.identity_ = rules.identity;
    filter.drop_imitations_ = true;
    filter.drop_ = hop_by_hop | framing_fields | spoofable;
    if (!rules.peer_trusted)
        filter.drop_ = filter.drop_ | vouched_for;
    if (rules.websocket)
        filter.drop_ = filter.drop_ - field_set{upgrade};
    filter.drop_ = filter.drop_ | rules.also_drop;
    if (!rules.certificate.empty()) {
        filter.drop_ = filter.drop_ | certificates;
        filter.certificate_ = rules.certificate;
        filter.certificate_passes_ = rules.peer_trusted;
    }
    for (const auto& f : head.fields)
        if (f.id == connection && !filter.named_.read(f.value))
            return failure(reason::malformed_request, cause::too_many_connection_names);
    for (const auto& f : head.fields) {
        const bool named = filter.named_.contains(f.name);
        if (named && rules.peer_trusted && (vouched_for.contains(f.id) || filter.is_certificate(f)))
            return failure(reason::malformed_request, cause::connection_names_client);
        // The request's own method adds nothing new. An empty value says nothing.
        if (!named && method_overrides.contains(f.id) && !f.value.empty() && !iequals(f.value, head.method))
            return failure(reason::method_override, cause::override_header);
    }
    return filter;
}

result<forward_filter> forward_filter::of_response(const field_list& fields, const response_rules& rules)
{
    forward_filter filter;
    filter.drop_ = hop_by_hop | framing_fields;
    if (rules.websocket)
        filter.drop_ = filter.drop_ - field_set{upgrade};
    if (rules.trailers)
        filter.drop_ = filter.drop_ - field_set{trailer};
    filter.drop_ = filter.drop_ | rules.also_drop;
    for (const auto& f : fields)
        if (f.id == connection && !filter.named_.read(f.value))
            return failure(reason::upstream_bad_answer, cause::too_many_connection_names);
    return filter;
}

bool forward_filter::is_certificate(const field& f) const noexcept
{
    return !certificate_.empty() && same_field_name(f.name, certificate_);
}

bool forward_filter::keeps(const field& f) const noexcept
{
    if (is_certificate(f))
        return certificate_passes_ && iequals(f.name, certificate_) && !named_.contains(f.name) &&
               !is_identity(f.name, identity_);
    if (drop_.contains(f.id) || (drop_imitations_ && f.underscore) || named_.contains(f.name))
        return false;
    // The tunnel's Upgrade must be listed in Connection. connection_names ignores that option, so it does not
    // drop the field here.
    return !is_identity(f.name, identity_);
}

bool keeps_trailer(const field& f, std::span<const std::string> identity) noexcept
{
    return !f.underscore && !never_trailers.contains(f.id) && !is_identity(f.name, identity);
}

} // namespace scopegate::http
