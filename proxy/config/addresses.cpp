// Addresses to bind and to trust.
#include "base/text.hpp"
#include "config/urls.hpp"
#include "config/values.hpp"

#include <array>
#include <charconv>

#include <arpa/inet.h>
#include <sys/un.h>

namespace scopegate::config {

namespace {

using address_bytes = std::array<std::uint8_t, 16>;

struct parsed_address {
    address_bytes bytes{};
    bool v4 = false;
};

std::optional<parsed_address> parse_address(const std::string& text)
{
    parsed_address out;
    if (::inet_pton(AF_INET, text.c_str(), out.bytes.data() + 12) == 1) {
        out.v4 = true;
        out.bytes[10] = out.bytes[11] = 0xFF;
        return out;
    }
    if (::inet_pton(AF_INET6, text.c_str(), out.bytes.data()) == 1)
        return out;
    return std::nullopt;
}

std::string address_text(const address_bytes& bytes, bool v4)
{
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (v4)
        ::inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
    else
        ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
    return text.data();
}

std::optional<unsigned> parse_number(std::string_view text, unsigned most)
{
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || number > most)
        return std::nullopt;
    return number;
}

// Returns the address with all bits beyond the prefix cleared.
address_bytes masked(address_bytes bytes, unsigned prefix)
{
    for (unsigned i = 0; i < bytes.size(); ++i) {
        const unsigned kept = prefix > i * 8 ? std::min(8U, prefix - i * 8) : 0;
        bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xFF00U >> kept));
    }
    return bytes;
}

} // namespace

std::optional<policy::endpoint> unix_endpoint(compilation& c, const node& n)
{
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    policy::endpoint out;
    out.unix_path = n.text.substr(std::string_view("unix:").size());
    if (out.unix_path.size() > 1 && out.unix_path.front() == '/' && out.unix_path.size() <= longest &&
        out.unix_path.find('\0') == std::string::npos)
        return out;
    c.out.error(n.at, as_written(n) + " is not a valid unix:/path: it must be absolute and have at most " +
                          std::to_string(longest) + " bytes");
    return std::nullopt;
}

std::optional<policy::endpoint> read_endpoint(compilation& c, const node& n)
{
    const auto text = read_text(c, n);
    if (!text)
        return std::nullopt;
    if (text->starts_with("unix:"))
        return unix_endpoint(c, n);
    const auto refuse = [&](std::string_view why) {
        c.out.error(n.at, as_written(n) + std::string(why));
        return std::nullopt;
    };
    const auto colon = text->rfind(':');
    if (colon == std::string::npos)
        return refuse(" is not an address:port such as 0.0.0.0:8080, [::]:8080 or unix:/path");
    const auto port = parse_number(std::string_view(*text).substr(colon + 1), 65535);
    if (!port)
        return refuse(": the port must be a number from 0 to 65535");
    std::string host = text->substr(0, colon);
    const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (brackets)
        host = host.substr(1, host.size() - 2);
    const auto address = parse_address(host);
    if (!address)
        return refuse(host.empty() || host == "*"  ? ": write 0.0.0.0 or [::] for every address"
                      : iequals(host, "localhost") ? ": write 127.0.0.1 for localhost"
                                                   : ": the host must be an IP address");
    if (address->v4 == brackets)
        return refuse(brackets ? ": only an IPv6 address is written in brackets"
                               : ": an IPv6 address needs brackets");
    policy::endpoint out;
    out.host = address_text(address->bytes, address->v4); // canonical, so that addresses compare
    out.port = static_cast<std::uint16_t>(*port);
    return out;
}

std::optional<policy::network> read_network(compilation& c, const node& n)
{
    const auto text = read_text(c, n);
    if (!text)
        return std::nullopt;
    const auto slash = text->find('/');
    const auto address = parse_address(text->substr(0, slash));
    if (!address) {
        c.out.error(n.at, as_written(n) + " is not an address or CIDR block such as 10.0.0.0/8");
        return std::nullopt;
    }
    const unsigned widest = address->v4 ? 32 : 128;
    auto prefix = std::optional(widest);
    if (slash != std::string::npos)
        prefix = parse_number(std::string_view(*text).substr(slash + 1), widest);
    if (!prefix) {
        c.out.error(n.at,
                    as_written(n) + ": the prefix must be a number from 0 to " + std::to_string(widest));
        return std::nullopt;
    }
    policy::network out;
    out.address = address->bytes;
    out.prefix = *prefix + (128 - widest);
    const auto block = masked(address->bytes, out.prefix);
    if (block == address->bytes)
        return out;
    const auto meant = in_quotes(address_text(block, address->v4) + "/" + std::to_string(*prefix));
    c.out.error(n.at, as_written(n) + " has bits beyond its prefix" +
                          (n.from == node::origin::here ? "; did you mean " + meant + "?" : ""));
    return std::nullopt;
}

} // namespace scopegate::config
