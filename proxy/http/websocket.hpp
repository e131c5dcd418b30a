// The part of WebSocket framing (RFC 6455 section 5) that a tunnel needs to close cleanly: the boundaries
// between frames, and the close frame itself. Payloads are never read.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace scopegate::http {

// Follows the frames of one direction. Accepts any bytes; the boundaries are meaningless if they are not
// WebSocket frames.
class frame_tracker final {
public:
    // Returns whether all bytes so far form whole frames, so that a control frame may be inserted here.
    [[nodiscard]] bool at_boundary() const noexcept { return header_bytes_ == 0 && left_ == 0; }
    // Follows the bytes up to the first boundary after their start, or all of them without such a boundary.
    // Returns how many bytes it followed.
    std::size_t advance_to_boundary(std::string_view bytes) noexcept;
    // Follows all bytes.
    void advance(std::string_view bytes) noexcept;
    // Returns whether a close frame has begun, after which this direction ends by itself.
    [[nodiscard]] bool has_close() const noexcept { return close_; }

private:
    std::uint8_t header_[14] = {};
    std::uint8_t header_bytes_ = 0; // of an unfinished header
    std::uint64_t left_ = 0;        // of the payload
    bool close_ = false;
};

// Returns an unmasked close frame, as a server sends it. `reason` is at most 123 bytes of UTF-8.
[[nodiscard]] std::string close_frame(std::uint16_t code, std::string_view reason);

// Returns a close frame as a client sends it, masked with `key`, which must not be predictable (RFC 6455
// section 5.3).
[[nodiscard]] std::string masked_close_frame(std::uint16_t code, std::string_view reason,
                                             const std::array<char, 4>& key);

inline constexpr std::uint16_t going_away = 1001; // RFC 6455 section 7.4.1
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t unexpected_condition = 1011;

} // namespace scopegate::http
