// As much of WebSocket framing (RFC 6455 section 5) as a tunnel needs that wants to say goodbye: where one
// frame ends and the next begins, and the close frame itself. Payloads are never looked at.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace scopegate::http {

// Follows the frames of one direction. Any bytes are taken: what is no WebSocket gives boundaries that mean
// nothing.
class frame_tracker final {
public:
    // Whether all bytes so far were whole frames, so that a control frame may be put in here.
    [[nodiscard]] bool at_boundary() const noexcept { return header_bytes_ == 0 && left_ == 0; }
    // Follows the bytes up to the first boundary behind their start, or all of them where there is none;
    // returns how many.
    std::size_t advance_to_boundary(std::string_view bytes) noexcept;
    // Follows all of them.
    void advance(std::string_view bytes) noexcept;
    // Whether a close frame has begun: this direction ends by itself.
    [[nodiscard]] bool has_close() const noexcept { return close_; }

private:
    std::uint8_t header_[14] = {};
    std::uint8_t header_bytes_ = 0; // of an unfinished header
    std::uint64_t left_ = 0;        // of the payload
    bool close_ = false;
};

// An unmasked (server's) close frame. `reason` is at most 123 bytes of UTF-8.
[[nodiscard]] std::string close_frame(std::uint16_t code, std::string_view reason);

// The same as a client sends it, masked with `key`, which must not be predictable (RFC 6455 section 5.3).
[[nodiscard]] std::string masked_close_frame(std::uint16_t code, std::string_view reason,
                                             const std::array<char, 4>& key);

inline constexpr std::uint16_t going_away = 1001; // RFC 6455 section 7.4.1
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t unexpected_condition = 1011;

} // namespace scopegate::http
