// Whole messages: what we accept and Beast accepts too, both read alike, from the method to the body's last
// byte.
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
