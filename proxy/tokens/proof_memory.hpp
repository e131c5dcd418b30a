// Holds the DPoP state that outlives a request, one for the whole process. All workers share it and it
// survives reloads, so that no worker accepts a proof that another one has seen.
#pragma once

#include "tokens/proof_nonces.hpp"
#include "tokens/proof_window.hpp"
#include "tokens/used_proofs.hpp"

namespace scopegate::tokens {

struct proof_memory { // thread-safe
    explicit proof_memory(const used_proofs::bounds& most = {}) : used(most) {}

    used_proofs used;
    proof_nonces nonces;
    proof_window window; // proofs outside it may have uses that `used` does not know
};

} // namespace scopegate::tokens
