// One issuer's keys as they are now, and how they stand: replaced on the control thread, read by every
// worker. Holds no I/O; a set that is of no use never replaces one that is.
#pragma once

#include "base/clock.hpp"
#include "jose/jwks.hpp"
#include "policy/settings.hpp"
#include "tokens/reported_causes.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace scopegate::tokens {

// How long a kid counts as absent after the last fetch that went well, and how many are remembered.
inline constexpr std::chrono::seconds absent_for{30};
inline constexpr std::size_t most_absent_kids = 1'024;

class issuer_keys final {
public:
    // `settings` and `epoch` must outlive it; the epoch grows with each replacement.
    issuer_keys(const policy::issuer_settings& settings, std::atomic<std::uint64_t>& epoch);
    issuer_keys(const issuer_keys&) = delete;
    issuer_keys& operator=(const issuer_keys&) = delete;

    [[nodiscard]] const policy::issuer_settings& settings() const noexcept { return settings_; }
    [[nodiscard]] bool is_remote() const noexcept; // its keys come over the network

    // The keys, or null where there were none so far.
    [[nodiscard]] std::shared_ptr<const jose::jwk_set> present() const;
    [[nodiscard]] bool up_to_date() const; // whether the last attempt went well
    [[nodiscard]] bool has_failed() const; // whether one has failed since one went well

    // Remembers that a finished fetch has shown a `kid` to be absent from the issuer's set, and returns
    // whether one is remembered so. It counts for absent_for after the last fetch that went well: made-up
    // kids are refused for good (401), and a key that is published under such a kid is found soon.
    void note_absent(std::string_view kid);
    [[nodiscard]] bool is_absent(std::string_view kid, wall_time now) const;

    // Takes over what an attempt brought: a JWK set's text. What can't be used is a warning in the log, and
    // the keys stay as they are; so do they where the text is the same as last time: what was validated with
    // them stays validated. Returns whether the attempt went well.
    // `now` is how old they are from here on.
    bool take(std::string_view text, wall_time now = {});
    // Takes over what survived a restart, where it is of use: the keys are there, but nobody knows whether
    // they are all of them until an attempt goes well. Returns whether it was.
    // `confirmed`: when an attempt brought them.
    bool take_saved(std::string_view text, wall_time confirmed);
    // Returns when an attempt last brought the present keys; nothing without keys.
    [[nodiscard]] std::optional<wall_time> confirmed() const;
    // Lets go of keys that are too old, with a warning, until an attempt goes well. Nobody knows which of
    // them the issuer has withdrawn meanwhile.
    void expire();
    // An attempt that brought nothing: a warning, once for each cause until one goes well.
    void fail(std::string_view why);
    // No attempt will be made any more: what the keys lack is not known from here on.
    void abandon();
    // The keys of an earlier generation of the same issuer and place; nothing happens where it had none.
    void inherit(const issuer_keys& earlier);

private:
    [[nodiscard]] std::shared_ptr<const jose::jwk_set> parse(std::string_view text, std::string& why);
    void report_unfit(const std::vector<std::string>& unfit);
    void replace(std::shared_ptr<const jose::jwk_set> keys, std::string text, wall_time confirmed,
                 bool fresh = true);
    void warn(std::string_view event, std::string_view why) const;

    const policy::issuer_settings& settings_;
    std::atomic<std::uint64_t>& epoch_;
    mutable std::mutex mutex_; // of all below
    std::shared_ptr<const jose::jwk_set> keys_;
    std::string text_; // that keys_ were read from
    wall_time confirmed_{};
    reported_causes failures_;
    bool up_to_date_ = false;

    std::unordered_set<std::string> absent_kids_; // their digests: a kid may be as long as a token
    std::deque<std::string> absent_in_order_;     // the oldest go first

    std::map<std::string, std::size_t>
        unfit_; // what the log has told of the last set: causes, and of how many keys
};

} // namespace scopegate::tokens
