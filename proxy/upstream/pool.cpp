#include "upstream/pool.hpp"

#include "net/deadlines.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace scopegate::upstream {

namespace {

// How long an idle connection is kept: for less time than by common servers, because a request that crosses
// their close is lost. Servers with a shorter time (Node: 5 s) announce it; we close one second earlier.
constexpr std::chrono::seconds longest_idle{50};
constexpr std::chrono::seconds before_its_end{1};

std::chrono::seconds kept_for(std::optional<std::chrono::seconds> announced) noexcept
{
    return announced ? std::min(*announced - before_its_end, longest_idle) : longest_idle;
}

} // namespace

void pool::retire() noexcept
{
    retired_ = true;
    for (const auto& idle : idle_)
        idle.connection->close();
    idle_.clear();
}

wire::upstream_ptr pool::take(steady_time now) noexcept
{
    while (!idle_.empty()) {
        auto connection = std::move(idle_.back().connection);
        const bool kept = now < idle_.back().until;
        idle_.pop_back();
        if (kept && connection->is_quiet(false))
            return connection;
        connection->close();
    }
    return nullptr;
}

// Noticed input may have been the end of the last response. Input that is still unread is an unsolicited
// response.
void pool::keep(wire::upstream_ptr connection)
{
    const auto time = kept_for(connection->announced_keep());
    if (retired_ || time <= std::chrono::seconds(0) || !connection->is_quiet(false)) {
        connection->close();
        return;
    }
    connection->rest();
    idle_.push_back({std::move(connection), net::coarse_now() + time});
}

void pool::sweep(steady_time now)
{
    std::erase_if(idle_, [now](idle_connection& idle) {
        if (now < idle.until && idle.connection->is_quiet(false))
            return false;
        idle.connection->close();
        return true;
    });
}

} // namespace scopegate::upstream
