// Bodies, streamed with back-pressure: what was read is sent before more is read, and nothing is ever held
// whole. One reader of framed bodies serves both directions.
#pragma once

#include "gate/buffer.hpp"
#include "gate/least_rate.hpp"
#include "http/framing.hpp"
#include "net/gather.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::gate {

// How a body's transfer ended.
enum class relay_end : std::uint8_t {
    complete,
    source_late,      // nothing came for too long
    source_slow,      // too little came in a long time
    source_cut,       // the source ended or failed before the body did
    source_malformed, // bad chunked coding
    too_large,
    sink_late, // the sink took nothing for too long
    sink_gone,
    expired, // the token that it was permitted with
};

// One body on its way. `unframe` reads pieces out of what was received; `relay_body` does the rest.
class body_relay final {
public:
    // How the body is sent on: as it is (a length, or until close), or in chunks of our own.
    body_relay(http::body_framing framing, bool chunked_out, std::uint64_t limit,
               const http::chunk_rules& chunks = {}) noexcept;

    // Takes received bytes and adds what they carry to `out`, in the sink's coding; the views point into
    // `received` and this object. Sets `consumed` to how many bytes belong to this body and were dealt with;
    // call again with the rest when that is not all and the body is not complete (`out` was full). False
    // where the body breaks its framing or the limit (see failure()).
    [[nodiscard]] bool unframe(std::string_view received, std::size_t& consumed, net::gather& out);
    // The source has closed: completes a body that is framed by that, and adds the last chunk to `out` where
    // it is needed.
    void source_ended(net::gather& out);

    [[nodiscard]] bool complete() const noexcept { return complete_; }
    // Whether the body certainly needs more than `bytes` behind what was received. Unknown of chunks, unless
    // nothing is there.
    [[nodiscard]] bool lacks_more_than(std::uint64_t bytes) const noexcept
    {
        if (framing_.kind == http::body_kind::length)
            return left_ > bytes;
        return !complete_ && !held_ && bytes == 0;
    }
    [[nodiscard]] relay_end failure() const noexcept { return failure_; }
    // The fault of its chunks, where failure() is source_malformed.
    [[nodiscard]] scopegate::failure fault() const noexcept { return fault_; }
    // See http::chunked_decoder::is_repaired.
    [[nodiscard]] bool is_repaired() const noexcept { return decoder_.is_repaired(); }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    // The trailer section goes on behind the last chunk, but for what no trailer may say
    // (http::keeps_trailer), the identity headers of these names, and what the head's Connection named.
    // Without this call it is dropped.
    void pass_trailers(std::span<const std::string> identity, std::vector<std::string> named) noexcept
    {
        pass_trailers_ = true;
        identity_ = identity;
        named_ = std::move(named);
    }

private:
    [[nodiscard]] bool count(std::size_t data) noexcept;
    void finish(net::gather& out);

    http::body_framing framing_;
    http::chunked_decoder decoder_;
    std::uint64_t left_;
    std::uint64_t bytes_ = 0;
    std::uint64_t limit_; // 0: none
    bool chunked_out_;
    bool complete_ = false;
    bool held_ = false; // received bytes were left for the next unframe()
    bool pass_trailers_ = false;
    std::span<const std::string> identity_;
    std::vector<std::string> named_;
    relay_end failure_ = relay_end::complete;
    scopegate::failure fault_ = reason::malformed_request;
    std::array<char, 20> size_text_{};
    std::string last_chunk_;
};

struct relay_timeouts {
    std::chrono::milliseconds source;         // between two reads
    std::chrono::milliseconds sink;           // between two writes
    steady_time not_after = net::no_deadline; // when it ends whatever is on its way
    least_rate* rate = nullptr;               // of the source; null: it may be as slow as it likes
    bool grows = false; // slices begin small (slice_growth), and little is held while the sink is slow
};

// Moves the rest of a body from `source` to `sink`, beginning with the `received` bytes, and after `out` has
// been sent (a head, or nothing). Reads into `slice`, where `received` may lie; it is empty while nothing
// waits to be sent. `leftover` receives what was read beyond the body: a view into `slice`, or of `received`.
// Each wait follows the timeouts as they stand when the wait begins. Returns `complete`, or why the transfer
// ended.
[[nodiscard]] net::task<relay_end> relay_body(body_relay& body, net::stream& source, net::stream& sink,
                                              buffer_pool& buffers, buffer& slice, std::string_view received,
                                              net::gather& out, const relay_timeouts& timeouts,
                                              std::string_view& leftover);

} // namespace scopegate::gate
