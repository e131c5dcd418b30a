// Whole messages: if both our parser and Beast's accept a message, they must read it alike, from the method
// to the last byte of the body.
#include "fuzz/fuzz.hpp"

#include "support/message_reading.hpp"

using namespace scopegate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto in = fuzz::split_settings(bytes, size);
    const bool request = !in.has(0);
    const std::string_view asked = in.has(1) ? "HEAD" : "GET";
    auto ours = test::read_ours(in.bytes, request, asked);
    if (!ours)
        return 0;
    auto theirs =
        request ? test::read_theirs<true>(in.bytes, asked) : test::read_theirs<false>(in.bytes, asked);
    if (!theirs)
        return 0;
    test::forgive(*ours, *theirs);
    fuzz::check(*ours == *theirs);
    return 0;
}
