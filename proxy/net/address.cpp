#include "net/address.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace scopegate::net {

namespace {

constexpr std::size_t v4_prefix = 12; // bytes before the IPv4 address in a v4-mapped one

std::optional<asio::ip::tcp::endpoint> as_tcp(const stream_endpoint& e)
{
    if (e.data()->sa_family != AF_INET && e.data()->sa_family != AF_INET6)
        return std::nullopt;
    asio::ip::tcp::endpoint tcp;
    tcp.resize(e.size());
    std::memcpy(tcp.data(), e.data(), e.size());
    return tcp;
}

} // namespace

std::optional<stream_endpoint> literal_endpoint(const std::string& host, std::uint16_t port)
{
    error_code failed;
    const auto address = asio::ip::make_address(host, failed);
    if (failed)
        return std::nullopt;
    return stream_endpoint(asio::ip::tcp::endpoint(address, port));
}

stream_endpoint unix_endpoint(const std::string& path)
{
    return stream_endpoint(asio::local::stream_protocol::endpoint(path));
}

std::optional<address_bytes> parse_address(std::string_view text) noexcept
{
    address_text_buffer copy{};
    if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos)
        return std::nullopt;
    std::copy(text.begin(), text.end(), copy.begin());
    address_bytes out{};
    if (::inet_pton(AF_INET6, copy.data(), out.data()) == 1)
        return out;
    out = {};
    std::fill_n(out.begin() + v4_prefix - 2, 2, std::uint8_t{0xff});
    if (::inet_pton(AF_INET, copy.data(), out.data() + v4_prefix) == 1)
        return out;
    return std::nullopt;
}

std::string_view address_text(const address_bytes& address, address_text_buffer& out) noexcept
{
    constexpr address_bytes mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const bool v4 = std::equal(mapped.begin(), mapped.begin() + v4_prefix, address.begin());
    ::inet_ntop(v4 ? AF_INET : AF_INET6, address.data() + (v4 ? v4_prefix : 0), out.data(),
                static_cast<socklen_t>(out.size()));
    return out.data();
}

peer peer_of(const stream_endpoint& remote)
{
    const auto tcp = as_tcp(remote);
    if (!tcp)
        return {};
    peer who;
    who.is_ip = true;
    auto address = tcp->address();
    if (address.is_v4()) {
        const auto v4 = address.to_v4().to_bytes();
        who.address[10] = who.address[11] = 0xff;
        std::copy(v4.begin(), v4.end(), who.address.begin() + 12);
    } else {
        who.address = address.to_v6().to_bytes();
        if (address.to_v6().is_v4_mapped())
            address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    who.text = address.to_string();
    return who;
}

std::string to_text(const stream_endpoint& e)
{
    if (const auto tcp = as_tcp(e)) {
        const auto host = tcp->address().to_string();
        const auto port = std::to_string(tcp->port());
        return tcp->address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
    }
    const auto* local = reinterpret_cast<const sockaddr_un*>(e.data());
    return "unix:" + std::string(local->sun_path, ::strnlen(local->sun_path, sizeof local->sun_path));
}

} // namespace scopegate::net
