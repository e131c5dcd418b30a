// Owning wrappers of OpenSSL's objects. Only for sources in jose/.
#pragma once

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <string_view>

namespace scopegate::jose::openssl {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* p) const noexcept
    {
        Free(p);
    }
};
template <class T, auto Free>
using owned = std::unique_ptr<T, freed_by<Free>>;

using pkey = owned<EVP_PKEY, EVP_PKEY_free>;
using pkey_ctx = owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using md_ctx = owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using mac = owned<EVP_MAC, EVP_MAC_free>;
using mac_ctx = owned<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using bignum = owned<BIGNUM, BN_clear_free>;
using param_builder = owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using params = owned<OSSL_PARAM, OSSL_PARAM_free>;

// Removes the errors of its scope from the thread's error queue. The next TLS call would mistake them for its
// own.
class quiet_errors final {
public:
    quiet_errors() noexcept { ERR_set_mark(); }
    ~quiet_errors() { ERR_pop_to_mark(); }
    quiet_errors(const quiet_errors&) = delete;
    quiet_errors& operator=(const quiet_errors&) = delete;
};

[[nodiscard]] inline const unsigned char* bytes(std::string_view s) noexcept
{
    return reinterpret_cast<const unsigned char*>(s.data());
}

// Makes a number from big-endian unsigned octets. Returns null if memory runs out.
[[nodiscard]] inline bignum number(std::string_view octets) noexcept
{
    return bignum(BN_bin2bn(bytes(octets), static_cast<int>(octets.size()), nullptr));
}

} // namespace scopegate::jose::openssl
