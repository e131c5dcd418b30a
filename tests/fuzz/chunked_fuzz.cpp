// Chunked bodies: data, trailers and end do not depend on how the bytes are split. Trailers are fields, and
// decoded data that is encoded again decodes to the same.
#include "fuzz/fuzz.hpp"

#include "http/framing.hpp"

#include <algorithm>
#include <cstdio>

namespace http = scopegate::http;
using scopegate::fuzz::check;

namespace {

struct outcome {
    bool refused = false, complete = false;
    std::string data, trailers;
    std::size_t consumed = 0;
    friend bool operator==(const outcome&, const outcome&) = default;
};

// Decodes in pieces: one of `first` bytes, then pieces of `rest` bytes.
outcome decode(std::string_view in, std::size_t first, std::size_t rest, bool response = false)
{
    http::chunked_decoder decoder(http::chunk_rules{.response = response});
    outcome out;
    auto piece_end = first;
    while (out.consumed < in.size() && !out.complete) {
        while (piece_end <= out.consumed)
            piece_end += rest;
        const auto piece = in.substr(out.consumed, piece_end - out.consumed);
        const auto step = decoder.next(piece);
        out.refused = step.has_error();
        if (out.refused)
            break;
        check(step->consumed > 0 && step->consumed <= piece.size() && step->data.size() <= step->consumed);
        out.data += step->data;
        out.complete = step->complete;
        out.consumed += step->consumed;
    }
    if (out.refused) // how much is read before a fault is found depends on the pieces
        out.consumed = 0, out.data.clear();
    out.trailers = out.complete ? decoder.trailers() : "";
    return out;
}

std::string encode(const outcome& body)
{
    char size[32] = {};
    std::snprintf(size, sizeof size, "%zX\r\n", body.data.size());
    std::string out;
    if (!body.data.empty())
        out.append(size).append(body.data).append("\r\n");
    return out.append("0\r\n").append(body.trailers).append("\r\n");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto body = scopegate::fuzz::text_of(bytes, size);
    const auto whole = decode(body, size, 1);
    check(whole == decode(body, 1, 1));
    for (std::size_t at = 1; at < std::min<std::size_t>(size, 300); ++at)
        check(whole == decode(body, at, size));
    // A response is read like a request, with a few additions allowed.
    const auto response = decode(body, size, 1, true);
    check(response == decode(body, 1, 1, true));
    if (!whole.complete)
        return 0;
    check(response == whole);
    http::field_list trailers;
    check(http::parse_field_lines(whole.trailers, 0, trailers).has_value());
    const auto again = decode(encode(whole), encode(whole).size(), 1);
    check(again.complete && again.data == whole.data && again.trailers == whole.trailers);
    return 0;
}
