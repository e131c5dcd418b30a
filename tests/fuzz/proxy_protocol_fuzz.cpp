// PROXY headers: byte by byte or at once is the same end, and what follows the header does not count.
#include "net/proxy_protocol.hpp"

#include <cstdint>
#include <cstdlib>

namespace net = scopegate::net;

namespace {

void check(bool holds)
{
    if (!holds)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const std::string_view data(reinterpret_cast<const char*>(bytes), size);
    const auto whole = net::parse_proxy_header(data);
    std::size_t have = 0;
    auto pieces = net::parse_proxy_header({});
    while (pieces && pieces->size == 0 && have < data.size())
        pieces = net::parse_proxy_header(data.substr(0, ++have));
    check(whole.has_value() == pieces.has_value());
    if (!whole)
        return 0;
    check(whole->size == pieces->size && whole->size <= data.size());
    check(whole->size > 0 || data.size() < net::proxy_header_most);
    check(!whole->source || (whole->size > 0 && whole->source->is_ip));
    if (whole->size > 0)
        check(net::parse_proxy_header(data.substr(0, whole->size))->size == whole->size);
    return 0;
}
