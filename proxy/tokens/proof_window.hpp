// Tells which DPoP proofs another of our processes may have accepted or may accept: our predecessor on the
// same listeners, or our successor. Each process remembers only the proofs that it has seen. Such a proof is
// therefore valid only with a nonce of this process, which no other process accepts.
#pragma once

#include "base/clock.hpp"

#include <atomic>
#include <chrono>

namespace scopegate::tokens {

// Thread-safe. A new window is that of a process that never had a predecessor or successor.
class proof_window final {
public:
    // Our listeners are open from now on. Without --takeover our predecessor has closed its own. It has not
    // seen any proof issued later than it accepts (max_proof_lead ahead of its clock).
    void open(wall_time now) noexcept;
    // We share the listeners with the process that --takeover replaces: every proof needs our nonce.
    void share() noexcept;
    // The predecessor has closed its listeners. It may still finish requests that it had accepted, with
    // proofs that are at most max_proof_age old.
    void unshare(wall_time now) noexcept;
    // Our own listeners close, and another process may open them. It leaves us the proofs that were issued
    // before. Must not be called on several threads at once.
    void close(wall_time now) noexcept;

    // Returns whether a proof with this `iat` needs our nonce.
    [[nodiscard]] bool needs_nonce(wall_time issued, wall_time now) const noexcept;

private:
    using count = wall_time::rep;
    static constexpr count never = wall_time::min().time_since_epoch().count();
    static constexpr count always = wall_time::max().time_since_epoch().count();

    std::atomic<count> first_{never};          // a predecessor may have accepted proofs issued until then
    std::atomic<count> last_{always};          // a successor may accept proofs issued later
    std::atomic<count> demanded_until_{never}; // every proof needs a nonce until then
};

} // namespace scopegate::tokens
