// One issuer's place in the folder `keys_cache`: its last good key set, which survives a restart, so that
// tokens of an issuer that is out of reach are still checked. Whoever can write there can have tokens of his
// own accepted: only files that belong to us count. Reads and writes on the calling thread.
#pragma once

#include "base/clock.hpp"
#include "policy/settings.hpp"
#include "tokens/reported_causes.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::tokens {

class key_cache final {
public:
    // `folder`: absolute; empty: nothing is kept. `issuer` must outlive it. `max_age`: after which a set is
    // of no use; 0: never.
    key_cache(std::string folder, const policy::issuer_settings& issuer, std::chrono::seconds max_age = {});

    // The key set's text as it was saved, and when the issuer last gave it, or nothing. A file of somebody
    // else, too large, too old, broken or saved for another issuer or place is a warning in the log and
    // counts as none.
    struct saved_set {
        std::string text;
        wall_time confirmed;
    };
    [[nodiscard]] std::optional<saved_set> load(wall_time now);
    // Saves a key set that was of use, in one step: a reader sees the old file or the new one. Private key
    // material, which no set should have, is left out. One that lies there already is not written again,
    // unless its age counts. A failure to write is a warning, once for each cause until one goes well.
    void save(std::string_view text, wall_time now);

    [[nodiscard]] const std::string& file() const noexcept { return file_; } // empty: nothing is kept

private:
    void warn(std::string_view event, std::string_view why) const;

    std::string folder_;
    const policy::issuer_settings& issuer_;
    std::string location_;
    std::chrono::seconds max_age_;
    std::string file_;
    std::string saved_; // what the file holds, as far as we know
    reported_causes failures_;
};

} // namespace scopegate::tokens
