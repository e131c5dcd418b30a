// Prepares a connection for its first request: reads a PROXY header and does the TLS handshake.
#include "access/client_address.hpp"
#include "gate/connection.hpp"
#include "gate/worker.hpp"
#include "http1/session.hpp"
#include "net/proxy_protocol.hpp"
#include "observe/log.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace scopegate::gate {

net::task<bool> connection::prepare()
{
    const snapshot_ptr policy = at_.current_;
    const auto& settings = policy->policy.server;
    const auto& tls = policy->shared.server_tls;
    const auto deadline = std::chrono::steady_clock::now() + settings.timeouts.headers;
    if (settings.proxy_protocol && access::is_trusted_proxy(policy->policy, peer_)) {
        auto read = co_await read_proxy_header(deadline);
        if (read && !count_as_client())
            read = failure(reason::connection_limit, cause::limits_connections_per_client);
        if (!read) {
            const auto why = read.error();
            if (why == reason::client_gone || why == reason::request_timeout || tls)
                record_unserved(*policy, why, opened_);
            else
                co_await refuse(why);
            co_return false;
        }
    }
    if (!tls)
        co_return true;
    if (at_.refuses_memory(*this)) {
        record_unserved(*policy, {reason::memory_limit, cause::limits_memory}, opened_);
        co_return false;
    }
    at_.make_room_for_memory(*this);
    auto channel = tls->open(downstream_->native_handle());
    count(counted_ + handshake_bytes);
    const bool made = co_await downstream_->handshake(std::move(channel), deadline);
    count(counted_ - handshake_bytes + tls_bytes);
    if (!made)
        co_await end_unsecured(*policy);
    co_return made;
}

// The alert that says why must not be lost in a reset either.
net::task<void> connection::end_unsecured(const snapshot& policy)
{
    const auto& failed = *downstream_->tls();
    observe::log_repeated(
        observe::level::debug, "tls_failed",
        {{"peer", peer_.text},
         {"error", failed.failure().empty() ? "the handshake timed out" : failed.failure()}});
    if (failed.met_plain_http()) { // a person with a browser, most likely, who would only see it fail
        downstream_->forget_tls();
        co_return co_await refuse({reason::malformed_request, cause::plain_http_on_tls_port});
    }
    if (failed.has_received()) {
        const auto fault = failed.fault() != cause::none ? failed.fault() : cause::timeouts_headers;
        record_unserved(policy, {reason::tls_failed, fault}, opened_);
    }
    if (!failed.failure().empty())
        co_await linger();
}

// Refuses what stands where the first request should be, or the connection as such. In every version of HTTP
// a client without one in common understands a response of HTTP/1.1.
net::task<void> connection::refuse(failure why)
{
    http1::session requests(downstream_, peer_, at_.scheduler(), *this);
    co_await requests.refuse(why);
    co_await linger();
}

// Takes the header and not a byte of what follows: that may be TLS.
net::task<result<void>> connection::read_proxy_header(steady_time deadline)
{
    std::string bytes(net::max_proxy_header, '\0');
    const auto cut = [](std::size_t come) {
        return failure(reason::client_gone, come > 0 ? cause::bad_proxy_header : cause::none);
    };
    for (std::size_t filled = 0; filled < bytes.size();) {
        const std::span<char> room(bytes.data() + filled, bytes.size() - filled);
        const auto seen = downstream_->peek_bytes(room);
        if (seen.how == net::transfer::status::done) {
            const auto header = net::parse_proxy_header({bytes.data(), filled + seen.bytes});
            if (!header)
                co_return header.error();
            const auto own = header->size > 0 ? header->size - filled : seen.bytes;
            const auto taken = downstream_->read_some(room.first(own));
            if (taken.how != net::transfer::status::done)
                co_return cut(filled + seen.bytes);
            filled += taken.bytes;
            if (header->size > 0) {
                // A client whose address is not known is not trusted, although its balancer is.
                if (header->source)
                    peer_ = *header->source;
                else if (!header->local)
                    peer_.is_ip = false;
                co_return {};
            }
        } else if (seen.how != net::transfer::status::would_block) {
            co_return cut(filled);
        } else {
            const auto woken = co_await downstream_->readable(deadline);
            if (woken == net::readiness::timed_out && filled > 0)
                co_return failure(reason::request_timeout, cause::bad_proxy_header);
            if (woken != net::readiness::ready)
                co_return cut(filled);
        }
    }
    co_return failure(reason::malformed_request, cause::bad_proxy_header);
}

bool connection::count_as_client()
{
    place_.move_to(connection_owner(peer_));
    if (!at_.exceeds_client_limit(peer_, place_.of_client()))
        return true;
    at_.counters_.note_refused(connection_limit::connections_per_client);
    return false;
}

} // namespace scopegate::gate
