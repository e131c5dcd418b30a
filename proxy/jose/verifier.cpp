#include "jose/verifier.hpp"

#include "jose/key_type.hpp"
#include "jose/openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <array>
#include <atomic>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace scopegate::jose {

namespace {

using namespace openssl;

void require(bool done, algorithm a)
{
    if (!done)
        throw std::runtime_error("OpenSSL can't prepare the key for " + std::string(name(a)));
}

// Fetched once per process: an implicit fetch takes locks and compares names on every use.
const EVP_MD* digest(algorithm a)
{
    static const EVP_MD* const fetched[] = {EVP_MD_fetch(nullptr, "SHA2-256", nullptr),
                                            EVP_MD_fetch(nullptr, "SHA2-384", nullptr),
                                            EVP_MD_fetch(nullptr, "SHA2-512", nullptr)};
    return fetched[hash_size(a) / 16 - 2];
}

// Throws if a step fails. The content of a token can't make these steps fail, only a lack of memory.
void need(bool done)
{
    if (!done)
        throw std::bad_alloc();
}

// Returns whether a check failed for lack of memory. OpenSSL's queue then has that error first or last.
bool has_lacked_memory() noexcept
{
    return ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE ||
           ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

struct hashed {
    std::array<unsigned char, EVP_MAX_MD_SIZE> octets;
    unsigned size = 0;
};

hashed hash(const EVP_MD* md, std::string_view input)
{
    static thread_local const md_ctx ctx(EVP_MD_CTX_new());
    hashed h;
    need(ctx != nullptr && EVP_DigestInit_ex2(ctx.get(), md, nullptr) == 1 &&
         EVP_DigestUpdate(ctx.get(), input.data(), input.size()) == 1 &&
         EVP_DigestFinal_ex(ctx.get(), h.octets.data(), &h.size) == 1);
    return h;
}

// An ECDSA signature in OpenSSL's form: SEQUENCE { INTEGER r, INTEGER s }. `raw` is r and s, big-endian and
// of equal length (RFC 7518 section 3.4).
class der_signature final {
public:
    explicit der_signature(std::string_view raw) noexcept
    {
        const auto half = raw.size() / 2;
        append_integer(raw.substr(0, half));
        append_integer(raw.substr(half));
        const auto content = size_ - header_room;
        auto* head = octets_.data() + header_room;
        if (content >= 0x80) {
            *--head = static_cast<unsigned char>(content);
            *--head = 0x81;
        } else {
            *--head = static_cast<unsigned char>(content);
        }
        *--head = 0x30;
        begin_ = head;
    }
    [[nodiscard]] const unsigned char* data() const noexcept { return begin_; }
    [[nodiscard]] std::size_t size() const noexcept
    {
        return static_cast<std::size_t>(octets_.data() + size_ - begin_);
    }

private:
    static constexpr std::size_t header_room = 3;
    static constexpr std::size_t longest = 66; // octets of P-521's order

    void append_integer(std::string_view magnitude) noexcept
    {
        while (magnitude.size() > 1 && magnitude.front() == '\0')
            magnitude.remove_prefix(1);
        // Without padding the number would be negative.
        const bool padded = (static_cast<unsigned char>(magnitude.front()) & 0x80) != 0;
        octets_[size_++] = 0x02;
        octets_[size_++] = static_cast<unsigned char>(magnitude.size() + (padded ? 1 : 0));
        if (padded)
            octets_[size_++] = 0;
        for (const char c : magnitude)
            octets_[size_++] = static_cast<unsigned char>(c);
    }

    std::array<unsigned char, header_room + 2 * (longest + 3)> octets_;
    std::size_t size_ = header_room;
    const unsigned char* begin_ = nullptr;
};

// Contexts for checking digests; each is used by one thread at a time. Duplicating the template takes some
// microseconds, so the context of the last check is reused if it is free. No locks: concurrent checks
// duplicate the template.
class digest_contexts final {
public:
    digest_contexts() = default;
    digest_contexts(const digest_contexts&) = delete;
    digest_contexts& operator=(const digest_contexts&) = delete;
    ~digest_contexts() { give(nullptr); }

    pkey_ctx original;

    [[nodiscard]] pkey_ctx take() const noexcept
    {
        pkey_ctx free(spare_.exchange(nullptr, std::memory_order_acquire));
        return free != nullptr ? std::move(free) : pkey_ctx(EVP_PKEY_CTX_dup(original.get()));
    }
    void give(pkey_ctx used) const noexcept
    {
        const pkey_ctx other(spare_.exchange(used.release(), std::memory_order_acq_rel));
    }

private:
    mutable std::atomic<EVP_PKEY_CTX*> spare_{nullptr};
};

} // namespace

// Templates that checks duplicate. Preparing from scratch looks names up in the provider, and threads can't
// share one context. Exactly one of the three is set.
struct verifier::prepared {
    std::size_t signature_size = 0;
    digest_contexts digest_check; // RSA, ECDSA: checks a finished digest
    md_ctx message_check;         // Ed25519: checks the whole message
    mac_ctx authentication;       // HMAC
};

verifier::verifier(algorithm a, evp_pkey_st* key) : algorithm_(a)
{
    const quiet_errors quiet;
    auto made = std::make_unique<prepared>();
    if (const auto* ec = curve_of(key_type_for(a)); ec != nullptr)
        made->signature_size = 2 * ec->coordinate;
    else
        made->signature_size = static_cast<std::size_t>(EVP_PKEY_get_size(key));

    if (a == algorithm::eddsa) {
        made->message_check.reset(EVP_MD_CTX_new());
        require(made->message_check != nullptr &&
                    EVP_DigestVerifyInit_ex(made->message_check.get(), nullptr, nullptr, nullptr, nullptr,
                                            key, nullptr) == 1,
                a);
    } else {
        made->digest_check.original.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
        auto* const ctx = made->digest_check.original.get();
        require(ctx != nullptr && EVP_PKEY_verify_init(ctx) == 1, a);
        if (key_type_for(a) == key_type::rsa)
            require(
                EVP_PKEY_CTX_set_rsa_padding(ctx, is_pss(a) ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1,
                a);
        require(EVP_PKEY_CTX_set_signature_md(ctx, digest(a)) == 1, a);
        // RFC 7518 section 3.5: MGF1 with the same hash, and a salt exactly as long as the hash.
        if (is_pss(a))
            require(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, digest(a)) == 1 &&
                        EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1,
                    a);
    }
    prepared_ = std::move(made);
}

verifier::verifier(algorithm a, const secret& key) : algorithm_(a)
{
    const quiet_errors quiet;
    auto made = std::make_unique<prepared>();
    made->signature_size = hash_size(a);
    const mac hmac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
    made->authentication.reset(EVP_MAC_CTX_new(hmac.get()));
    std::string hash = hash_name(a);
    const OSSL_PARAM settings[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash.data(), 0),
                                   OSSL_PARAM_construct_end()};
    const auto octets = key.reveal();
    require(made->authentication != nullptr &&
                EVP_MAC_init(made->authentication.get(), bytes(octets), octets.size(), settings) == 1,
            a);
    prepared_ = std::move(made);
}

verifier::~verifier() = default;
verifier::verifier(verifier&&) noexcept = default;
verifier& verifier::operator=(verifier&&) noexcept = default;

bool verifier::verify(std::string_view input, std::string_view signature) const
{
    // Check the exact length first. RSA-PSS would accept a signature without its leading zeros, and one
    // message would have two tokens.
    if (signature.size() != prepared_->signature_size)
        return false;
    const quiet_errors quiet;

    if (prepared_->authentication != nullptr) {
        const mac_ctx ctx(EVP_MAC_CTX_dup(prepared_->authentication.get()));
        std::array<unsigned char, EVP_MAX_MD_SIZE> expected;
        std::size_t size = 0;
        need(ctx != nullptr && EVP_MAC_update(ctx.get(), bytes(input), input.size()) == 1 &&
             EVP_MAC_final(ctx.get(), expected.data(), &size, expected.size()) == 1);
        return size == signature.size() && CRYPTO_memcmp(expected.data(), signature.data(), size) == 0;
    }
    if (prepared_->message_check != nullptr) {
        const md_ctx ctx(EVP_MD_CTX_new());
        need(ctx != nullptr && EVP_MD_CTX_copy_ex(ctx.get(), prepared_->message_check.get()) == 1);
        const bool good =
            EVP_DigestVerify(ctx.get(), bytes(signature), signature.size(), bytes(input), input.size()) == 1;
        need(good || !has_lacked_memory());
        return good;
    }

    const auto digested = hash(digest(algorithm_), input);
    auto ctx = prepared_->digest_check.take();
    need(ctx != nullptr);
    const auto check = [&](const unsigned char* encoded, std::size_t size) {
        return EVP_PKEY_verify(ctx.get(), encoded, size, digested.octets.data(), digested.size) == 1;
    };
    bool good = false;
    if (key_type_for(algorithm_) == key_type::rsa) {
        good = check(bytes(signature), signature.size());
    } else {
        const der_signature der(signature);
        good = check(der.data(), der.size());
    }
    need(good || !has_lacked_memory());
    prepared_->digest_check.give(std::move(ctx));
    return good;
}

} // namespace scopegate::jose
