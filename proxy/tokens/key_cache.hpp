// Stores one issuer's last good key set in the folder `keys_cache`. It survives a restart, so that tokens of
// an unreachable issuer can still be verified. A user with write access to the folder could get forged tokens
// accepted, so only files that we own count. Reads and writes on the calling thread.
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
    // `folder` is absolute; if empty, nothing is stored. `issuer` must outlive this object. A set older than
    // `max_age` is not used; 0 means no limit.
    key_cache(std::string folder, const policy::issuer_settings& issuer, std::chrono::seconds max_age = {});

    // Returns the saved text and the time when the issuer last served it, or nothing. A file that is owned by
    // another user, too large, too old, broken, or saved for another issuer or location is ignored with a
    // warning.
    struct saved_set {
        std::string text;
        wall_time confirmed;
    };
    [[nodiscard]] std::optional<saved_set> load(wall_time now);
    // Saves a usable key set atomically: a reader sees either the old file or the new one. Leaves out private
    // key material, which no set should contain. Does not rewrite an unchanged set unless its age matters. A
    // write failure is logged as a warning, once per cause until a write succeeds.
    void save(std::string_view text, wall_time now);

    [[nodiscard]] const std::string& file() const noexcept { return file_; } // empty if nothing is stored

private:
    void warn(std::string_view event, std::string_view why) const;

    std::string folder_;
    const policy::issuer_settings& issuer_;
    std::string owner_, location_;
    std::chrono::seconds max_age_;
    std::string file_;
    std::string saved_; // what the file holds, as far as we know
    reported_causes failures_;
};

} // namespace scopegate::tokens
