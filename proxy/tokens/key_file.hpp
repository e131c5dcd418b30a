// Keeps the keys of a JWK set file up to date. Control thread only, after construction.
#pragma once

#include "base/watched_file.hpp"
#include "tokens/issuer_keys.hpp"

#include <string>

namespace scopegate::tokens {

class key_file final {
public:
    explicit key_file(issuer_keys& keys) : keys_(keys) {} // names the file in its settings; must outlive it

    // Reads the file again if it has changed. A change counts once two consecutive polls have seen it and no
    // process has the file open for writing. If the file can't be read or used, logs a warning and keeps the
    // present keys.
    void poll();

private:
    issuer_keys& keys_;
    std::string last_; // the fingerprint at the last read; empty: never read
    stability_check stability_;
};

} // namespace scopegate::tokens
