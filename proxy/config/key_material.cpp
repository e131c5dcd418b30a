#include "config/key_material.hpp"

#include "jose/jwks.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>
#include <vector>

namespace scopegate::config {

namespace {

using memory_file = std::unique_ptr<BIO, decltype(&BIO_free)>;
using certificate = std::unique_ptr<X509, decltype(&X509_free)>;

bool at_end() noexcept
{
    const auto last = ERR_peek_last_error();
    return ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
}

} // namespace

bool holds_certificates(std::string_view text)
{
    const memory_file file(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
    if (file == nullptr)
        throw std::bad_alloc();
    ERR_set_mark();
    std::size_t count = 0;
    while (certificate(PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr), X509_free) != nullptr)
        ++count;
    const bool whole = at_end();
    ERR_pop_to_mark(); // the next TLS call would mistake these errors for its own
    return whole && count > 0;
}

std::string problem_of_key_set(std::string_view text)
{
    std::vector<std::string> unfit;
    try {
        const auto keys = jose::jwk_set::parse(text, unfit);
        if (!keys)
            return keys.error();
        if (!keys->empty())
            return {};
    } catch (const std::runtime_error& e) { // an error in OpenSSL
        return e.what();
    }
    return unfit.empty() ? "it contains no key" : unfit.front();
}

} // namespace scopegate::config
