// Admits one line per event and second, and counts the others. May be used on any thread.
#pragma once

#include "base/clock.hpp"
#include "policy/settings.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::observe {

class event_limit final {
public:
    // If the line may be written, returns how many were suppressed since the last one. Otherwise counts it
    // and returns nothing. `event` must come from a fixed set of our own names, which bounds the memory.
    [[nodiscard]] std::optional<std::uint64_t> admit(std::string_view event, policy::log_settings::level at,
                                                     steady_time now);

    struct held_back {
        std::string event;
        policy::log_settings::level at = policy::log_settings::level::info;
        std::uint64_t count = 0;
    };
    // Takes the counts of events whose last line is older than `age`. No later line will report these counts,
    // so the caller writes a line for each.
    [[nodiscard]] std::vector<held_back> take_held_back(std::chrono::milliseconds age, steady_time now);

private:
    struct state {
        steady_time written{};
        std::uint64_t held_back = 0;
        policy::log_settings::level at = policy::log_settings::level::info;
    };
    std::mutex using_;
    std::map<std::string, state, std::less<>> events_;
};

} // namespace scopegate::observe
