// Reads HTTP/1.1 bodies from received bytes and writes them into bytes to send (RFC 9112 sections 6 and 7).
// Pure: uses no socket, and stores no body data.
#pragma once

#include "base/cause.hpp"
#include "http/framing.hpp"
#include "net/gather.hpp"
#include "wire/stream.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::http1 {

// Reads one body.
class body_reader final {
public:
    // Makes the reader of a message without a body.
    body_reader() noexcept = default;
    body_reader(http::body_framing framing, const http::chunk_rules& chunks) noexcept
    {
        begin(framing, chunks);
    }
    // Reads another body from now on.
    void begin(http::body_framing framing, const http::chunk_rules& chunks) noexcept;

    // Moves body data from the front of `received` to `out`, as far as there is room. Bytes of the next
    // message stay in `received`.
    wire::body_state take(std::string_view& received, wire::data& out);
    // Notes that the connection has ended, which completes a body without other framing. Returns whether the
    // body is complete.
    [[nodiscard]] bool end() noexcept;
    // Skips the rest of a body with a length, if `received` holds it. Returns whether the body is complete.
    [[nodiscard]] bool skip(std::string_view& received) noexcept;

    // Returns whether at most `bytes` of the body are missing. Returns false if that is unknown (chunks).
    [[nodiscard]] bool ends_within(std::uint64_t bytes) const noexcept
    {
        return state_ == wire::body_state::complete ||
               (framing_.kind == http::body_kind::length && left_ <= bytes);
    }
    // Makes a body of more than `bytes` too large from now on; 0: no limit.
    void limit(std::uint64_t bytes) noexcept { limit_ = bytes; }
    [[nodiscard]] wire::body_state state() const noexcept { return state_; }
    [[nodiscard]] failure fault() const noexcept { return fault_; }
    [[nodiscard]] std::string_view trailers() const noexcept
    {
        return decoder_ ? decoder_->trailers() : std::string_view{};
    }
    // See http::chunked_decoder::is_repaired.
    [[nodiscard]] bool is_repaired() const noexcept { return decoder_ && decoder_->is_repaired(); }
    // Returns whether the body certainly needs more than `bytes` after the taken ones. For chunks that is
    // known only if no byte is left.
    [[nodiscard]] bool lacks_more_than(std::uint64_t bytes) const noexcept;

private:
    wire::body_state take_chunks(std::string_view& received, wire::data& out);
    void count(std::size_t data) noexcept;

    http::body_framing framing_;
    std::optional<http::chunked_decoder> decoder_; // for a chunked body
    std::uint64_t left_ = 0;                       // missing bytes of a body with a length
    std::uint64_t taken_ = 0;
    std::uint64_t limit_ = 0;
    bool held_ = false; // received bytes were left for the next take()
    wire::body_state state_ = wire::body_state::complete;
    failure fault_ = reason::malformed_request;
};

// Writes one body, unchanged or in chunks. The pieces that it adds to a gather refer to this object.
class body_writer final {
public:
    body_writer() noexcept = default;
    explicit body_writer(bool chunked) noexcept : chunked_(chunked) {}

    // The number of pieces that add() needs besides those of the data.
    static constexpr std::size_t framing_pieces = 4;
    // `out` must have room for the data and its framing, and no chunk of an earlier call may be unsent.
    void add(const wire::data& d, bool last, std::string_view trailers, net::gather& out) noexcept;
    [[nodiscard]] bool is_chunked() const noexcept { return chunked_; }
    // Returns whether the last data was added.
    [[nodiscard]] bool is_finished() const noexcept { return finished_; }

private:
    bool chunked_ = false;
    bool finished_ = false;
    std::array<char, 20> size_text_{};
};

} // namespace scopegate::http1
