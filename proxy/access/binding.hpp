// Checks that a request proves the binding of its token (`cnf`). The validity of a token is cached, a proof
// never is: the check runs for every request.
#pragma once

#include "access/question.hpp"
#include "base/errc.hpp"
#include "policy/policy.hpp"
#include "tokens/proof_memory.hpp"
#include "tokens/token_source.hpp"
#include "tokens/validator.hpp"

namespace scopegate::access {

// A valid token as it was presented.
struct presented_token {
    const tokens::taken_token& taken;
    const tokens::validated_token& token;
};

// The result of a check, and whether the client uses nonces of ours, or has to, so that its next proof needs
// a fresh one.
struct proven {
    result<void> binding;
    bool nonce = false;
};

// Checks the token's binding. Fails with:
// - unbound_token: the scheme and the token disagree (a token bound to a key without the scheme DPoP, or the
//   scheme DPoP for another token), the policy requires DPoP, or the connection lacks the certificate that
//   the token is bound to. A trusted proxy speaks for its clients: the header of server.client_cert counts
//   there, not its own certificate.
// - invalid_proof: the request has not exactly one DPoP header, or the proof is not valid for this request
//   (jose/dpop.hpp). A wrong `htu` and a `jti` that was used before are invalid, too.
// - proof_nonce: only the nonce is missing or wrong. The policy may require one, another process of ours may
//   know the proof (tokens/proof_window.hpp), or the nonce is another Scopegate's.
// - proof_memory_full: the memory of used proofs is full, so a replay could not be detected.
// A proof is marked as used only if everything else about it is valid. `scratch` is overwritten. Allocates
// nothing for a token that is not bound.
[[nodiscard]] proven check_binding(const policy::policy& p, const question& request, std::string_view path,
                                   const presented_token& presented, tokens::proof_memory* proofs,
                                   wall_time now, std::string& scratch);

} // namespace scopegate::access
