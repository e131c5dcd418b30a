// Chunked bodies: however the bytes are split, the same data, trailers and end come out, and trailers are
// fields.
#include "http/framing.hpp"

#include <cstdlib>

namespace http = scopegate::http;

namespace {

struct outcome {
    bool refused = false, complete = false;
    std::string data, trailers;
    std::size_t consumed = 0;
    friend bool operator==(const outcome&, const outcome&) = default;
};

void check(bool holds)
{
    if (!holds)
        std::abort();
}

outcome decode(std::string_view in, std::size_t piece_size)
{
    http::chunked_decoder decoder;
    outcome out;
    while (!in.empty() && !out.complete) {
        const auto piece = in.substr(0, piece_size);
        const auto step = decoder.next(piece);
        out.refused = step.has_error();
        if (out.refused)
            break;
        check(step->consumed > 0 && step->consumed <= piece.size() && step->data.size() <= step->consumed);
        out.data += step->data;
        out.complete = step->complete;
        out.consumed += step->consumed;
        in.remove_prefix(step->consumed);
    }
    if (out.refused) // how much was read before the fault is seen depends on the pieces
        out.consumed = 0, out.data.clear();
    out.trailers = out.complete ? decoder.trailers() : "";
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view body(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const auto whole = decode(body, body.size());
    check(whole == decode(body, 1));
    check(whole == decode(body, 1U + bytes[0]));
    http::field_list trailers;
    check(!whole.complete || http::parse_field_lines(whole.trailers, 0, trailers).has_value());
    return 0;
}
