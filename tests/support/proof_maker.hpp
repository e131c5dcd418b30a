// DPoP proofs for tests (RFC 9449), valid and invalid ones.
#pragma once

#include "jose/sign.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace scopegate::test {

// The contents of a proof. Each member is JSON text; an empty one is left out.
struct proof_parts {
    std::string typ = R"("dpop+jwt")";
    std::string alg = {};         // by default the key's
    std::string jwk = {};         // by default the key's public half
    std::string header_more = {}; // further members, with a leading comma
    std::string jti = {};         // by default a new one
    std::string htm = R"("GET")";
    std::string htu = {};
    std::string iat = {}; // by default the time now
    std::string ath = {}; // by default the hash of `token`
    std::string claims_more = {};
    std::string token = {};
    bool no_jwk = false, no_jti = false, no_iat = false, no_ath = false;
};

// The owner of a key, who makes proofs with it.
class proof_maker final {
public:
    explicit proof_maker(const jose::signing_key& key) : key_(key) {}

    // Return the key's public half, and its thumbprint in the form that binds a token: `"cnf":{"jkt":"..."}`.
    [[nodiscard]] std::string public_jwk() const;
    [[nodiscard]] std::string thumbprint() const;
    [[nodiscard]] std::string confirmation() const;

    [[nodiscard]] std::string proof(const proof_parts& parts) const;
    // Returns a proof for a request with this method, URI and token, made now.
    [[nodiscard]] std::string proof(std::string_view method, std::string_view uri, std::string_view token,
                                    std::string_view claims_more = {}) const;

private:
    const jose::signing_key& key_;
};

// Returns the text in quotes. It must not need escapes.
[[nodiscard]] std::string json_string(std::string_view text);
[[nodiscard]] std::string seconds_from_now(std::chrono::seconds ahead);

} // namespace scopegate::test
