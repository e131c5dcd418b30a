#include "http1/session.hpp"

#include "http/framing.hpp"
#include "http1/client_request.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::http1 {

using wire::disposition;

namespace {

// Requests that a client sent without waiting for responses; then other connections continue first. (It also
// unwinds the stack, which a compiler without tail calls, as under a sanitizer, would fill.)
constexpr int max_without_wait = 16;

// A head of more bytes than this, with the body behind it, is separated from the body: more of the body will
// probably come, and this memory would be held for as long as the request.
constexpr std::size_t max_shared_bytes = 8UL * 1024;

// Returns how much is read with a head: as much as a slice of a body, and less when memory is short.
std::size_t first_read_bytes(memory_pressure pressure) noexcept
{
    switch (pressure) {
    case memory_pressure::low:
        return net::buffer_pool::slice_bytes;
    case memory_pressure::raised:
        return 16384;
    case memory_pressure::high:
    case memory_pressure::full:
        break;
    }
    return net::buffer_pool::min_bytes;
}

// The head is kept for as long as its request, the bytes behind it only until they are forwarded.
void separate_body(wire::request_memory& memory, std::size_t head_bytes, const http::head_limits& limits)
{
    auto body = memory.buffers.take(memory.received.size());
    std::copy(memory.received.begin(), memory.received.end(), body.data());
    auto head = memory.buffers.take(head_bytes);
    std::copy_n(memory.request_bytes.data(), head_bytes, head.data());
    memory.received = {body.data(), memory.received.size()};
    memory.upload_bytes = std::move(body);
    memory.request_bytes = std::move(head);
    std::size_t scanned = 0;
    static_cast<void>(
        http::read_request_head({memory.request_bytes.data(), head_bytes}, scanned, limits, memory.request));
}

} // namespace

// How far a head has been read.
struct session::head_progress {
    const wire::request_start& start;
    std::size_t filled = 0;  // bytes of request_memory::request_bytes
    std::size_t scanned = 0; // see http::read_request_head

    [[nodiscard]] std::size_t max_bytes() const noexcept
    {
        return std::max(start.limits.bytes + 4096, net::buffer_pool::slice_bytes);
    }
    // Returns why no more of it comes.
    [[nodiscard]] failure cut() const noexcept
    {
        return {reason::client_gone, filled > 0 ? cause::cut_head : cause::none};
    }
};

net::task<disposition> session::run()
{
    for (;;) {
        if (owes_pause())
            co_await scheduler_.yield();
        if (!is_pipelined()) {
            memory_ = nullptr;
            const auto woken = co_await connection_->readable(host_.begin_idle());
            if (woken != net::readiness::ready)
                co_return disposition::close;
        }
        const auto end = co_await serve_request();
        if (end != disposition::keep_alive)
            co_return end;
    }
}

bool session::owes_pause() noexcept
{
    const bool has_come = is_pipelined() || connection_->read_pending();
    without_wait_ = has_come ? without_wait_ + 1 : 0;
    if (without_wait_ < max_without_wait)
        return false;
    without_wait_ = 0;
    return true;
}

net::task<disposition> session::serve_request()
{
    const auto start = host_.begin_request();
    if (start.memory == nullptr)
        co_return disposition::linger;
    memory_ = start.memory;
    head_progress progress{start};
    auto head = read_head(progress);
    if (head && !*head)
        head = co_await read_rest(progress);
    if (!head && head.error() == reason::client_gone) {
        host_.end_unserved(*memory_, head.error());
        co_return disposition::close;
    }
    wire::unread_request unread{head ? failure(reason::allowed) : head.error(), head.has_value()};
    http::request_framing framing;
    if (head) {
        if (auto framed = http::frame_request(memory_->request); framed)
            framing = *framed;
        else
            unread.why = framed.error();
    }
    client_request request(connection_, peer_, *memory_, host_, framing, start.limits);
    co_await host_.serve(request, *memory_, unread);
    co_return request.finish();
}

net::task<void> session::refuse(failure why)
{
    const auto start = host_.begin_request();
    start.memory->request = {}; // another client's, from the connection that had this memory before
    client_request request(connection_, peer_, *start.memory, host_);
    const wire::unread_request unread{why, false};
    co_await host_.serve(request, *start.memory, unread);
}

// Reads what has come, without waiting. Returns whether the head is whole, and fails with what is wrong with
// it. client_gone: there is nobody to respond to.
result<bool> session::read_head(head_progress& head)
{
    auto& memory = *memory_;
    const auto& limits = head.start.limits;
    if (head.filled == 0) { // bytes that came with the last request
        head.filled = memory.received.size();
        if (head.filled > 0)
            memory.append_request(0, memory.received);
        memory.received = {};
        memory.upload_bytes.reset();
    }
    for (;;) {
        const std::string_view so_far(memory.request_bytes.data(), head.filled);
        const auto size = http::read_request_head(so_far, head.scanned, limits, memory.request);
        if (!size)
            return size.error();
        if (*size > 0) {
            memory.received = so_far.substr(*size);
            if (head.filled > max_shared_bytes && memory.request.method != "GET")
                separate_body(memory, *size, limits);
            return true;
        }
        if (head.filled == head.max_bytes())
            return failure(reason::headers_too_large, cause::limits_headers);
        // The bytes are copied to a buffer of their size: a head that comes slowly costs little.
        const auto room = memory.buffers.scratch().first(
            std::min(first_read_bytes(memory.buffers.pressure()), head.max_bytes() - head.filled));
        const auto got = connection_->read_some(room);
        if (got.how == net::transfer::status::would_block)
            return false;
        if (got.how != net::transfer::status::done)
            return head.cut();
        if (host_.refuses_memory())
            return failure(reason::memory_limit, cause::limits_memory);
        memory.append_request(head.filled, {room.data(), got.bytes});
        head.filled += got.bytes;
    }
}

net::task<result<bool>> session::read_rest(head_progress& head)
{
    for (;;) {
        host_.note_unfinished_head();
        const auto woken = co_await connection_->readable(head.start.head_deadline);
        if (woken == net::readiness::timed_out && head.filled > 0)
            co_return failure(reason::request_timeout, cause::timeouts_headers);
        if (woken != net::readiness::ready)
            co_return head.cut();
        const auto whole = read_head(head);
        if (!whole || *whole)
            co_return whole;
    }
}

} // namespace scopegate::http1
