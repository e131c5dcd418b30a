#include "observe/event_limit.hpp"

#include <utility>

namespace scopegate::observe {

std::optional<std::uint64_t> event_limit::admit(std::string_view event, policy::log_settings::level at,
                                                steady_time now)
{
    const std::lock_guard lock(using_);
    const auto known = events_.find(event);
    if (known == events_.end()) {
        events_.emplace(event, state{now, 0, at});
        return 0;
    }
    auto& s = known->second;
    if (now - s.written >= std::chrono::seconds(1)) {
        s.written = now;
        return std::exchange(s.held_back, 0);
    }
    ++s.held_back;
    s.at = at;
    return std::nullopt;
}

std::vector<event_limit::held_back> event_limit::take_held_back(std::chrono::milliseconds age,
                                                                steady_time now)
{
    std::vector<held_back> taken;
    const std::lock_guard lock(using_);
    for (auto& [event, s] : events_)
        if (s.held_back > 0 && now - s.written > age) {
            taken.push_back({event, s.at, std::exchange(s.held_back, 0)});
            s.written = now;
        }
    return taken;
}

} // namespace scopegate::observe
