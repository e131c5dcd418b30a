#include "jose/sha256.hpp"

#include "jose/base64url.hpp"
#include "jose/openssl.hpp"

#include <array>
#include <stdexcept>

namespace scopegate::jose {

std::string sha256_base64url(std::string_view octets)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, "SHA2-256", nullptr, octets.data(), octets.size(), digest.data(), &size) != 1)
        throw std::runtime_error("OpenSSL can't compute SHA-256");
    return base64url_encode({reinterpret_cast<const char*>(digest.data()), size});
}

} // namespace scopegate::jose
