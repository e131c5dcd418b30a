// A JWK set that lies in a file, read again when the file changes. Control thread only, after construction.
#pragma once

#include "tokens/issuer_keys.hpp"

#include <sys/stat.h>

#include <array>
#include <cstdint>

namespace scopegate::tokens {

class key_file final {
public:
    explicit key_file(issuer_keys& keys) : keys_(keys) {} // whose settings name the file; must outlive it

    // Reads the file where it is another one than last time (by inode, size and time of change, through
    // symbolic links: an orchestrator swaps the link). What can't be read or used is a warning, and the keys
    // stay.
    void poll();

private:
    using identity = std::array<std::int64_t, 5>;
    [[nodiscard]] static identity identity_of(const struct stat& s) noexcept;

    issuer_keys& keys_;
    identity last_{};
};

} // namespace scopegate::tokens
