#include "access/binding.hpp"

#include "access/authorities.hpp"
#include "jose/base64url.hpp"
#include "jose/dpop.hpp"
#include "tokens/client_certificate.hpp"

#include <algorithm>

namespace scopegate::access {

namespace {

using http::field_id;
using policy::dpop_settings;

// Returns why the client is not the owner of the certificate with this thumbprint, or `none` if it is.
cause owner_fault(const std::string& thumbprint, const policy::policy& p, const question& request)
{
    std::string shown; // empty: no certificate
    if (speaks_for_clients(p, request.client)) {
        const auto header = tokens::forwarded_certificate(*request.fields, p.server.client_cert);
        if (header.how == tokens::certificate_header::state::unreadable)
            return cause::certificate_header_unreadable;
        shown = header.thumbprint;
    } else if (!request.client.certificate.empty()) {
        shown = jose::base64url_encode(request.client.certificate);
    }
    if (shown.empty())
        return cause::certificate_missing;
    return shown == thumbprint ? cause::none : cause::certificate_differs;
}

std::size_t count(const http::field_list& fields, field_id id) noexcept
{
    return static_cast<std::size_t>(
        std::count_if(fields.begin(), fields.end(), [id](const http::field& f) { return f.id == id; }));
}

// Fails with proof_nonce unless the proof has a nonce of this process, or needs none. A nonce of another
// Scopegate is always refused: the process that we take over, or that takes us over, may have given it, and
// accepts the same proof.
result<void> check_nonce(const policy::policy& p, const jose::dpop_proof& proof,
                         const tokens::proof_memory& proofs, wall_time now)
{
    const auto& nonce = proof.nonce();
    const bool marked = nonce && tokens::proof_nonces::is_marked(*nonce);
    if (marked && proofs.nonces.accepts(*nonce, now))
        return {};
    const bool needed = p.tokens.dpop.nonce || proofs.window.needs_nonce(proof.issued(), now);
    return marked || needed ? reason::proof_nonce : result<void>();
}

proven check_proof(const policy::policy& p, const question& request, std::string_view path,
                   const presented_token& presented, tokens::proof_memory* proofs, wall_time now,
                   std::string& scratch)
{
    const auto refused = [](cause why) { return proven{failure(reason::invalid_proof, why)}; };
    const auto* const field = http::find(*request.fields, field_id::dpop);
    if (field == nullptr)
        return refused(cause::proof_missing);
    if (count(*request.fields, field_id::dpop) > 1)
        return refused(cause::several_proofs);
    const auto proof = jose::dpop_proof::parse(field->value);
    if (!proof)
        return {proof.error()};
    const jose::proven_request asked{request.method, presented.taken.text, presented.token.bound_to.key};
    if (const auto ok = proof->check(asked, now); !ok)
        return {ok};
    if (!names_request(proof->uri(), p, request, path, scratch))
        return refused(cause::proof_htu);
    if (!proof->is_signed())
        return refused(cause::proof_bad_signature);
    if (proofs == nullptr)
        return {reason::proof_memory_full};
    if (const auto ok = check_nonce(p, *proof, *proofs, now); !ok)
        return {ok, true};
    const bool has_ours = proof->nonce() && tokens::proof_nonces::is_marked(*proof->nonce());
    return {proofs->used.use(proof->thumbprint(), proof->id(), now), has_ours};
}

} // namespace

proven check_binding(const policy::policy& p, const question& request, std::string_view path,
                     const presented_token& presented, tokens::proof_memory* proofs, wall_time now,
                     std::string& scratch)
{
    const auto& bound_to = presented.token.bound_to;
    const bool dpop = presented.taken.dpop;
    const auto refused = [](cause why) { return proven{failure(reason::unbound_token, why)}; };
    if (dpop && bound_to.key.empty())
        return refused(cause::proof_for_unbound_token);
    if (!dpop && !bound_to.key.empty())
        return refused(cause::proof_missing);
    if (!dpop && p.tokens.dpop.how == dpop_settings::mode::require)
        return refused(cause::proof_required);
    if (!bound_to.certificate.empty())
        if (const auto fault = owner_fault(bound_to.certificate, p, request); fault != cause::none)
            return refused(fault);
    return dpop ? check_proof(p, request, path, presented, proofs, now, scratch) : proven{};
}

} // namespace scopegate::access
