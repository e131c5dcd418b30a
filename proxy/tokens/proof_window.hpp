// Which DPoP proofs another process of ours may have accepted, or may accept: the one before us on the same
// listeners, or the one after us. Each remembers only the proofs that it has seen itself, so such a proof
// counts only with a nonce of this process, which no other process accepts.
#pragma once

#include "base/clock.hpp"

#include <atomic>
#include <chrono>

namespace scopegate::tokens {

// Thread-safe. A new window is that of a process that has always been alone.
class proof_window final {
public:
    // Our listeners are open from now on. Without --takeover the process before us has closed its own, and
    // has seen no proof that was issued later than it accepts (max_proof_lead ahead of its clock).
    void open(wall_time now) noexcept;
    // We share our listeners with the process that --takeover replaces: every proof needs a nonce of ours.
    void share() noexcept;
    // Its listeners are gone. Requests that it had accepted may still end, with proofs of max_proof_age at
    // most.
    void unshare(wall_time now) noexcept;
    // One thread at a time. Our own listeners close, and another process may open them. It leaves proofs that
    // were issued before to us.
    void close(wall_time now) noexcept;

    // Returns whether a proof with this `iat` needs a nonce of ours.
    [[nodiscard]] bool needs_nonce(wall_time issued, wall_time now) const noexcept;

private:
    using count = wall_time::rep;
    static constexpr count never = wall_time::min().time_since_epoch().count();
    static constexpr count always = wall_time::max().time_since_epoch().count();

    std::atomic<count> first_{never};          // proofs issued until then may have been used before us
    std::atomic<count> last_{always};          // proofs issued later may be used after us
    std::atomic<count> demanded_until_{never}; // until then all need a nonce
};

} // namespace scopegate::tokens
