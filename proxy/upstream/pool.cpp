#include "upstream/pool.hpp"

#include "net/deadlines.hpp"
#include "observe/log.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace scopegate::upstream {

namespace {

// How long an idle connection is kept: for less time than by common servers, because a request that crosses
// their close is lost. Servers with a shorter time (Node: 5 s) announce it; we close one second earlier.
constexpr std::chrono::seconds longest_idle{50};
constexpr std::chrono::seconds before_its_end{1};

// The time between two lookups of a host name in use. The result of one counts from the next one on, so a
// change is noticed within twice this time.
constexpr std::chrono::seconds between_lookups{10};

std::chrono::seconds kept_for(std::optional<std::chrono::seconds> announced) noexcept
{
    return announced ? std::min(*announced - before_its_end, longest_idle) : longest_idle;
}

// A lack of our own says nothing about the address, and would meet the next one too.
bool is_our_lack(cause why) noexcept
{
    return why == cause::file_descriptors;
}

} // namespace

void pool::retire() noexcept
{
    retired_ = true;
    for (const auto& one : addresses_.all())
        one->close_idle();
}

// An address that is set aside comes back only by a new connection: an old one does not show that the address
// accepts others.
wire::upstream_ptr pool::take(steady_time now, choice& of) noexcept
{
    is_used_ = true;
    addresses_.choose(of, now);
    auto& idle = of.at->idle;
    while (!idle.empty() && !of.is_trial) {
        auto connection = std::move(idle.back().connection);
        const bool kept = now < idle.back().until;
        idle.pop_back();
        if (kept && connection->is_quiet(false)) {
            of.is_used = true;
            return connection;
        }
        connection->close();
    }
    return nullptr;
}

// Noticed input may have been the end of the last response. Input that is still unread is an unsolicited
// response.
void pool::keep(wire::upstream_ptr connection, const choice& of)
{
    const auto time = kept_for(connection->announced_keep());
    if (retired_ || !of.at->is_listed() || time <= std::chrono::seconds(0) || !connection->is_quiet(false)) {
        connection->close();
        return;
    }
    connection->rest();
    of.at->idle.push_back({std::move(connection), net::coarse_now() + time});
}

net::task<result<wire::upstream_ptr>> pool::connect(choice& of)
{
    if (of.is_used) // without another address, the same one gets a new connection
        static_cast<void>(addresses_.choose_other(of, std::chrono::steady_clock::now()));
    for (;;) {
        auto made = co_await try_to_connect(of);
        if (made) {
            of.is_used = true;
            co_return made;
        }
        const auto why = made.error().detail;
        if (is_our_lack(why))
            co_return made;
        set_aside(*of.at, why);
        if (!addresses_.choose_other(of, std::chrono::steady_clock::now()))
            co_return made;
    }
}

// Looks the name up before each new connection: a connection to an address that the name has no more could
// reach another program.
net::task<result<wire::upstream_ptr>> pool::try_to_connect(choice& of)
{
    const auto deadline = std::chrono::steady_clock::now() + connect_timeout_;
    const auto url = of.at->url;
    const auto found = co_await connector_->look_up(url, deadline);
    if (found && found->empty()) {
        of.unresolved = url;
        const bool late = std::chrono::steady_clock::now() >= deadline;
        co_return failure(reason::upstream_unreachable,
                          late ? cause::timeouts_upstream_connect : cause::unresolvable_name);
    }
    if (found) {
        addresses_.update(url, *found);
        if (!of.at->is_listed() && !addresses_.replace_removed(of, std::chrono::steady_clock::now()))
            co_return failure(reason::upstream_unreachable,
                              cause::unresolvable_name); // it has tried the rest
    }
    address_reports& reports = *this;
    co_return co_await connector_->connect(*of.at, deadline, reports);
}

void pool::set_aside(address& failed, cause why)
{
    if (addresses_.set_aside(failed, std::chrono::steady_clock::now()))
        observe::log_event(observe::level::warn, "upstream_set_aside",
                           {{"address", failed.text}, {"cause", name(why)}});
}

void pool::on_response(address& from)
{
    if (addresses_.restore(from))
        observe::log_event(observe::level::info, "upstream_back", {{"address", from.text}});
}

void pool::on_end_without_response(address& from, cause why)
{
    set_aside(from, why);
}

void pool::sweep(steady_time now)
{
    for (const auto& one : addresses_.all())
        std::erase_if(one->idle, [now](address::idle_connection& idle) {
            if (now < idle.until && idle.connection->is_quiet(false))
                return false;
            idle.connection->close();
            return true;
        });
    if (is_used_ && now >= refresh_at_)
        refresh_names(now);
}

void pool::refresh_names(steady_time now)
{
    is_used_ = false;
    refresh_at_ = now + between_lookups;
    for (std::size_t url = 0; url < addresses_.urls(); ++url)
        if (const auto found = connector_->refresh(url, now); !found.empty())
            addresses_.update(url, found);
}

} // namespace scopegate::upstream
