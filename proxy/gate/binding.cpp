#include "gate/binding.hpp"

#include "base/text.hpp"
#include "gate/client_address.hpp"
#include "http/target_uri.hpp"
#include "jose/base64url.hpp"
#include "jose/dpop.hpp"
#include "tokens/client_certificate.hpp"

namespace scopegate::gate {

namespace {

using http::field_id;
using policy::dpop_settings;

bool speaks_for_callers(const policy::policy& p, const access_caller& caller) noexcept
{
    return caller.peer != nullptr && is_trusted_proxy(p, *caller.peer);
}

// The value of the one field of that name; nothing where there is none, empty where there are several in any
// spelling: which of them counts would be a guess.
std::optional<std::string_view> only_value(const http::field_list& fields, field_id id) noexcept
{
    std::optional<std::string_view> found;
    for (const auto& f : fields)
        if (f.id == id)
            found = found || f.underscore ? std::string_view{} : f.value;
    return found;
}

bool is_caller_of(const std::string& thumbprint, const policy::policy& p, const access_request& request)
{
    if (speaks_for_callers(p, request.caller))
        return tokens::forwarded_certificate(*request.fields) == thumbprint;
    return !request.caller.certificate.empty() &&
           jose::base64url_encode(request.caller.certificate) == thumbprint;
}

// How the caller saw the request. What a trusted proxy says in two ways leaves no authority, which nothing
// fits.
http::target_uri seen_by_caller(const policy::policy& p, const access_request& request, std::string_view path)
{
    if (const auto& from_outside = p.server.external_url)
        return {from_outside->tls, from_outside->authority, from_outside->prefix, path};
    http::target_uri seen{request.caller.tls, request.host, {}, path};
    if (!speaks_for_callers(p, request.caller))
        return seen;
    if (const auto host = only_value(*request.fields, field_id::x_forwarded_host))
        seen.authority = *host;
    if (const auto scheme = only_value(*request.fields, field_id::x_forwarded_proto)) {
        seen.tls = iequals(*scheme, "https");
        if (!seen.tls && !iequals(*scheme, "http"))
            seen.authority = {};
    }
    return seen;
}

reason check_proof(const policy::policy& p, const access_request& request, std::string_view path,
                   const presented_token& presented, tokens::proof_memory* proofs, wall_time now,
                   authorize_scratch& scratch)
{
    const auto text = only_value(*request.fields, field_id::dpop);
    const auto proof =
        text ? jose::dpop_proof::parse(*text) : result<jose::dpop_proof>(reason::invalid_proof);
    if (!proof || !proof->is_for(request.method, presented.taken.text, presented.token.bound_to.key, now) ||
        !http::names_target(proof->uri(), seen_by_caller(p, request, path), p.paths, scratch.folded) ||
        !proof->is_signed())
        return reason::invalid_proof;
    if (proofs == nullptr)
        return reason::proof_memory_full;
    if (p.tokens.dpop.nonce && !(proof->nonce() && proofs->nonces.accepts(*proof->nonce(), now)))
        return reason::proof_nonce;
    return proofs->used.use(proof->thumbprint(), proof->id(), now);
}

} // namespace

reason check_binding(const policy::policy& p, const access_request& request, std::string_view path,
                     const presented_token& presented, tokens::proof_memory* proofs, wall_time now,
                     authorize_scratch& scratch)
{
    const auto& bound_to = presented.token.bound_to;
    const bool dpop = presented.taken.dpop;
    if (dpop == bound_to.key.empty() || (!dpop && p.tokens.dpop.how == dpop_settings::mode::require))
        return reason::unbound_token;
    if (!bound_to.certificate.empty() && !is_caller_of(bound_to.certificate, p, request))
        return reason::unbound_token;
    return dpop ? check_proof(p, request, path, presented, proofs, now, scratch) : reason::allowed;
}

} // namespace scopegate::gate
