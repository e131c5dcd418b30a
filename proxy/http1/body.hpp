// Bodies in HTTP/1.1 (RFC 9112 sections 6 and 7): out of the received bytes, and into the bytes to send.
// Pure: no socket and no memory of its own but for the frame of a chunk.
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
    // A message without a body.
    body_reader() noexcept = default;
    body_reader(http::body_framing framing, const http::chunk_rules& chunks) noexcept
    {
        begin(framing, chunks);
    }
    // Reads another body from now on.
    void begin(http::body_framing framing, const http::chunk_rules& chunks) noexcept;

    // Takes the body's data from the front of `received`, as far as `out` has room; what belongs to the next
    // message stays.
    wire::body_state take(std::string_view& received, wire::data& out);
    // The connection has ended, which completes a body that is framed by that. Returns whether it is
    // complete.
    [[nodiscard]] bool end() noexcept;
    // Skips the rest of the body, if it lies in `received`; returns whether it did.
    [[nodiscard]] bool skip(std::string_view& received) noexcept;

    // Whether the rest of the body lies in so many bytes. Unknown of chunks: false.
    [[nodiscard]] bool ends_within(std::uint64_t bytes) const noexcept
    {
        return state_ == wire::body_state::complete ||
               (framing_.kind == http::body_kind::length && left_ <= bytes);
    }
    // From now on a body of more than `bytes` is too large; 0: no limit.
    void limit(std::uint64_t bytes) noexcept { limit_ = bytes; }
    [[nodiscard]] wire::body_state state() const noexcept { return state_; }
    [[nodiscard]] failure fault() const noexcept { return fault_; }
    [[nodiscard]] std::string_view trailers() const noexcept
    {
        return decoder_ ? decoder_->trailers() : std::string_view{};
    }
    // See http::chunked_decoder::is_repaired.
    [[nodiscard]] bool is_repaired() const noexcept { return decoder_ && decoder_->is_repaired(); }
    // Whether the body certainly needs more than `bytes` behind what was taken. Unknown of chunks, unless
    // nothing is there.
    [[nodiscard]] bool lacks_more_than(std::uint64_t bytes) const noexcept;

private:
    wire::body_state take_chunks(std::string_view& received, wire::data& out);
    void count(std::size_t data) noexcept;

    http::body_framing framing_;
    std::optional<http::chunked_decoder> decoder_; // of a chunked body
    std::uint64_t left_ = 0;                       // of a body with a length
    std::uint64_t taken_ = 0;
    std::uint64_t limit_ = 0;
    bool held_ = false; // received bytes were left for the next take()
    wire::body_state state_ = wire::body_state::complete;
    failure fault_ = reason::malformed_request;
};

// Writes one body: as it is, or in chunks. Prepares pieces for a gather, which refer to this object.
class body_writer final {
public:
    body_writer() noexcept = default;
    explicit body_writer(bool chunked) noexcept : chunked_(chunked) {}

    // The pieces that add() needs beside those of the data.
    static constexpr std::size_t framing_pieces = 4;
    // The gather must have room for the data and the framing, and nothing of an earlier call may be unsent.
    void add(const wire::data& d, bool last, std::string_view trailers, net::gather& out) noexcept;
    [[nodiscard]] bool is_chunked() const noexcept { return chunked_; }
    // Whether the last data was added.
    [[nodiscard]] bool is_finished() const noexcept { return finished_; }

private:
    bool chunked_ = false;
    bool finished_ = false;
    std::array<char, 20> size_text_{};
};

} // namespace scopegate::http1
