#include "net/ticket_keys.hpp"

#include "net/tls_error.hpp"

#include <algorithm>
#include <new>
#include <string_view>

#include <openssl/rand.h>

namespace scopegate::net {

namespace {

constexpr std::size_t short_file = 48, long_key = 80; // bytes

template <std::size_t N>
void take(std::string_view& bytes, std::array<unsigned char, N>& into, std::size_t size)
{
    std::copy_n(bytes.begin(), size, into.begin());
    bytes.remove_prefix(size);
}

ticket_key take_key(std::string_view& bytes)
{
    ticket_key key;
    const bool is_short = bytes.size() == short_file;
    key.used = is_short ? 16 : ticket_key::key_size;
    take(bytes, key.name, key.name.size());
    take(bytes, is_short ? key.cipher : key.mac, key.used);
    take(bytes, is_short ? key.mac : key.cipher, key.used);
    return key;
}

template <std::size_t N>
void fill(std::array<unsigned char, N>& bytes)
{
    if (RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw tls_error("the system has no random bytes for the keys of session tickets");
}

ticket_key random_key()
{
    ticket_key key;
    fill(key.name);
    fill(key.cipher);
    fill(key.mac);
    return key;
}

bool is_uniform(std::string_view bytes) noexcept
{
    return bytes.find_first_not_of(bytes.front()) == std::string_view::npos;
}

} // namespace

ticket_key::~ticket_key()
{
    ::explicit_bzero(cipher.data(), cipher.size());
    ::explicit_bzero(mac.data(), mac.size());
}

ticket_keys::ticket_keys() : keys_{random_key()} {}

ticket_keys::ticket_keys(const std::vector<file>& files)
{
    for (const auto& [name, content] : files) {
        auto bytes = content.reveal();
        const bool fits = bytes.size() == short_file || (!bytes.empty() && bytes.size() % long_key == 0);
        if (!fits)
            throw tls_error("\"" + name + "\" has " + std::to_string(bytes.size()) +
                            " bytes: keys of session tickets have 80 bytes each, or 48 in all");
        if (is_uniform(bytes))
            throw tls_error("\"" + name + "\" is not random: write it with openssl rand 80");
        while (!bytes.empty()) {
            const auto key = take_key(bytes);
            if (std::any_of(keys_.begin(), keys_.end(), [&](const auto& k) { return k.name == key.name; }))
                throw tls_error("\"" + name +
                                "\" repeats the first 16 bytes of another key, which tell keys apart");
            if (keys_.size() == max_keys)
                throw tls_error("\"" + name + "\" has too many keys: at most " + std::to_string(max_keys));
            keys_.push_back(key);
        }
    }
}

void ticket_keys::rotate()
{
    std::vector<ticket_key> next{random_key()};
    const std::lock_guard lock(mutex_);
    next.push_back(keys_.front());
    keys_.swap(next);
}

ticket_key ticket_keys::first() const
{
    const std::lock_guard lock(mutex_);
    return keys_.front();
}

std::optional<ticket_keys::found>
ticket_keys::find(std::span<const unsigned char, ticket_key::name_size> name) const
{
    const std::lock_guard lock(mutex_);
    for (const auto& key : keys_)
        if (std::equal(name.begin(), name.end(), key.name.begin()))
            return found{key, &key == keys_.data()};
    return std::nullopt;
}

} // namespace scopegate::net
