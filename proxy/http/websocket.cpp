#include "http/websocket.hpp"

#include <algorithm>

namespace scopegate::http {

namespace {

constexpr std::uint8_t close_opcode = 0x8;

// Returns the size of a frame's header, given its first two bytes.
std::size_t header_size(const std::uint8_t* header) noexcept
{
    const unsigned length = header[1] & 0x7FU;
    return 2U + (length == 126 ? 2U : length == 127 ? 8U : 0U) + ((header[1] & 0x80U) != 0 ? 4U : 0U);
}

std::uint64_t payload_size(const std::uint8_t* header) noexcept
{
    const unsigned length = header[1] & 0x7FU;
    if (length < 126)
        return length;
    std::uint64_t size = 0;
    for (unsigned i = 0; i < (length == 126 ? 2U : 8U); ++i)
        size = (size << 8U) | header[2 + i];
    return size;
}

} // namespace

std::size_t frame_tracker::advance_to_boundary(std::string_view bytes) noexcept
{
    std::size_t used = 0;
    while (used < bytes.size()) {
        if (left_ > 0) {
            const auto taken = std::min<std::uint64_t>(left_, bytes.size() - used);
            left_ -= taken;
            used += static_cast<std::size_t>(taken);
        } else {
            header_[header_bytes_++] = static_cast<std::uint8_t>(bytes[used++]);
            if (header_bytes_ < 2 || header_bytes_ < header_size(header_))
                continue;
            left_ = payload_size(header_);
            close_ = close_ || (header_[0] & 0x0FU) == close_opcode;
            header_bytes_ = 0;
        }
        if (at_boundary())
            return used;
    }
    return used;
}

void frame_tracker::advance(std::string_view bytes) noexcept
{
    while (!bytes.empty())
        bytes.remove_prefix(advance_to_boundary(bytes));
}

std::string close_frame(std::uint16_t code, std::string_view reason)
{
    reason = reason.substr(0, 123);
    std::string frame;
    frame += static_cast<char>(0x88); // FIN, close
    frame += static_cast<char>(reason.size() + 2);
    frame += static_cast<char>(code >> 8U);
    frame += static_cast<char>(code & 0xFFU);
    frame += reason;
    return frame;
}

std::string masked_close_frame(std::uint16_t code, std::string_view reason, const std::array<char, 4>& key)
{
    const auto plain = close_frame(code, reason);
    std::string frame = plain.substr(0, 2);
    frame[1] = static_cast<char>(static_cast<std::uint8_t>(frame[1]) | 0x80U);
    frame.append(key.data(), key.size());
    for (std::size_t i = 2; i < plain.size(); ++i)
        frame += static_cast<char>(static_cast<std::uint8_t>(plain[i]) ^
                                   static_cast<std::uint8_t>(key[(i - 2) % key.size()]));
    return frame;
}

} // namespace scopegate::http
