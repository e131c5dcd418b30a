// Holds one issuer's current keys and their state. The control thread replaces them, and every worker reads
// them. Does no I/O. An unusable set never replaces a usable one.
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

// How long after the last successful fetch a `kid` counts as absent, and how many are remembered.
inline constexpr std::chrono::seconds absent_for{30};
inline constexpr std::size_t max_absent_kids = 1'024;

class issuer_keys final {
public:
    // `settings` and `epoch` must outlive this object. Each replacement of the keys increments the epoch.
    issuer_keys(const policy::issuer_settings& settings, std::atomic<std::uint64_t>& epoch);
    issuer_keys(const issuer_keys&) = delete;
    issuer_keys& operator=(const issuer_keys&) = delete;

    [[nodiscard]] const policy::issuer_settings& settings() const noexcept { return settings_; }
    [[nodiscard]] bool is_remote() const noexcept; // whether its keys come over the network

    // Returns the keys, or null while the issuer has no keys.
    [[nodiscard]] std::shared_ptr<const jose::jwk_set> present() const;
    [[nodiscard]] bool up_to_date() const; // whether the last attempt succeeded
    [[nodiscard]] bool has_failed() const; // whether an attempt failed since the last success

    // note_absent() records that a completed fetch has shown a `kid` to be absent from the issuer's set;
    // is_absent() returns whether it is recorded. The record counts for absent_for after the last successful
    // fetch. So made-up kids are refused definitively (401), and a key that is published under such a kid is
    // found soon.
    void note_absent(std::string_view kid);
    [[nodiscard]] bool is_absent(std::string_view kid, wall_time now) const;

    // Takes over a fetched JWK set's text; `now` becomes the time of its confirmation. An unusable set is
    // logged as a warning and the present keys stay. They also stay if the text is unchanged, so that tokens
    // validated with them need no new validation. Returns whether the attempt succeeded.
    bool take(std::string_view text, wall_time now = {});
    // Takes over keys saved before a restart, if they are usable. The keys then exist, but the set may be
    // incomplete until an attempt succeeds. `confirmed` is when an attempt last brought them. Returns whether
    // they were usable.
    bool take_saved(std::string_view text, wall_time confirmed);
    // Returns when an attempt last confirmed the present keys, or nothing if there are no keys.
    [[nodiscard]] std::optional<wall_time> confirmed() const;
    // Drops keys that are too old, with a warning, until an attempt succeeds. The issuer may have withdrawn
    // some of them meanwhile, and we can't know which.
    void expire();
    // Records a failed attempt. Each reason is logged as a warning once until an attempt succeeds, with its
    // cause if it has one.
    void fail(std::string_view why, cause detail = cause::none);
    // Records that no more attempts will be made: a `kid` that is missing can no longer be called absent.
    void abandon();
    // Takes over the keys of an earlier snapshot with the same issuer and key location. Does nothing if it
    // had none.
    void inherit(const issuer_keys& earlier);

private:
    [[nodiscard]] std::shared_ptr<const jose::jwk_set> parse(std::string_view text, std::string& why);
    void report_unfit(const std::vector<std::string>& unfit);
    void replace(std::shared_ptr<const jose::jwk_set> keys, std::string text, wall_time confirmed,
                 bool fresh = true);
    void warn(std::string_view event, std::string_view why) const;

    const policy::issuer_settings& settings_;
    std::atomic<std::uint64_t>& epoch_;
    mutable std::mutex mutex_; // guards all members below
    std::shared_ptr<const jose::jwk_set> keys_;
    std::string text_; // the text that keys_ was parsed from
    wall_time confirmed_{};
    reported_causes failures_;
    bool up_to_date_ = false;

    std::unordered_set<std::string> absent_kids_; // digests, because a kid may be as long as a token
    std::deque<std::string> absent_in_order_;     // the oldest are evicted first

    // Causes that the log has reported for the last set, each with its number of keys.
    std::map<std::string, std::size_t> unfit_;
};

} // namespace scopegate::tokens
