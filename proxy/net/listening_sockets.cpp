#include "net/listening_sockets.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>

#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace scopegate::net {

namespace {

using address_octets = std::array<std::uint8_t, 16>;

// Removes a line from the front of the table and returns its words.
std::vector<std::string_view> take_line(std::string_view& table)
{
    auto line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(line.size() + 1, table.size()));
    std::vector<std::string_view> words;
    for (;;) {
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        if (line.empty())
            return words;
        words.push_back(line.substr(0, line.find(' ')));
        line.remove_prefix(words.back().size());
    }
}

template <class Number>
std::optional<Number> number(std::string_view text, int base)
{
    Number out{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

// Reads an address as the kernel prints it: 32-bit words in the machine's byte order, eight digits each.
std::optional<address_octets> read_address(std::string_view digits)
{
    constexpr std::size_t digits_of_word = 8;
    address_octets out{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0};
    if (digits.size() != digits_of_word && digits.size() != 4 * digits_of_word)
        return std::nullopt;
    auto* at = digits.size() == digits_of_word ? out.data() + 12 : out.data();
    for (; !digits.empty(); digits.remove_prefix(digits_of_word), at += sizeof(std::uint32_t)) {
        const auto word = number<std::uint32_t>(digits.substr(0, digits_of_word), 16);
        if (!word)
            return std::nullopt;
        std::memcpy(at, &*word, sizeof *word);
    }
    return out;
}

bool is_unspecified(const address_octets& a) noexcept
{
    const bool mapped = a[10] == 0xFF && a[11] == 0xFF;
    return std::all_of(a.begin(), a.begin() + (mapped ? 10 : 16), [](auto octet) { return octet == 0; }) &&
           std::all_of(a.begin() + 12, a.end(), [](auto octet) { return octet == 0; });
}

// Returns the file's contents, or nothing if it can't be read.
std::optional<std::string> contents(const char* path)
{
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    return in.is_open() && !in.bad() ? std::optional(std::move(text)) : std::nullopt;
}

} // namespace

void read_tcp_sockets(std::string_view table, std::vector<listening_socket>& into)
{
    constexpr std::size_t local = 1, state = 3, inode = 9;
    while (!table.empty()) {
        const auto words = take_line(table);
        if (words.size() <= inode || words[state] != "0A") // TCP_LISTEN
            continue;
        const auto colon = words[local].find(':');
        if (colon == std::string_view::npos)
            continue;
        const auto address = read_address(words[local].substr(0, colon));
        const auto port = number<std::uint16_t>(words[local].substr(colon + 1), 16);
        const auto number_of = number<ino_t>(words[inode], 10);
        if (address && port && number_of)
            into.push_back({*number_of, *address, *port, {}});
    }
}

void read_unix_sockets(std::string_view table, std::vector<listening_socket>& into)
{
    constexpr std::size_t flags = 3, inode = 6, path = 7;
    constexpr unsigned accepts = 1U << 16; // __SO_ACCEPTCON
    while (!table.empty()) {
        const auto words = take_line(table);
        if (words.size() <= path)
            continue;
        const auto flag_bits = number<unsigned>(words[flags], 16);
        const auto number_of = number<ino_t>(words[inode], 10);
        if (!flag_bits || (*flag_bits & accepts) == 0 || !number_of)
            continue;
        // A path may contain spaces: it is the rest of the line.
        const auto* const end = words.back().data() + words.back().size();
        into.push_back({*number_of, {}, 0, std::string(words[path].data(), end)});
    }
}

std::optional<std::vector<listening_socket>> listening_sockets()
{
    const auto tcp = contents("/proc/self/net/tcp"), unix_sockets = contents("/proc/self/net/unix");
    if (!tcp || !unix_sockets)
        return std::nullopt;
    std::vector<listening_socket> out;
    read_tcp_sockets(*tcp, out);
    if (const auto tcp6 = contents("/proc/self/net/tcp6")) // missing if IPv6 is off
        read_tcp_sockets(*tcp6, out);
    read_unix_sockets(*unix_sockets, out);
    return out;
}

bool may_accept_at(const listening_socket& socket, const stream_endpoint& address)
{
    if (address.data()->sa_family == AF_UNIX) {
        const auto path = to_text(address).substr(std::string_view("unix:").size());
        return socket.port == 0 && (socket.path == path || socket.path == path + '~');
    }
    address_octets ours{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0};
    std::uint16_t port = 0;
    if (address.data()->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address.data(), sizeof v6);
        std::memcpy(ours.data(), &v6.sin6_addr, ours.size());
        port = ntohs(v6.sin6_port);
    } else {
        sockaddr_in v4{};
        std::memcpy(&v4, address.data(), sizeof v4);
        std::memcpy(ours.data() + 12, &v4.sin_addr, sizeof v4.sin_addr);
        port = ntohs(v4.sin_port);
    }
    return socket.port != 0 && socket.port == port &&
           (socket.address == ours || is_unspecified(socket.address) || is_unspecified(ours));
}

ino_t inode_of_socket(int descriptor) noexcept
{
    struct stat found {};
    return ::fstat(descriptor, &found) == 0 ? found.st_ino : 0;
}

} // namespace scopegate::net
