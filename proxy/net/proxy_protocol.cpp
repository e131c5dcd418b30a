#include "net/proxy_protocol.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace scopegate::net {

namespace {

constexpr std::string_view v1_start = "PROXY ";
constexpr std::size_t max_v1_header = 107;
constexpr std::string_view v2_start("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed = 16;
constexpr std::uint8_t checksum_type = 3;

constexpr failure bad_header{reason::malformed_request, cause::bad_proxy_header};

using asio::ip::address;

peer at(const address& where)
{
    return peer_of(stream_endpoint(asio::ip::tcp::endpoint(where, 0)));
}

// Takes the part before the next space, and the space. Takes everything if no space follows.
std::string_view take_word(std::string_view& text)
{
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
}

bool is_port(std::string_view text)
{
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() && (text == "0" || text.front() != '0');
}

// Refuses a zone (it has a meaning only on one machine and identifies no client), and text after a NUL.
std::optional<address> read_address(std::string_view text, bool v6)
{
    error_code failed;
    const auto read = asio::ip::make_address(std::string(text), failed);
    if (failed || read.is_v6() != v6 ||
        text.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos)
        return std::nullopt;
    return read;
}

// Parses version 1: PROXY TCP4 192.0.2.7 192.0.2.1 56324 443
result<proxy_header> parse_v1(std::string_view bytes)
{
    const auto end = bytes.substr(0, max_v1_header).find('\n');
    if (end == std::string_view::npos)
        return bytes.size() < max_v1_header ? result<proxy_header>(proxy_header{}) : bad_header;
    auto line = bytes.substr(0, end);
    if (!line.ends_with('\r'))
        return bad_header;
    line.remove_suffix(1);
    line.remove_prefix(v1_start.size());
    proxy_header header;
    header.size = end + 1;

    const auto family = take_word(line);
    if (family == "UNKNOWN") // the rest of the line has to be ignored
        return header;
    if (family != "TCP4" && family != "TCP6")
        return bad_header;
    const auto source = read_address(take_word(line), family == "TCP6");
    const auto destination = read_address(take_word(line), family == "TCP6");
    const auto source_port = take_word(line);
    if (!source || !destination || !is_port(source_port) || !is_port(line))
        return bad_header;
    header.source = at(*source);
    return header;
}

std::size_t number(std::string_view big_endian)
{
    std::size_t n = 0;
    for (const char c : big_endian)
        n = n << 8U | static_cast<std::uint8_t>(c);
    return n;
}

// Computes the CRC-32C (Castagnoli) of the header, with zeros in place of the checksum itself.
std::size_t checksum(std::string_view header, std::size_t own_at)
{
    std::uint32_t crc = 0xFFFFFFFFU;
    for (std::size_t i = 0; i < header.size(); ++i) {
        const bool own = i >= own_at && i < own_at + 4;
        crc ^= own ? 0U : static_cast<std::uint8_t>(header[i]);
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    }
    return crc ^ 0xFFFFFFFFU;
}

// Checks the extensions after the addresses: each must fit, and a checksum must be correct.
bool are_extensions_sound(std::string_view header, std::size_t from)
{
    while (from < header.size()) {
        if (header.size() - from < 3)
            return false;
        const auto type = static_cast<std::uint8_t>(header[from]);
        const auto length = number(header.substr(from + 1, 2));
        from += 3;
        if (length > header.size() - from)
            return false;
        if (type == checksum_type &&
            (length != 4 || number(header.substr(from, 4)) != checksum(header, from)))
            return false;
        from += length;
    }
    return true;
}

template <class Bytes>
Bytes address_bytes(std::string_view from)
{
    Bytes out{};
    std::transform(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(out.size()), out.begin(),
                   [](char c) { return static_cast<std::uint8_t>(c); });
    return out;
}

result<proxy_header> parse_v2(std::string_view bytes)
{
    if (bytes.size() < v2_fixed)
        return proxy_header{};
    const auto command = static_cast<std::uint8_t>(bytes[12]);
    const auto family = static_cast<std::uint8_t>(bytes[13]);
    const auto length = number(bytes.substr(14, 2));
    constexpr std::uint8_t local = 0x20, proxied = 0x21;
    if ((command != local && command != proxied) || v2_fixed + length > max_proxy_header)
        return bad_header;
    if (bytes.size() < v2_fixed + length)
        return proxy_header{};
    const auto whole = bytes.substr(0, v2_fixed + length);
    proxy_header header;
    header.size = whole.size();
    header.local = command == local;

    // Determine the size of the addresses. Those of LOCAL have to be ignored.
    std::size_t addresses = 0;
    switch (family) {
    case 0x00: // unspecified: the rest has to be ignored
        return header;
    case 0x11: // IPv4; TCP, or UDP (QUIC) between client and balancer
    case 0x12:
        addresses = 12;
        break;
    case 0x21: // IPv6
    case 0x22:
        addresses = 36;
        break;
    case 0x31: // unix
    case 0x32:
        addresses = 216;
        break;
    default:
        return bad_header;
    }
    if (header.local)
        return header;
    if (length < addresses || !are_extensions_sound(whole, v2_fixed + addresses))
        return bad_header;
    if (addresses == 12)
        header.source =
            at(asio::ip::address_v4(address_bytes<asio::ip::address_v4::bytes_type>(whole.substr(16, 4))));
    else if (addresses == 36)
        header.source =
            at(asio::ip::address_v6(address_bytes<asio::ip::address_v6::bytes_type>(whole.substr(16, 16))));
    return header;
}

} // namespace

result<proxy_header> parse_proxy_header(std::string_view bytes)
{
    const auto begins_like = [bytes](std::string_view start) {
        return bytes.substr(0, start.size()) == start.substr(0, bytes.size());
    };
    if (bytes.empty())
        return proxy_header{};
    if (begins_like(v1_start))
        return bytes.size() < v1_start.size() ? proxy_header{} : parse_v1(bytes);
    if (begins_like(v2_start))
        return parse_v2(bytes);
    return failure(reason::malformed_request, cause::missing_proxy_header);
}

} // namespace scopegate::net
