#include "gate/binding.hpp"

#include "gate/authorities.hpp"
#include "jose/base64url.hpp"
#include "jose/dpop.hpp"
#include "tokens/client_certificate.hpp"

namespace scopegate::gate {

namespace {

using http::field_id;
using policy::dpop_settings;

bool is_caller_of(const std::string& thumbprint, const policy::policy& p, const access_request& request)
{
    if (speaks_for_clients(p, request.caller))
        return tokens::forwarded_certificate(*request.fields) == thumbprint;
    return !request.caller.certificate.empty() &&
           jose::base64url_encode(request.caller.certificate) == thumbprint;
}

// A nonce of this process, where the proof needs one. One of another Scopegate is refused even where none is
// needed: the process that we take over, or that takes us over, may have given it, and accepts the same
// proof.
reason check_nonce(const policy::policy& p, const jose::dpop_proof& proof, const tokens::proof_memory& proofs,
                   wall_time now)
{
    const auto& nonce = proof.nonce();
    const bool marked = nonce && tokens::proof_nonces::is_marked(*nonce);
    if (marked && proofs.nonces.accepts(*nonce, now))
        return reason::allowed;
    const bool needed = p.tokens.dpop.nonce || proofs.window.needs_nonce(proof.issued(), now);
    return marked || needed ? reason::proof_nonce : reason::allowed;
}

proven check_proof(const policy::policy& p, const access_request& request, std::string_view path,
                   const presented_token& presented, tokens::proof_memory* proofs, wall_time now,
                   authorize_scratch& scratch)
{
    const auto text = only_value(*request.fields, field_id::dpop);
    const auto proof =
        text ? jose::dpop_proof::parse(*text) : result<jose::dpop_proof>(reason::invalid_proof);
    if (!proof || !proof->is_for(request.method, presented.taken.text, presented.token.bound_to.key, now) ||
        !names_request(proof->uri(), p, request, path, scratch.folded) || !proof->is_signed())
        return {reason::invalid_proof};
    if (proofs == nullptr)
        return {reason::proof_memory_full};
    if (const auto why = check_nonce(p, *proof, *proofs, now); why != reason::allowed)
        return {why, true};
    const bool has_ours = proof->nonce() && tokens::proof_nonces::is_marked(*proof->nonce());
    return {proofs->used.use(proof->thumbprint(), proof->id(), now), has_ours};
}

} // namespace

proven check_binding(const policy::policy& p, const access_request& request, std::string_view path,
                     const presented_token& presented, tokens::proof_memory* proofs, wall_time now,
                     authorize_scratch& scratch)
{
    const auto& bound_to = presented.token.bound_to;
    const bool dpop = presented.taken.dpop;
    if (dpop == bound_to.key.empty() || (!dpop && p.tokens.dpop.how == dpop_settings::mode::require))
        return {reason::unbound_token};
    if (!bound_to.certificate.empty() && !is_caller_of(bound_to.certificate, p, request))
        return {reason::unbound_token};
    return dpop ? check_proof(p, request, path, presented, proofs, now, scratch) : proven{};
}

} // namespace scopegate::gate
