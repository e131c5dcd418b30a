// WebSocket frames: however the bytes are split, the tracker finds the same boundaries as a plain reader of
// RFC 6455, and misses none.
#include "fuzz/fuzz.hpp"

#include "http/websocket.hpp"

#include <algorithm>
#include <vector>

namespace http = scopegate::http;
using scopegate::fuzz::check;

namespace {

std::vector<std::size_t> ends(std::string_view bytes, std::size_t piece_size)
{
    http::frame_tracker frames;
    std::vector<std::size_t> out;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto piece = bytes.substr(at, piece_size);
        const auto used = frames.advance_to_boundary(piece);
        check(used > 0 && used <= piece.size() && (used == piece.size() || frames.at_boundary()));
        at += used;
        if (frames.at_boundary())
            out.push_back(at);
    }
    return out;
}

// Reads frame by frame (section 5.2), with all bytes at hand.
std::vector<std::size_t> plainly_read(std::string_view bytes)
{
    const auto byte = [&](std::size_t at) { return std::uint64_t{static_cast<unsigned char>(bytes[at])}; };
    std::vector<std::size_t> out;
    for (std::size_t at = 0; at + 2 <= bytes.size();) {
        const auto short_length = byte(at + 1) & 0x7F;
        const std::size_t more = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
        const std::size_t header = 2 + more + ((byte(at + 1) & 0x80) != 0 ? 4 : 0);
        if (at + header > bytes.size())
            break;
        std::uint64_t length = more == 0 ? short_length : 0;
        for (std::size_t i = 0; i < more; ++i)
            length = length << 8U | byte(at + 2 + i);
        if (length > bytes.size() - at - header)
            break;
        at += header + length;
        out.push_back(at);
    }
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto bytes = scopegate::fuzz::text_of(data, size);
    const auto whole = plainly_read(bytes);
    check(whole == ends(bytes, std::max<std::size_t>(size, 1)));
    check(whole == ends(bytes, 1));
    check(whole == ends(bytes, 1 + size % 7));
    http::frame_tracker frames;
    frames.advance(bytes);
    check(frames.at_boundary() == (bytes.empty() || (!whole.empty() && whole.back() == size)));
    const auto frame = http::close_frame(http::policy_violation, bytes.substr(0, 123));
    check(plainly_read(frame) == std::vector{frame.size()});
    return 0;
}
