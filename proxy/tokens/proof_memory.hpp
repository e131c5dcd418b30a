// What DPoP needs to remember beyond a request, in the whole process: shared by all workers and kept over
// reloads, so that none of them takes a proof that another has seen.
#pragma once

#include "tokens/proof_nonces.hpp"
#include "tokens/proof_window.hpp"
#include "tokens/used_proofs.hpp"

namespace scopegate::tokens {

struct proof_memory { // thread-safe
    explicit proof_memory(const used_proofs::bounds& most = {}) : used(most) {}

    used_proofs used;
    proof_nonces nonces;
    proof_window window; // beyond it `used` does not know of every use
};

} // namespace scopegate::tokens
