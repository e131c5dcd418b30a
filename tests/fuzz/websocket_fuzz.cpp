// WebSocket frames: however the bytes are split, the same boundaries are found, and none is passed over.
#include "http/websocket.hpp"

#include <cstdlib>
#include <vector>

namespace http = scopegate::http;

namespace {

void check(bool holds)
{
    if (!holds)
        std::abort();
}

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

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = ends(bytes, bytes.size());
    check(whole == ends(bytes, 1));
    check(whole == ends(bytes, 1U + data[0]));
    http::frame_tracker frames;
    frames.advance(bytes);
    check(frames.at_boundary() == (bytes.empty() || (!whole.empty() && whole.back() == bytes.size())));
    return 0;
}
