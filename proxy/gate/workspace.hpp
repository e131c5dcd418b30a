// The memory that one request needs while it is under way: buffers, parsed heads, scratch. A connection
// borrows one from its worker when its first byte comes and gives it back when it idles, so that an idle
// connection costs next to nothing.
#pragma once

#include "access/evaluation.hpp"
#include "gate/buffer.hpp"
#include "http/head_parser.hpp"
#include "net/gather.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::gate {

struct workspace {
    // The memory of a workspace beside its buffers, about: itself and its lists.
    static constexpr std::size_t own_bytes = 6144;

    explicit workspace(buffer_pool& pool) : buffers(pool) { buffers.count(own_bytes); }
    ~workspace() { buffers.uncount(own_bytes); }
    workspace(const workspace&) = delete;
    workspace& operator=(const workspace&) = delete;

    // Puts `bytes` behind the first `filled` bytes of the request's buffer, which grows where they do not
    // fit: views into it end then. `bytes` may lie in another buffer of ours, or in this one behind `filled`.
    void append_request(std::size_t filled, std::string_view bytes);

    // Gives the buffers back, but for a small one of the request. Forgets bytes that a client left unread:
    // they must never be the next client's request.
    void clear() noexcept;

    buffer_pool& buffers;
    buffer request_bytes;  // a request's head, and what came with it
    buffer upload_bytes;   // a slice of the rest of its body
    buffer response_bytes; // the response's head, or a slice of its body

    std::string_view received; // read from downstream and not dealt with; in request_bytes or upload_bytes
    http::request_head request;
    http::response_head response;
    access::access_scratch scratch;
    std::string lines;          // the field lines that we add to a request
    std::string response_lines; // the same of an answer
    std::string query;          // of a target, without the token that was in it
    net::gather to_upstream;
    net::gather to_downstream;
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
