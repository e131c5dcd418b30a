// The memory that one request needs while it is under way: buffers, parsed heads, scratch. A connection
// borrows one from its worker when its first byte comes and gives it back when it idles, so that an idle
// connection costs next to nothing.
#pragma once

#include "gate/authorize.hpp"
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
    // Buffers are not touched before they are used: what is not needed costs no memory.
    explicit workspace(std::size_t head_bytes)
        : buffer_bytes(std::max<std::size_t>(head_bytes + 4096, slice_bytes)),
          request_bytes(std::make_unique_for_overwrite<char[]>(buffer_bytes)),
          upload_bytes(std::make_unique_for_overwrite<char[]>(buffer_bytes)),
          response_bytes(std::make_unique_for_overwrite<char[]>(buffer_bytes))
    {
    }

    [[nodiscard]] std::span<char> request_buffer() noexcept { return {request_bytes.get(), buffer_bytes}; }
    [[nodiscard]] std::span<char> upload_buffer() noexcept { return {upload_bytes.get(), buffer_bytes}; }
    [[nodiscard]] std::span<char> response_buffer() noexcept { return {response_bytes.get(), buffer_bytes}; }

    // A slice of a body, with what frames it, is what the kernel makes one packet of (65,160 bytes at most, of
    // segments of 1,448). A slice of 64 KiB leaves a stump for a packet of its own, which costs as much as a
    // whole one: uploads took half as much time again.
    static constexpr std::size_t slice_bytes = 63UL * 1024;

    const std::size_t buffer_bytes;
    std::unique_ptr<char[]> request_bytes;  // a request's head, and what came with it
    std::unique_ptr<char[]> upload_bytes;   // the rest of its body
    std::unique_ptr<char[]> response_bytes; // the answer

    std::string_view received; // read from downstream and not dealt with; in request_bytes or upload_bytes
    http::request_head request;
    http::response_head response;
    authorize_scratch scratch;
    std::string lines; // the field lines that we add to a request
    std::string answer_lines; // the same of an answer
    std::string query;        // of a target, without the token that was in it
    net::gather to_upstream;
    net::gather to_downstream;
};

// Confined to its worker's thread.
class workspace_pool final {
public:
    explicit workspace_pool(std::size_t head_bytes) : head_bytes_(head_bytes) {}

    [[nodiscard]] std::unique_ptr<workspace> take()
    {
        if (spare_.empty())
            return std::make_unique<workspace>(head_bytes_);
        auto taken = std::move(spare_.back());
        spare_.pop_back();
        return taken;
    }
    void give(std::unique_ptr<workspace> w)
    {
        w->received = {}; // what a caller left unread must never be the next caller's request
        if (spare_.size() < spare_most && w->buffer_bytes >= head_bytes_)
            spare_.push_back(std::move(w));
    }
    // The heads of later requests may be this long (after a reload).
    void set_head_bytes(std::size_t bytes) noexcept { head_bytes_ = bytes; }

private:
    static constexpr std::size_t spare_most = 64;
    std::size_t head_bytes_;
    std::vector<std::unique_ptr<workspace>> spare_;
};

} // namespace scopegate::gate
