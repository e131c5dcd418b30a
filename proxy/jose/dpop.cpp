#include "jose/dpop.hpp"

#include "jose/claims.hpp"
#include "jose/sha256.hpp"

namespace scopegate::jose {

namespace {

// Returns the string value of a claim, or null if the claim is absent or not a string.
const std::string* text_claim(const json::value& claims, std::string_view name)
{
    const auto* claim = claims.find(name);
    return claim != nullptr ? claim->if_string() : nullptr;
}

// RFC 9449 section 4.3, check 7: a client that reveals its private key has lost it. jwk::parse refuses most
// of these keys, but thumbprint() ignores the private members.
bool has_private_members(const json::value& key)
{
    for (const auto* name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
        if (key.find(name) != nullptr)
            return true;
    return false;
}

// Every client chooses its own key, and we pay for each verification. RSA with 16384 bits costs ten times as
// much as with 4096, and a long exponent costs as much as a signature. An issuer's keys are trusted and may
// be larger.
bool is_costly_rsa(const json::value& key)
{
    constexpr std::size_t modulus_characters = (max_proof_rsa_bits + 5) / 6; // as base64url
    constexpr std::string_view usual_exponent = "AQAB";                      // 65537
    const auto* type = text_claim(key, "kty");
    if (type == nullptr || *type != "RSA")
        return false;
    const auto* modulus = text_claim(key, "n");
    const auto* exponent = text_claim(key, "e");
    return modulus == nullptr || exponent == nullptr || modulus->size() > modulus_characters ||
           *exponent != usual_exponent;
}

} // namespace

result<dpop_proof> dpop_proof::parse(std::string_view text)
{
    const auto refused = [](cause why) { return failure{reason::invalid_proof, why}; };
    if (text.size() > max_proof_bytes)
        return refused(cause::proof_too_large);
    auto jws = split(text);
    if (!jws)
        return refused(jws.error() == reason::malformed_token ? cause::proof_malformed : jws.error().detail);
    if (jws->header.typ != "dpop+jwt")
        return refused(cause::proof_typ);
    if (is_symmetric(jws->header.alg))
        return refused(cause::proof_alg);
    const auto* key = jws->header.members.find("jwk");
    auto key_thumbprint = key != nullptr ? jose::thumbprint(*key) : std::nullopt;
    if (!key_thumbprint || has_private_members(*key) || is_costly_rsa(*key))
        return refused(cause::proof_key);

    const auto claims = parse_claims(jws->payload);
    if (!claims)
        return refused(cause::proof_malformed);
    const auto* id = text_claim(*claims, "jti");
    const auto* method = text_claim(*claims, "htm");
    const auto* uri = text_claim(*claims, "htu");
    const auto* token_hash = text_claim(*claims, "ath");
    const auto* iat = claims->find("iat");
    const auto issued = iat != nullptr ? numeric_date(*iat) : std::nullopt;
    const auto* nonce = text_claim(*claims, "nonce");
    if (id == nullptr || id->empty() || id->size() > max_proof_id_bytes)
        return refused(cause::proof_jti);
    if (method == nullptr)
        return refused(cause::proof_htm);
    if (uri == nullptr)
        return refused(cause::proof_htu);
    if (token_hash == nullptr)
        return refused(cause::proof_ath);
    if (!issued)
        return refused(cause::proof_iat);
    if (nonce == nullptr && claims->find("nonce") != nullptr)
        return refused(cause::proof_nonce_not_string);

    dpop_proof made;
    made.thumbprint_ = std::move(*key_thumbprint);
    made.id_ = *id;
    made.method_ = *method;
    made.uri_ = *uri;
    made.token_hash_ = *token_hash;
    made.issued_ = *issued;
    if (nonce != nullptr)
        made.nonce_ = *nonce;
    made.jws_ = std::move(*jws);
    return made;
}

result<void> dpop_proof::check(const proven_request& asked, wall_time now) const
{
    if (method_ != asked.method)
        return failure(reason::invalid_proof, cause::proof_htm);
    if (thumbprint_ != asked.thumbprint)
        return failure(reason::invalid_proof, cause::proof_of_another_key);
    if (issued_ + max_proof_age < now)
        return failure(reason::invalid_proof, cause::proof_too_old);
    if (issued_ > now + max_proof_lead)
        return failure(reason::invalid_proof, cause::proof_in_future);
    if (token_hash_ != sha256_base64url(asked.token))
        return failure(reason::invalid_proof, cause::proof_ath);
    return {};
}

bool dpop_proof::is_signed() const
{
    const auto key = jwk::parse(*jws_.header.members.find("jwk"));
    return key && verify(jws_.signing_input, jws_.signature, jws_.header.alg, *key);
}

} // namespace scopegate::jose
