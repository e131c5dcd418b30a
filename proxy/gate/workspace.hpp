// The memory of one request in progress: buffers, parsed heads and scratch. A connection borrows a workspace
// from its worker when its first byte arrives and returns it when it idles, so that an idle connection costs
// next to nothing.
#pragma once

#include "access/evaluation.hpp"
#include "base/clock.hpp"
#include "gate/exchange.hpp"
#include "gate/snapshot.hpp"
#include "net/buffer.hpp"
#include "wire/request_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::gate {

using net::buffer;
using net::buffer_pool;

struct workspace : wire::request_memory {
    // The approximate memory of a workspace besides its buffers: itself and its lists.
    static constexpr std::size_t own_bytes = 6144;

    explicit workspace(buffer_pool& pool) : request_memory(pool) { buffers.count(own_bytes); }
    ~workspace() { buffers.uncount(own_bytes); }
    workspace(const workspace&) = delete;
    workspace& operator=(const workspace&) = delete;

    // Begins a request, which keeps the policy snapshot until the next one begins, or end().
    void begin(const snapshot_ptr& current, steady_time first_byte) noexcept
    {
        served.reset();
        policy = current;
        started = first_byte;
    }
    // Frees what only the last request needed.
    void end() noexcept
    {
        served.reset();
        policy.reset();
    }
    // Gives the buffers back, except for a small one of the request. Forgets bytes that a client left unread:
    // they must never become the next client's request.
    void clear() noexcept;

    access::access_scratch scratch;
    std::string request_lines;      // the field lines that we add to a request
    std::string response_own_lines; // the field lines that we add to a response
    std::string query;              // a target's query, without the token that was in it

    snapshot_ptr policy;
    steady_time started{};          // when the request's first byte came
    std::optional<exchange> served; // after `policy`, which it uses
};

// Confined to its worker's thread.
class workspace_pool final {
public:
    explicit workspace_pool(memory_account* account = nullptr) : buffers_(account)
    {
        spare_.reserve(max_spare); // so that give() never allocates
    }

    [[nodiscard]] buffer_pool& buffers() noexcept { return buffers_; }

    // Returns a spare workspace, or a new one. Throws std::bad_alloc.
    [[nodiscard]] std::unique_ptr<workspace> take();
    // Ends its request and clears it, and keeps it unless enough are spare or memory is short.
    void give(std::unique_ptr<workspace> w) noexcept;
    // Frees half of the workspaces unused since the last call, or all spare ones if memory is short.
    void free_unused() noexcept;

private:
    static constexpr std::size_t max_spare = 64;
    buffer_pool buffers_;
    std::vector<std::unique_ptr<workspace>> spare_;
    std::size_t unused_ = 0; // the smallest number of spare ones since the last free_unused()
};

} // namespace scopegate::gate
