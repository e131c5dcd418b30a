// PROXY headers: reading byte by byte and at once has the same result, and bytes behind the header do not
// matter.
#include "fuzz/fuzz.hpp"

#include "net/proxy_protocol.hpp"

namespace net = scopegate::net;
using scopegate::fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto data = scopegate::fuzz::text_of(bytes, size);
    const auto whole = net::parse_proxy_header(data);
    std::size_t have = 0;
    auto pieces = net::parse_proxy_header({});
    while (pieces && pieces->size == 0 && have < data.size())
        pieces = net::parse_proxy_header(data.substr(0, ++have));
    check(whole.has_value() == pieces.has_value());
    if (!whole)
        return 0;
    check(whole->size == pieces->size && whole->size <= data.size());
    check(whole->size > 0 || data.size() < net::max_proxy_header);
    check(!whole->source || (whole->size > 0 && whole->source->is_ip));
    if (whole->size == 0)
        return 0;
    const auto alone = net::parse_proxy_header(data.substr(0, whole->size));
    check(alone && alone->size == whole->size && alone->source.has_value() == whole->source.has_value());
    check(!alone->source || alone->source->address == whole->source->address);
    check(data.starts_with("PROXY ") || data.starts_with("\r\n\r\n"));
    return 0;
}
