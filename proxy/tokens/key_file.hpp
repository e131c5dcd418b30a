// A JWK set that lies in a file, read again when the file changes. Control thread only, after construction.
#pragma once

#include "base/watched_file.hpp"
#include "tokens/issuer_keys.hpp"

#include <string>

namespace scopegate::tokens {

class key_file final {
public:
    explicit key_file(issuer_keys& keys) : keys_(keys) {} // whose settings name the file; must outlive it

    // Reads the file if it is another one than last time. A change counts once two polls in a row saw it and
    // nobody writes the file. A file that can't be read or used is a warning, and the keys stay.
    void poll();

private:
    issuer_keys& keys_;
    std::string last_; // fingerprints; empty: it was never read
    two_looks looks_;
};

} // namespace scopegate::tokens
