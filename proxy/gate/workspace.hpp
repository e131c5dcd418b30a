// The memory that one request needs while it is under way: buffers, parsed heads, scratch. A connection
// borrows one from its worker when its first byte comes and gives it back when it idles, so that an idle
// connection costs next to nothing.
#pragma once

#include "access/evaluation.hpp"
#include "http1/client_request.hpp"
#include "net/buffer.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::gate {

using net::buffer;
using net::buffer_pool;

struct workspace : http1::request_memory {
    // The memory of a workspace beside its buffers, about: itself and its lists.
    static constexpr std::size_t own_bytes = 6144;

    explicit workspace(buffer_pool& pool) : request_memory(pool) { buffers.count(own_bytes); }
    ~workspace() { buffers.uncount(own_bytes); }
    workspace(const workspace&) = delete;
    workspace& operator=(const workspace&) = delete;

    // Puts `bytes` behind the first `filled` bytes of the request's buffer, which grows where they do not
    // fit: views into it end then. `bytes` may lie in another buffer of ours, or in this one behind `filled`.
    void append_request(std::size_t filled, std::string_view bytes);

    // Gives the buffers back, but for a small one of the request. Forgets bytes that a client left unread:
    // they must never be the next client's request.
    void clear() noexcept;

    access::access_scratch scratch;
    std::string request_lines;      // the field lines that we add to a request
    std::string response_own_lines; // the same of a response
    std::string query;              // of a target, without the token that was in it
};

// Confined to its worker's thread.
class workspace_pool final {
public:
    explicit workspace_pool(memory_account* account = nullptr) : buffers_(account)
    {
        spare_.reserve(spare_most); // so that giving back never allocates
    }

    [[nodiscard]] buffer_pool& buffers() noexcept { return buffers_; }

    [[nodiscard]] std::unique_ptr<workspace> take();
    void give(std::unique_ptr<workspace> w) noexcept;
    // Frees half of what has lain unused since the last call; all of it where memory is short.
    void free_unused() noexcept;

private:
    static constexpr std::size_t spare_most = 64;
    buffer_pool buffers_;
    std::vector<std::unique_ptr<workspace>> spare_;
    std::size_t unused_ = 0; // the fewest spare ones since the last free_unused()
};

} // namespace scopegate::gate
