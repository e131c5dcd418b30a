// Admits new connections within the limits. At a limit, idle connections and unfinished heads give way to
// them.
#include "access/client_address.hpp"
#include "gate/connection.hpp"
#include "gate/worker.hpp"
#include "net/post.hpp"
#include "observe/http_date.hpp"
#include "observe/record.hpp"
#include "observe/request_id.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <sys/socket.h>

namespace scopegate::gate {

namespace {

// Sends a response and closes, before anything was read: the socket never becomes a connection of ours.
void send_only(const descriptor& socket, std::string_view answer) noexcept
{
    [[maybe_unused]] const auto sent =
        ::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket.get(), SHUT_WR);
    char request[4096]; // what has come already: unread, it would turn the close into a reset
    for (int i = 0; i < 16 && ::recv(socket.get(), request, sizeof request, MSG_DONTWAIT) > 0; ++i) {
    }
}

cause cause_of(connection_limit which) noexcept
{
    switch (which) {
    case connection_limit::connections:
        return cause::limits_connections;
    case connection_limit::connections_per_client:
        return cause::limits_connections_per_client;
    case connection_limit::descriptors:
        break;
    }
    return cause::file_descriptors;
}

// How far the limit may be exceeded while another worker closes connections of its own.
std::size_t overshoot(std::size_t limit) noexcept
{
    return std::clamp<std::size_t>(limit / 8, 1, 64);
}

} // namespace

// Out of memory the client sees its connection end, and the next one is tried again.
void worker::accept(int socket, const net::stream_endpoint& remote) noexcept
{
    descriptor own(socket);
    try {
        admit(own, net::peer_of(remote));
    } catch (const std::exception&) {
        counters_.note_reached(connection_limit::connections);
    }
}

void worker::admit(descriptor& socket, const net::peer& who)
{
    connection_place place(counters_, connection_owner(who));
    if (exceeds_client_limit(who, place.of_client()))
        return turn_away(socket, who, connection_limit::connections_per_client);
    if (!make_room())
        return turn_away(socket, who, bound_of_connections().which);
    auto downstream = net::stream::make(context_, socket.release(), times_);
    if (downstream)
        connection::run(std::make_unique<connection>(*this, std::move(downstream), who, std::move(place)));
}

// Turns a new connection away before anything is read. A handshake would cost more than the response is
// worth.
void worker::turn_away(const descriptor& socket, const net::peer& who, connection_limit which)
{
    counters_.note_refused(which);
    policy::denial d;
    d.why = {reason::connection_limit, cause_of(which)};
    auto r = observe::unserved(who.text, d.why, now(), now());
    observe::request_id_buffer buffer;
    r.request_id = observe::new_request_id(buffer);
    if (!current_->shared.server_tls) {
        const auto ours = current_->responses.make(d, r.request_id);
        std::string answer;
        responses::write(ours, false, false, observe::http_date(observe::wall_now()), answer);
        send_only(socket, answer);
        r.status = ours.status;
        r.bytes_out = ours.body.size();
    }
    observe::end_request(current_->policy, r);
}

// A trusted proxy speaks for many clients: its connections are not limited.
bool worker::exceeds_client_limit(const net::peer& who, std::size_t connections) const noexcept
{
    const auto limit = current_->policy.server.limits.connections_per_client;
    return limit != 0 && connections > limit && who.is_ip && !access::is_trusted_proxy(current_->policy, who);
}

worker::connection_bound worker::bound_of_connections() const noexcept
{
    const auto configured = current_->policy.server.limits.connections;
    const auto possible = counters_.connections_possible;
    if (configured != 0 && configured <= possible)
        return {configured, connection_limit::connections};
    return {possible, connection_limit::descriptors};
}

// Where a new connection exceeds the limit: closes the one that has been idle for longest among the
// connections of all workers, or asks the worker that has it; after the idle ones the oldest unfinished head.
// False: no connection can give way.
bool worker::make_room()
{
    const auto bound = bound_of_connections();
    const auto open = [this] { return counters_.connections.load(std::memory_order_relaxed); };
    if (open() <= bound.max)
        return true;
    for (const bool heads : {false, true}) {
        auto* const other = holder_of_older(heads);
        if (other != nullptr && open() <= bound.max + overshoot(bound.max)) {
            other->ask_for_room();
            return true;
        }
        while (open() > bound.max && close_first(heads ? unfinished_ : idle_, bound.which)) {
        }
        if (open() <= bound.max)
            return true;
    }
    return false;
}

bool worker::close_first(connection_order& of, connection_limit why) noexcept
{
    if (of.empty())
        return false;
    of.front().yield_place({reason::connection_limit, cause_of(why)});
    counters_.note_closed(why);
    return true;
}

// The worker whose first connection in that order has been there for longest; null: it is our own, or none.
worker* worker::holder_of_older(bool heads) const noexcept
{
    const auto& own = heads ? unfinished_ : idle_;
    auto oldest = own.empty() ? steady_time::max() : own.front().in_order_since_;
    worker* holder = nullptr;
    for (auto* const other : counters_.workers) {
        const auto since = (heads ? other->oldest_unfinished_ : other->oldest_idle_).load();
        if (other != this && since < oldest) {
            oldest = since;
            holder = other;
        }
    }
    return holder;
}

// Called by another worker, on its thread: this one closes connections as long as the limit is exceeded.
void worker::ask_for_room()
{
    if (asked_for_room_.exchange(true))
        return;
    net::post_with_retry(context_, [this] {
        asked_for_room_ = false;
        const auto bound = bound_of_connections();
        while (counters_.connections.load() > bound.max &&
               (close_first(idle_, bound.which) || close_first(unfinished_, bound.which))) {
        }
        publish_oldest();
    });
}

} // namespace scopegate::gate
