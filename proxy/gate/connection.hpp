// One client's connection, in any version of HTTP: its place among the worker's connections, its memory, its
// preparation, and its end. A session (http1/session.hpp) reads the requests, and each is served by an
// exchange. Frees itself at its end. While it idles it holds no buffer.
#pragma once

#include "gate/connection_counts.hpp"
#include "gate/workspace.hpp"
#include "net/address.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"
#include "wire/session_host.hpp"

#include <boost/intrusive/list_hook.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace scopegate::gate {

class worker;

class connection final
    : private wire::session_host,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    connection(worker& at, net::stream_ptr downstream, const net::peer& peer, connection_place place);
    ~connection();

    // Runs the connection until it ends; then the object is gone.
    static net::detached run(std::unique_ptr<connection> self);

    // Ends the connection soon where no request is under way and none comes, or where it lingers; otherwise
    // after its request (see worker::leaving).
    void end_soon_if_idle() noexcept;
    // Ends it whatever is under way.
    void abort() noexcept;
    // Closes a connection that idles, lingers or has not sent a whole head, for others that need its place,
    // or its memory. `why`: for the record of what it had begun to send.
    void yield_place(failure why = {reason::memory_limit, cause::limits_memory}) noexcept;

private:
    friend class worker;
    using order_hook =
        boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

    // The memory of a connection (itself, stream, coroutines), and of OpenSSL for it, by measurement.
    static constexpr std::size_t plain_bytes = 1024;
    static constexpr std::size_t handshake_bytes = 44UL * 1024;
    static constexpr std::size_t tls_bytes = 15UL * 1024;

    // A connection that was only just accepted, or whose client may go on, probably has a request under way.
    // A draining gate waits for that request briefly: to close at once would lose it.
    static constexpr std::chrono::milliseconds last_request_timeout{1000};

    // Prepares the connection, and has the session of its version of HTTP serve its requests.
    [[nodiscard]] net::task<void> run_session();
    // gate/preparation.cpp: reads a PROXY header and does the TLS handshake, if the file asks for them.
    // Returns whether the connection goes on.
    [[nodiscard]] net::task<bool> prepare();
    [[nodiscard]] net::task<void> end_unsecured(const snapshot& policy);
    // Ends the record of what did not become a request, and gets no response.
    void record_unserved(const snapshot& policy, failure why, steady_time began) const noexcept;
    // Responds to what stands where the first request should be, and lingers.
    [[nodiscard]] net::task<void> refuse(failure why);
    // Fails with why the connection ends: client_gone without a cause where nothing came at all.
    [[nodiscard]] net::task<result<void>> read_proxy_header(steady_time deadline);
    // Whether the client that a PROXY header named may have one more connection.
    [[nodiscard]] bool count_as_client();
    // Whether a reload has changed the rules that admit connections since this one began.
    [[nodiscard]] bool is_outdated() const noexcept;
    // When limits.connection_age ends the connection.
    [[nodiscard]] steady_time age_end(const policy::size_limits& limits) const noexcept;

    // wire::session_host
    [[nodiscard]] steady_time begin_idle() noexcept override;
    [[nodiscard]] wire::request_start begin_request() override;
    void note_unfinished_head() noexcept override;
    [[nodiscard]] bool refuses_memory() noexcept override;
    [[nodiscard]] net::task<void> serve(wire::client_side& client, wire::request_memory& memory,
                                        const wire::unread_request& unread) override;
    void end_unserved(wire::request_memory& memory, failure why) noexcept override;
    [[nodiscard]] bool is_due() const noexcept override;

    // gate/linger.cpp: after the last response
    [[nodiscard]] net::task<void> linger();
    void begin_lingering() noexcept;
    void end_lingering() noexcept;
    void forget_tls() noexcept;
    // From now on this is what the connection is counted with.
    void count(std::size_t bytes) noexcept;

    worker& at_;
    net::stream_ptr downstream_;
    net::peer peer_;
    steady_time opened_;
    std::unique_ptr<workspace> space_; // while a request is under way, or more has been read already
    connection_place place_;
    const std::uint64_t admission_;          // of the snapshot that the connection began under
    std::size_t requests_ = 0;               // so far
    bool last_request_ = false;              // no other is served
    steady_time age_end_ = net::no_deadline; // of the request that is served
    steady_time in_order_since_{};           // of order_
    order_hook order_;        // in worker::idle_ or worker::unfinished_; unlinked while a request is served
    order_hook linger_order_; // in worker::lingering_, and then in idle_ too
    std::size_t counted_ = plain_bytes; // in the worker's account, beside the workspace
    failure yielded_for_;               // why, or `allowed`
    bool idle_ = true;
    bool prepared_ = false; // the connection speaks HTTP
};

} // namespace scopegate::gate
