#include "jose/published_keys.hpp"

#include "jose/key_pair.hpp"
#include "jose/openssl.hpp"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <stdexcept>

namespace scopegate::jose {

namespace {

using namespace openssl;
using bio = owned<BIO, BIO_free_all>;
using certificate = owned<X509, X509_free>;
using shared_key = std::shared_ptr<EVP_PKEY>;

// The parts of one block, as PEM_read_bio allocates them. The data may be a private key.
struct block {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;

    block() = default;
    block(const block&) = delete;
    block& operator=(const block&) = delete;
    ~block()
    {
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, static_cast<std::size_t>(std::max(size, 0L)));
    }
};

// The content of a block: a key, perhaps with the certificate that carries it.
struct carried {
    certificate in;
    shared_key key;
    bool is_certificate = false;
};

bool is_certificate_name(std::string_view name)
{
    return name == PEM_STRING_X509 || name == PEM_STRING_X509_OLD || name == PEM_STRING_X509_TRUSTED;
}

carried from_certificate(certificate in)
{
    carried out;
    out.is_certificate = true;
    if (in != nullptr)
        out.key = shared_key(X509_get_pubkey(in.get()), EVP_PKEY_free);
    out.in = std::move(in);
    return out;
}

// Returns the key of a block, or null in its place. Bytes behind its DER are refused.
carried decode(const block& from)
{
    const std::string_view name = from.name;
    const unsigned char* at = from.data;
    carried out;
    if (name == PEM_STRING_X509_TRUSTED)
        out = from_certificate(certificate(d2i_X509_AUX(nullptr, &at, from.size)));
    else if (is_certificate_name(name))
        out = from_certificate(certificate(d2i_X509(nullptr, &at, from.size)));
    else if (name == PEM_STRING_PUBLIC)
        out.key = shared_key(d2i_PUBKEY(nullptr, &at, from.size), EVP_PKEY_free);
    else
        out.key = shared_key(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, from.size), EVP_PKEY_free);
    if (at != from.data + from.size)
        out.key = nullptr;
    return out;
}

// Returns why a text with a block of this name can't be used, or an empty string if it can.
std::string problem_of(std::string_view name)
{
    if (name.ends_with("PRIVATE KEY"))
        return "this is a private key, with which anyone who reads it can sign tokens: name its public half, "
               "which `openssl pkey -pubout` prints";
    if (name.ends_with("CERTIFICATE REQUEST"))
        return "this is a request for a certificate, and not a certificate";
    if (name == PEM_STRING_PUBLIC || name == PEM_STRING_RSA_PUBLIC || is_certificate_name(name))
        return {};
    std::string shown;
    json::append_quoted(shown, name.substr(0, 40));
    return "this PEM block is neither a public key nor a certificate: " + shown;
}

// Returns the subject of a certificate, such as `CN = gate`, quoted and shortened.
std::string subject_of(const X509* of)
{
    constexpr std::size_t enough = 80;
    const bio out(BIO_new(BIO_s_mem()));
    if (out == nullptr)
        throw std::bad_alloc();
    X509_NAME_print_ex(out.get(), X509_get_subject_name(of), 0, XN_FLAG_ONELINE);
    char* text = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &text);
    std::string quoted;
    json::append_quoted(
        quoted, std::string_view(text, static_cast<std::size_t>(std::max(size, 0L))).substr(0, enough));
    return quoted;
}

// The signature counts, and not only the names: two self-signed certificates of one name are both keys.
bool has_signed(const carried& authority, const carried& other)
{
    return authority.in != nullptr && other.in != nullptr && authority.key != nullptr &&
           X509_check_issued(authority.in.get(), other.in.get()) == X509_V_OK &&
           X509_verify(other.in.get(), authority.key.get()) == 1;
}

pem_key described(const carried& what, std::size_t position, const std::vector<carried>& all)
{
    pem_key out;
    out.label = (what.is_certificate ? "certificate " : "public key ") + std::to_string(position);
    if (what.in != nullptr)
        out.label += " (" + subject_of(what.in.get()) + ")";
    const auto is_other = [&](const carried& other) { return &other != &what && has_signed(what, other); };
    if (what.key == nullptr) {
        out.problem = "it can't be read, or its kind of key is not supported";
    } else if (std::any_of(all.begin(), all.end(), is_other)) {
        out.problem =
            "it has signed another certificate here, so it is an authority's and not a key for tokens";
    } else {
        try {
            out.members = members_of(what.key.get(), false);
        } catch (const std::runtime_error& e) {
            out.problem = e.what();
        }
    }
    return out;
}

bool at_end() noexcept
{
    const auto last = ERR_peek_last_error();
    return ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
}

std::string_view without_leading_blanks(std::string_view text) noexcept
{
    return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

} // namespace

std::shared_ptr<EVP_PKEY> key_in_x5c(const json::value& jwk)
{
    const auto* member = jwk.find("x5c");
    const auto* chain = member != nullptr ? member->if_array() : nullptr;
    const auto* leaf = chain != nullptr && !chain->empty() ? chain->front().if_string() : nullptr;
    if (leaf == nullptr || leaf->empty() || leaf->size() % 4 != 0) // base64 with padding, not base64url
        return nullptr;
    const quiet_errors quiet;
    std::string der(leaf->size() / 4 * 3, '\0');
    const auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(der.data()), bytes(*leaf),
                                      static_cast<int>(leaf->size()));
    if (size < 0)
        return nullptr;
    const auto* at = bytes(der);
    const certificate found(d2i_X509(nullptr, &at, size));
    return {found != nullptr ? X509_get_pubkey(found.get()) : nullptr, EVP_PKEY_free};
}

boost::system::result<std::vector<pem_key>, std::string> keys_in_pem(std::string_view text, std::size_t most)
{
    const quiet_errors quiet;
    const bio source(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (source == nullptr)
        throw std::bad_alloc();
    std::vector<carried> all;
    for (;;) {
        block next;
        if (PEM_read_bio(source.get(), &next.name, &next.header, &next.data, &next.size) != 1)
            break;
        if (std::string_view(next.name) == PEM_STRING_ECPARAMETERS) // precedes an EC key
            continue;
        if (auto why = problem_of(next.name); !why.empty())
            return why;
        if (all.size() == most)
            return "this PEM has more than " + std::to_string(most) + " keys";
        all.push_back(decode(next));
    }
    if (!at_end() || all.empty())
        return std::string("this PEM is broken or cut off");
    std::vector<pem_key> out;
    for (std::size_t i = 0; i < all.size(); ++i)
        out.push_back(described(all[i], i + 1, all));
    return out;
}

bool is_pem(std::string_view text) noexcept
{
    const auto begins = without_leading_blanks(text);
    return !begins.starts_with('{') && !begins.starts_with('[') && !begins.starts_with('<') &&
           text.find("-----BEGIN ") != std::string_view::npos;
}

} // namespace scopegate::jose
