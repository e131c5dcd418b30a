#include "gate/session.hpp"

#include "access/client_address.hpp"
#include "gate/exchange.hpp"
#include "gate/worker.hpp"
#include "observe/log.hpp"
#include "observe/record.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace scopegate::gate {

namespace {

// Requests that a client sent without waiting for responses; then other connections continue first. (It also
// unwinds the stack, which a compiler without tail calls, as under a sanitizer, would fill.)
constexpr int most_at_a_stretch = 16;

// A head of more bytes than this, with the body behind it, is separated from the body: more of the body will
// probably come, and this memory would be held for as long as the request.
constexpr std::size_t body_that_is_large = 8UL * 1024;

// Returns how much is read with a head: as much as a slice of a body, and less when memory is short.
std::size_t first_read_bytes(memory_pressure pressure) noexcept
{
    switch (pressure) {
    case memory_pressure::low:
        return buffer_pool::slice_bytes;
    case memory_pressure::raised:
        return 16384;
    case memory_pressure::high:
    case memory_pressure::full:
        break;
    }
    return buffer_pool::min_bytes;
}

// The head is kept for as long as its request, the bytes behind it only until they are forwarded.
void part_from_body(workspace& space, std::size_t head_bytes, const http::head_limits& limits)
{
    auto body = space.buffers.take(space.received.size());
    std::copy(space.received.begin(), space.received.end(), body.data());
    auto head = space.buffers.take(head_bytes);
    std::copy_n(space.request_bytes.data(), head_bytes, head.data());
    space.received = {body.data(), space.received.size()};
    space.upload_bytes = std::move(body);
    space.request_bytes = std::move(head);
    std::size_t scanned = 0;
    static_cast<void>(
        http::read_request_head({space.request_bytes.data(), head_bytes}, scanned, limits, space.request));
}

} // namespace

session::session(worker& at, net::stream_ptr downstream, const net::peer& peer, connection_place place)
    : at_(at), downstream_(std::move(downstream)), peer_(peer), opened_(at.now()), place_(std::move(place)),
      admission_(at.current_->shared.admission)
{
    at_.sessions_.push_back(*this);
    ++at_.session_count_;
    at_.memory_.take(counted_);
}

session::~session()
{
    end_lingering();
    downstream_->close();
    if (space_)
        at_.workspaces_.give(std::move(space_));
    at_.memory_.give_back(counted_);
    place_.give_back();
    at_.session_ended();
}

net::detached session::serve(std::unique_ptr<session> self)
{
    try {
        co_await self->run();
    } catch (const std::exception& failed) { // out of memory, most likely: the client sees its connection end
        observe::log_repeated(observe::level::error, "connection_failed", {{"error", failed.what()}});
    }
}

net::task<void> session::run()
{
    if (at_.current_->shared.server_tls || at_.current_->policy.server.proxy_protocol) {
        in_order_since_ = opened_;
        at_.unfinished_.push_back(*this);
        const bool ready = co_await prepare();
        order_.unlink();
        if (!ready)
            co_return;
    }
    while (co_await await_request()) {
        if (is_outdated()) { // closed in order, as a kept connection may be at any time
            co_await linger();
            co_return;
        }
        const auto end = co_await serve_request();
        if (end == http1::disposition::keep_alive)
            continue;
        if (end == http1::disposition::linger)
            co_await linger();
        if (end == http1::disposition::reset)
            downstream_->close(true);
        co_return;
    }
}

void session::count(std::size_t bytes) noexcept
{
    at_.memory_.give_back(counted_);
    counted_ = bytes;
    at_.memory_.take(counted_);
}

// A connection on which nothing arrived has no record: balancers probe by connecting alone.
void session::end_unserved(const snapshot& policy, failure why, steady_time began) const noexcept
{
    if (why == reason::client_gone && why.detail == cause::none)
        return;
    if (gave_way_ != reason::allowed)
        why = gave_way_;
    observe::end_request(policy.policy, observe::unserved(peer_.text, why, began, at_.now()));
}

bool session::is_outdated() const noexcept
{
    return admission_ != at_.current_->shared.admission;
}

steady_time session::age_end(const policy::size_limits& limits) const noexcept
{
    return limits.connection_age.count() == 0 ? net::no_deadline : opened_ + limits.connection_age;
}

net::task<bool> session::await_request()
{
    const bool has_come = (space_ && !space_->received.empty()) || downstream_->read_pending();
    at_a_stretch_ = has_come ? at_a_stretch_ + 1 : 0;
    if (at_a_stretch_ == most_at_a_stretch) {
        at_a_stretch_ = 0;
        co_await at_.scheduler().yield();
    }
    if (space_ && !space_->received.empty())
        co_return true;
    if (space_)
        at_.workspaces_.give(std::move(space_));
    const auto& server = at_.current_->policy.server;
    const std::chrono::milliseconds idle = server.timeouts.idle;
    const auto timeouts = at_.draining_ ? std::min(idle, last_request_timeout) : idle;
    in_order_since_ = at_.now();
    const auto deadline = std::min(in_order_since_ + timeouts, age_end(server.limits));
    idle_ = true;
    at_.idle_.push_back(*this);
    const auto woken = co_await downstream_->readable(deadline);
    order_.unlink();
    idle_ = false;
    co_return woken == net::readiness::ready;
}

// One request, under the policy snapshot that is current when its first byte is read.
net::task<http1::disposition> session::serve_request()
{
    const snapshot_ptr policy = at_.current_;
    if (!space_)
        space_ = at_.workspaces_.take();
    const auto started = at_.now();
    const auto head = co_await read_head(*policy);
    order_.unlink();
    if (!head && head.error() == reason::client_gone) {
        end_unserved(*policy, head.error(), started);
        co_return http1::disposition::close;
    }
    const auto& limits = policy->policy.server.limits;
    ++requests_;
    last_request_ = limits.connection_requests != 0 && requests_ >= limits.connection_requests;
    age_end_ = age_end(limits);
    http::request_framing framing;
    const auto readable = head ? frame(framing) : head;
    http1::client_request request(downstream_, peer_, *space_, *this, framing,
                                  {limits.headers, limits.header_count});
    const exchange_context context{at_, request, *space_, *policy, age_end_, admission_};
    exchange served(context, started);
    try {
        if (readable)
            co_await served.run();
        else
            co_await served.refuse_unread(readable.error(), head.has_value());
    } catch (const std::exception&) {
        served.fail();
        throw;
    }
    co_return request.finish();
}

result<void> session::frame(http::request_framing& out) const
{
    const auto framed = http::frame_request(space_->request);
    if (!framed)
        return framed.error();
    out = *framed;
    return {};
}

bool session::is_due() const noexcept
{
    return last_request_ || at_.leaving() || (age_end_ != net::no_deadline && at_.now() >= age_end_);
}

net::task<result<void>> session::read_head(const snapshot& policy)
{
    const auto& settings = policy.policy.server;
    const http::head_limits limits{settings.limits.headers, settings.limits.header_count};
    const auto deadline = at_.now() + settings.timeouts.headers;
    const auto most = std::max(limits.bytes + 4096, buffer_pool::slice_bytes);
    auto& space = *space_;
    auto filled = space.received.size();
    if (filled > 0)
        space.append_request(0, space.received);
    space.received = {};
    space.upload_bytes.reset();

    std::size_t scanned = 0;
    for (;;) {
        const std::string_view so_far(space.request_bytes.data(), filled);
        const auto size = http::read_request_head(so_far, scanned, limits, space.request);
        if (!size)
            co_return size.error();
        if (*size > 0) {
            space.received = so_far.substr(*size);
            if (filled > body_that_is_large && space.request.method != "GET")
                part_from_body(space, *size, limits);
            co_return {};
        }
        if (filled == most)
            co_return failure(reason::headers_too_large, cause::limits_headers);
        // The bytes are copied to a buffer of their size: a head that comes slowly costs little.
        const auto room = space.buffers.scratch().first(
            std::min(first_read_bytes(space.buffers.pressure()), most - filled));
        const auto got = downstream_->read_some(room);
        if (got.how == net::transfer::status::done) {
            if (at_.refuses_memory(*this))
                co_return failure(reason::memory_limit, cause::limits_memory);
            space.append_request(filled, {room.data(), got.bytes});
            filled += got.bytes;
            continue;
        }
        if (got.how != net::transfer::status::would_block)
            co_return failure(reason::client_gone, filled > 0 ? cause::cut_head : cause::none);
        at_.make_room_for_memory(*this);
        if (!order_.is_linked()) { // a head that comes in many pieces keeps its place
            in_order_since_ = at_.now();
            at_.unfinished_.push_back(*this);
        }
        const auto woken = co_await downstream_->readable(deadline);
        if (woken == net::readiness::timed_out && filled > 0)
            co_return failure(reason::request_timeout, cause::timeouts_headers);
        if (woken != net::readiness::ready)
            co_return failure(reason::client_gone, filled > 0 ? cause::cut_head : cause::none);
    }
}

void session::end_soon_if_idle() noexcept
{
    if (idle_ || linger_order_.is_linked())
        downstream_->move_read_deadline(
            std::min(downstream_->read_deadline(), net::coarse_now() + last_request_timeout));
}

void session::abort() noexcept
{
    downstream_->close();
}

// Frees the memory at once. The coroutine continues later, and then does not use its buffers any more.
void session::give_way(failure why) noexcept
{
    gave_way_ = why;
    order_.unlink();
    end_lingering();
    if (space_)
        space_->clear();
    downstream_->close();
    place_.give_back();
}

} // namespace scopegate::gate
