// The contract between a client's connection and the session that speaks one version of HTTP on it. The
// session reads requests, and says when the connection ends. The host owns the connection: it decides how
// long to wait, lends memory, and serves requests. The session never sees a policy, a worker or a log.
#pragma once

#include "base/cause.hpp"
#include "base/clock.hpp"
#include "http/head_parser.hpp"
#include "net/task.hpp"
#include "wire/client.hpp"
#include "wire/request_memory.hpp"

#include <cstdint>

namespace scopegate::wire {

// The fate of the connection after an exchange. `linger`: it closes, but first reads on, so that a client
// that is still sending gets its response.
enum class disposition : std::uint8_t { keep_alive, close, linger, reset };

// Decides whether a connection ends with its next response.
class connection_end {
public:
    [[nodiscard]] virtual bool is_due() const noexcept = 0;

protected:
    ~connection_end() = default;
};

// The resources and bounds that a request begins with. The bounds of its head are those of the policy under
// which it begins.
struct request_start {
    request_memory* memory = nullptr; // null: the connection serves no further request, and lingers
    http::head_limits limits;
    steady_time head_deadline{};
};

// Tells whether the input is a request that can be served, and otherwise why not.
struct unread_request {
    failure why = reason::allowed; // `allowed`: it can be served
    bool has_head = true;          // the whole head was read, and its fields are what the client sent
};

// Confined to the worker's thread.
class session_host : public connection_end {
public:
    // The session begins to wait for its next request, and returns all memory. Until begin_request() the host
    // may close the connection for others. Returns when the wait ends.
    [[nodiscard]] virtual steady_time begin_idle() noexcept = 0;
    // The first byte of a request has come. The memory is lent until begin_idle(), or until the session ends.
    [[nodiscard]] virtual request_start begin_request() = 0;
    // The session waits for the rest of a head. Until the request is served or ends, the host may close the
    // connection for others, and takes the contents of its memory back.
    virtual void note_unfinished_head() noexcept = 0;
    // Returns whether memory is too short for this request, which then gets memory_limit.
    [[nodiscard]] virtual bool refuses_memory() noexcept = 0;
    // Serves a request, or responds to an unread one. `client` and `memory` outlive the task.
    [[nodiscard]] virtual net::task<void> serve(client_side& client, request_memory& memory,
                                                const unread_request& unread) = 0;
    // Ends a request that gets no response, because its client is gone. Without a cause nothing of it came.
    virtual void end_unserved(request_memory& memory, failure why) noexcept = 0;

protected:
    ~session_host() = default;
};

} // namespace scopegate::wire
