// Lets through one line per event and second, and counts the others. Any thread.
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
    // Returns how many lines were held back since the last one, where this one may be written; otherwise
    // counts it. `event` is a name of ours: there are only so many.
    [[nodiscard]] std::optional<std::uint64_t> admit(std::string_view event, policy::log_settings::level at,
                                                     steady_time now);

    struct held_back {
        std::string event;
        policy::log_settings::level at = policy::log_settings::level::info;
        std::uint64_t count = 0;
    };
    // Takes the counts of events whose last line is older than `age`. The caller writes a line for each,
    // because no later line has the count.
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
