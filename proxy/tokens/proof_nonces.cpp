#include "tokens/proof_nonces.hpp"

#include "jose/base64url.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace scopegate::tokens {

namespace {

constexpr std::string_view mark = "scopegate-";
constexpr std::size_t nonce_bytes = 16; // of the HMAC; enough that nonces can't be guessed in advance

secret random_key()
{
    std::array<unsigned char, 32> octets{};
    if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1)
        throw std::runtime_error("OpenSSL can't generate a key for DPoP nonces");
    secret key(std::string(octets.begin(), octets.end()));
    OPENSSL_cleanse(octets.data(), octets.size());
    return key;
}

std::int64_t period_of(wall_time now)
{
    return now.time_since_epoch() / proof_nonces::period;
}

} // namespace

proof_nonces::proof_nonces() : key_(random_key()) {}

std::string proof_nonces::of_period(std::int64_t number) const
{
    const auto key = key_.reveal();
    const auto text = std::to_string(number);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
             nullptr) == nullptr)
        throw std::runtime_error("OpenSSL can't compute an HMAC");
    return std::string(mark) +
           jose::base64url_encode({reinterpret_cast<const char*>(digest.data()), nonce_bytes});
}

bool proof_nonces::is_marked(std::string_view nonce) noexcept
{
    return nonce.starts_with(mark);
}

std::string proof_nonces::current(wall_time now) const
{
    return of_period(period_of(now));
}

bool proof_nonces::accepts(std::string_view nonce, wall_time now) const
{
    return nonce == of_period(period_of(now)) || nonce == of_period(period_of(now) - 1);
}

} // namespace scopegate::tokens
