// Whether a request proves what its token asks for (`cnf`). A token's validity is
// remembered, its proof never is: this is asked of every request, of one whose token was found in a cache as
// well.
#pragma once

#include "access/question.hpp"
#include "base/cause.hpp"
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

// The result. `nonce`: the client uses nonces of ours, or has to, and its next proof needs a fresh one.
struct proven {
    failure why = reason::allowed;
    bool nonce = false;
};

// allowed, or:
// - unbound_token: a token that is bound to a key came without the scheme DPoP (off included), one that is
// not came
//   under it, or without it where it is required; or the certificate that it is bound to is not the caller's.
//   Of a trusted proxy, which speaks for its callers, the certificate is what `Client-Cert` says, not its
//   own.
// - invalid_proof: not exactly one DPoP field, or its proof does not hold for this request (jose/dpop.hpp),
// its `htu`
//   and a repeated `jti` included.
// - proof_nonce: all of it holds but the nonce. The file asks for one, another process of ours may know the
// proof (tokens/proof_window.hpp), or the nonce is that of another Scopegate.
// - proof_memory_full: it can't be told any more whether it is used for the first time.
// Only a proof of which all else holds is marked as used. `scratch` is overwritten. Allocates nothing
// where the token is bound to nothing.
[[nodiscard]] proven check_binding(const policy::policy& p, const question& request, std::string_view path,
                                   const presented_token& presented, tokens::proof_memory* proofs,
                                   wall_time now, std::string& scratch);

} // namespace scopegate::access
