// The requests of one HTTP/1.1 connection, one after the other: reads their heads, frames them, and keeps the
// connection for the next one or says how it ends. The host (wire/session_host.hpp) serves them.
#pragma once

#include "base/errc.hpp"
#include "net/address.hpp"
#include "net/scheduler.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"
#include "wire/session_host.hpp"

#include <cstddef>

namespace scopegate::http1 {

// Confined to the worker's thread. Everything that the constructor borrows must outlive the object.
class session final {
public:
    session(net::stream_ptr connection, const net::peer& peer, net::scheduler& scheduler,
            wire::session_host& host) noexcept
        : connection_(std::move(connection)), peer_(peer), scheduler_(scheduler), host_(host)
    {
    }

    // Serves requests until the connection ends. Returns how it ends, which is never keep_alive.
    [[nodiscard]] net::task<wire::disposition> run();
    // Responds to a connection that is refused before its first request, or to what stands in the place of
    // that request. The connection lingers afterwards.
    [[nodiscard]] net::task<void> refuse(failure why);

private:
    struct head_progress;

    [[nodiscard]] bool is_pipelined() const noexcept
    {
        return memory_ != nullptr && !memory_->received.empty();
    }
    [[nodiscard]] bool owes_pause() noexcept;
    [[nodiscard]] net::task<wire::disposition> serve_request();
    [[nodiscard]] result<bool> read_head(head_progress& head);
    [[nodiscard]] net::task<result<bool>> read_rest(head_progress& head);

    net::stream_ptr connection_;
    const net::peer& peer_;
    net::scheduler& scheduler_;
    wire::session_host& host_;
    wire::request_memory* memory_ = nullptr; // while a request is under way, or the next one was read already
    int without_wait_ = 0;                   // requests that had come before they were waited for
};

} // namespace scopegate::http1
