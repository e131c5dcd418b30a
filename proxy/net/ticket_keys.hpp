// The keys of session tickets (RFC 5077, RFC 8446 section 4.6.1). A ticket is the session itself, encrypted,
// and the client keeps it: the server has no memory of sessions. A stolen key opens the tickets under
// it, and with TLS 1.2 also the traffic of their sessions. So keys are short-lived, and are never written
// anywhere.
#pragma once

#include "base/secret.hpp"

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace scopegate::net {

// One key. Its memory is wiped.
struct ticket_key {
    static constexpr std::size_t name_size = 16, key_size = 32;

    std::array<unsigned char, name_size> name{}; // sent in clear: tells which key a ticket needs
    std::array<unsigned char, key_size> cipher{}, mac{};
    std::size_t used = key_size; // bytes of `cipher` and of `mac`: 32 (AES-256) or 16 (AES-128)

    ticket_key() = default;
    ticket_key(const ticket_key&) = default;
    ticket_key& operator=(const ticket_key&) = default;
    ~ticket_key();
};

// The first key encrypts, and all of them decrypt. Thread-safe: handshakes take a short lock.
class ticket_keys final {
public:
    // A file of keys, as the operator wrote it.
    struct file {
        std::string name; // for messages
        secret content;
    };
    static constexpr std::size_t max_keys = 64;

    // Makes a random key. Throws std::bad_alloc.
    ticket_keys();
    // Reads the keys of files, in their order: 80 bytes for each (name 16, HMAC-SHA256 32, AES-256 32), or a
    // file of 48 bytes with one (name 16, AES-128 16, HMAC-SHA256 16), as nginx does. Throws tls_error for
    // another size, for two keys of the same name, and for bytes that are all equal.
    explicit ticket_keys(const std::vector<file>& files);

    // Makes another random key the first. The former first one continues to decrypt; older ones are
    // forgotten.
    void rotate();

    [[nodiscard]] ticket_key first() const;
    // Returns the key of that name, and whether it is the first. Returns nothing for an unknown name.
    struct found {
        ticket_key key;
        bool first = false;
    };
    [[nodiscard]] std::optional<found> find(std::span<const unsigned char, ticket_key::name_size> name) const;

private:
    mutable std::mutex mutex_;
    std::vector<ticket_key> keys_; // never empty
};

} // namespace scopegate::net
