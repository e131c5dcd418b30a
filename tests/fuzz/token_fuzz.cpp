// Tokens: a token that is split is strict and has one spelling. A signed token verifies exactly as it was
// signed. No token is ever valid under a published key, whatever its header says.
#include "fuzz/fuzz.hpp"

#include "jose/base64url.hpp"
#include "jose/claims.hpp"
#include "jose/jws.hpp"
#include "jose/sign.hpp"

namespace jose = scopegate::jose;
namespace json = scopegate::json;
using scopegate::reason;
using scopegate::fuzz::check;

namespace {

const scopegate::secret octets{std::string(64, 's')};
const auto own_keys = jose::jwk_set::from_secret(octets);
const scopegate::wall_time now{std::chrono::seconds(1'700'000'000)};

// RFC 7515 A.2 and A.3, RFC 8037 A.2: the public halves only.
const jose::jwk_set& published_keys()
{
    static const auto keys = [] {
        std::vector<std::string> warnings;
        auto set = jose::jwk_set::parse(
            R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
            {"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrc)"
            R"(S2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5)"
            R"(rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoud)"
            R"(F8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]})",
            warnings);
        check(set.has_value() && set->size() == 3 && warnings.empty());
        return std::move(*set);
    }();
    return keys;
}

void check_claims(const json::value& claims)
{
    const std::vector<std::string> audience = {"https://api.example"};
    const std::vector<std::pair<json::path, std::vector<json::value>>> required;
    const json::path aud("aud");
    const jose::claim_rules rules{"https://issuer.example/", aud, audience, required};
    const auto ok = jose::check_claims(claims, rules, now);
    if (ok) {
        check(claims.find("iss")->if_string() != nullptr && *claims.find("iss")->if_string() == rules.issuer);
        check(claims.find("exp")->if_number().value() > 1'700'000'000 - 30.0);
        check(claims.find("aud") != nullptr);
    }
    (void)jose::check_introspected(claims, rules, now);
    for (unsigned form = 0; form <= static_cast<unsigned>(jose::names_claim::form::keys); ++form) {
        std::vector<jose::names_claim> places;
        for (const auto* name : {"scope", "scp"})
            places.emplace_back(json::path(name), static_cast<jose::names_claim::form>(form));
        places.back().each = json::path("name");
        for (const auto scope : jose::scopes_of(claims, places))
            check(!scope.empty() && (claims.find("scp") != nullptr || claims.find("scope") != nullptr));
    }
}

void check_apart(std::string_view token, const jose::compact_jws& jws)
{
    check(token == std::string(jws.signing_input) + '.' + jose::base64url_encode(jws.signature));
    check(jws.signing_input.ends_with('.' + jose::base64url_encode(jws.payload)));
    const auto* alg = jws.header.members.find("alg");
    check(alg != nullptr && alg->if_string() != nullptr &&
          jose::algorithm_named(*alg->if_string()) == jws.header.alg);
    check(jws.header.members.find("crit") == nullptr && jws.header.members.find("b64") == nullptr);
    // The private keys are not used here, so only the standards' own examples are valid.
    check(!jose::verify(jws, published_keys()) || jws.payload == "Example of Ed25519 signing" ||
          jws.payload.starts_with(R"({"iss":"joe")"));
    if (const auto claims = jose::parse_claims(jws.payload)) {
        check(claims->if_object() != nullptr && json::parse(jws.payload) == *claims);
        check_claims(*claims);
    }
}

void check_signed(std::string_view header, std::string_view payload)
{
    const auto key = jose::signing_key::from_secret(octets, jose::algorithm::hs256);
    const auto token = jose::sign_with_header(key, header, payload);
    auto jws = jose::split(token);
    check(jws.has_value() == jose::split(token + "AAAA").has_value());
    if (!jws)
        return;
    check(jws->payload == payload);
    check_apart(token, *jws);
    const bool ours = jws->header.alg == jose::algorithm::hs256;
    check(jose::verify(*jws, own_keys).has_value() == ours);
    jws->signature[payload.size() % jws->signature.size()] ^= 1;
    check(!jose::verify(*jws, own_keys));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto text = scopegate::fuzz::text_of(bytes, size);
    if (const auto jws = jose::split(text))
        check_apart(text, *jws);
    // Uses the same bytes as a header and, behind a line break, a payload.
    const auto line = text.find('\n');
    check_signed(text.substr(0, line), line == std::string_view::npos ? "{}" : text.substr(line + 1));
    if (const auto octets_read = jose::base64url_decode(text))
        check(jose::base64url_encode(*octets_read) == text);
    check(jose::base64url_decode(jose::base64url_encode(text)) == text);
    return 0;
}
