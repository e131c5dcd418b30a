// Keys that are published in other forms than a JWK set: PEM, certificates, a map of them, x5c.
#include "jose/published_keys.hpp"
#include "key_sets.hpp"
#include "material.hpp"

#include "jose/base64url.hpp"
#include "jose/jwks.hpp"
#include "support/certificate_maker.hpp"
#include "support/pem.hpp"

#include <gmock/gmock.h>

namespace scopegate::jose::test {
namespace {

using scopegate::test::certificate_authority;
using scopegate::test::certificate_wish;
using scopegate::test::tls_identity;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

tls_identity certified()
{
    return scopegate::test::self_signed(certificate_wish{"DNS:idp.test"});
}

signing_key key_of(const tls_identity& identity)
{
    return signing_key::from_pem(secret(identity.key)).with_kid({});
}

// Returns the public half of a private key in PEM.
std::string public_pem(const std::string& private_pem, bool pkcs1 = false)
{
    const scopegate::test::pkey_ptr key(
        PEM_read_bio_PrivateKey(scopegate::test::memory_of(private_pem).get(), nullptr, nullptr, nullptr));
    const scopegate::test::bio_ptr out(BIO_new(BIO_s_mem()));
    if (pkcs1) {
        unsigned char* der = nullptr;
        const int size = i2d_PublicKey(key.get(), &der);
        PEM_write_bio(out.get(), "RSA PUBLIC KEY", "", der, size);
        OPENSSL_free(der);
    } else {
        PEM_write_bio_PUBKEY(out.get(), key.get());
    }
    char* text = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string public_pem(const signing_key& key)
{
    return public_pem(std::string(key.private_pem().reveal()));
}

// Returns the base64 of a certificate, as x5c has it.
std::string base64_of(const tls_identity& identity)
{
    std::string out;
    std::istringstream lines(identity.certificate);
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with("---"))
            out += line;
    return out;
}

// Returns whether a token of this key verifies with the set, by its kid.
bool accepts(const parsed_set& set, const signing_key& key)
{
    if (!set.keys)
        return false;
    const auto token = sign_compact(key, R"({"sub":"ann"})");
    const auto jws = split(token);
    return jws && verify(*jws, *set.keys).has_value();
}

std::string set_of(const json::value& key)
{
    return json::serialize(json::value(json::object{{"keys", json::value(json::array{key})}}));
}

json::value x5c(std::initializer_list<std::string> chain)
{
    json::array list;
    for (const auto& each : chain)
        list.emplace_back(each);
    return json::value(std::move(list));
}

TEST(pem_keys, verify_tokens_of_any_kid_and_of_none)
{
    for (const auto a : {algorithm::rs256, algorithm::ps512, algorithm::es256, algorithm::es384,
                         algorithm::es512, algorithm::eddsa}) {
        const auto& key = key_for(a);
        const auto set = parsed(public_pem(key));
        EXPECT_THAT(set.warnings, IsEmpty()) << name(a);
        EXPECT_TRUE(accepts(set, key)) << name(a);
        EXPECT_TRUE(accepts(set, key.with_kid("any"))) << name(a);
        EXPECT_TRUE(accepts(set, key.with_kid({}))) << name(a);
        EXPECT_FALSE(accepts(set, other_key_for(a))) << name(a);
    }
}

TEST(pem_keys, may_be_several_among_words_and_in_older_forms)
{
    const auto &rsa = key_for(algorithm::rs256), &ec = key_for(algorithm::es256);
    const auto text = "Issued for the test\n" + public_pem(std::string(rsa.private_pem().reveal()), true) +
                      "\nsubject=CN = x\n" + public_pem(ec);
    EXPECT_THAT(text, HasSubstr("BEGIN RSA PUBLIC KEY"));
    const auto set = parsed(text);
    ASSERT_TRUE(set.keys) << set.fault;
    EXPECT_EQ(set.keys->size(), 2U);
    EXPECT_TRUE(accepts(set, rsa) && accepts(set, ec));
    std::string crlf;
    for (const char c : text)
        crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
    EXPECT_TRUE(accepts(parsed(crlf), ec));
}

TEST(pem_keys, are_in_certificates_whatever_their_dates_say)
{
    certificate_wish wish{"DNS:idp.test"};
    const auto current = scopegate::test::self_signed(wish);
    wish.valid_from = -7200;
    wish.valid_until = -3600;
    const auto expired = scopegate::test::self_signed(wish);
    auto older = current;
    for (const std::string word : {"BEGIN ", "END "})
        older.certificate.insert(older.certificate.find(word) + word.size(), "X509 ");
    for (const auto& identity : {current, expired, older})
        EXPECT_TRUE(accepts(parsed(identity.certificate), key_of(identity)));
    const auto both = parsed(current.certificate + expired.certificate);
    ASSERT_TRUE(both.keys);
    EXPECT_EQ(both.keys->size(), 2U) << "self-signed certificates of one name are no chain";
}

TEST(pem_keys, are_not_those_of_the_authorities_in_a_chain)
{
    const certificate_authority authority("our \"authority\"");
    const auto leaf = authority.issue("DNS:idp.test");
    for (const auto& text : {leaf.certificate + authority.pem(), authority.pem() + leaf.certificate}) {
        const auto set = parsed(text);
        ASSERT_TRUE(set.keys) << set.fault;
        EXPECT_EQ(set.keys->size(), 1U);
        EXPECT_TRUE(accepts(set, key_of(leaf)));
        EXPECT_THAT(set.warnings, ElementsAre(HasSubstr("it has signed another certificate here")));
    }
    EXPECT_EQ(parsed(authority.pem()).keys->size(), 1U) << "alone it is an issuer's key";
}

TEST(pem_keys, are_refused_with_what_they_are_instead)
{
    const auto ec = key_for(algorithm::es256);
    const auto good = public_pem(ec);
    const std::string secret_part = std::string(ec.private_pem().reveal()).substr(60, 20);
    std::string many;
    for (int i = 0; i < 9; ++i)
        many += good;
    const auto block = [](const std::string& name, const std::string& data) {
        return "-----BEGIN " + name + "-----\n" + data + "\n-----END " + name + "-----\n";
    };
    const struct {
        const char* sentence;
        std::string text, fault;
    } rows[] = {
        {"a private key", std::string(ec.private_pem().reveal()), "this is a private key"},
        {"a private key behind a public one", good + std::string(ec.private_pem().reveal()),
         "this is a private key"},
        {"an older private key", block("EC PARAMETERS", "BggqhkjOPQMBBw==") + block("EC PRIVATE KEY", "AAAA"),
         "this is a private key"},
        {"an encrypted private key", block("ENCRYPTED PRIVATE KEY", "AAAA"), "this is a private key"},
        {"OpenSSH's private key", block("OPENSSH PRIVATE KEY", "AAAA"), "this is a private key"},
        {"a request", block("CERTIFICATE REQUEST", "AAAA"), "a request for a certificate"},
        {"another block", block("X509 CRL", "AAAA"), "neither a public key nor a certificate: \"X509 CRL\""},
        {"a block that ends early", good.substr(0, good.size() / 2), "broken or cut off"},
        {"a second block that ends early", good + good.substr(0, good.size() / 2), "broken or cut off"},
        {"only a first line", "-----BEGIN PUBLIC KEY-----\n", "broken or cut off"},
        {"half a first line", "-----BEGIN PUB", "broken or cut off"},
        {"no base64", block("PUBLIC KEY", "%%%%"), "broken or cut off"},
        {"another last line", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END CERTIFICATE-----\n",
         "broken or cut off"},
        {"too many", many, "more than 8 keys"},
        {"too long", good + std::string(max_jwk_set_bytes, ' '), "longer than 1048576 bytes"},
    };
    for (const auto& row : rows) {
        const auto set = parsed(row.text);
        EXPECT_FALSE(set.keys.has_value()) << row.sentence;
        EXPECT_THAT(set.fault, AllOf(HasSubstr(row.fault), Not(HasSubstr(secret_part)))) << row.sentence;
    }
}

TEST(pem_keys, that_can_not_be_used_do_not_disable_the_others)
{
    const auto good = public_pem(key_for(algorithm::es256));
    const auto made = [](EVP_PKEY* made_key) {
        const scopegate::test::pkey_ptr key(made_key);
        const scopegate::test::bio_ptr out(BIO_new(BIO_s_mem()));
        PEM_write_bio_PUBKEY(out.get(), key.get());
        char* text = nullptr;
        const auto size = BIO_get_mem_data(out.get(), &text);
        return std::string(text, static_cast<std::size_t>(size));
    };
    const struct {
        const char* sentence;
        std::string pem, why;
    } rows[] = {
        {"a weak key", made(EVP_RSA_gen(1024)), "RSA of 1024 bits is too weak"},
        {"another curve", made(EVP_EC_gen("secp256k1")), "not one of RSA, P-256, P-384, P-521 and Ed25519"},
        {"another kind", made(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")), "not one of RSA"},
        {"garbage", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "it can't be read"},
        {"a certificate of garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "certificate 1 is ignored: it can't be read"},
    };
    for (const auto& row : rows) {
        const auto set = parsed(row.pem + good);
        EXPECT_THAT(set.warnings, ElementsAre(HasSubstr(row.why))) << row.sentence;
        EXPECT_TRUE(accepts(set, key_for(algorithm::es256))) << row.sentence << set.fault;
    }
}

TEST(pem_map, has_a_kid_for_each_key)
{
    const auto first = certified(), second = certified();
    const json::value map(json::object{{"one", json::value(first.certificate)},
                                       {"two", json::value(public_pem(second.key))},
                                       {"odd", json::value(std::string("hello"))},
                                       {"leaked", json::value(second.key)}});
    const auto set = parsed(json::serialize(map));
    ASSERT_TRUE(set.keys) << set.fault;
    EXPECT_THAT(set.keys->kids(), ElementsAre("one", "two"));
    EXPECT_TRUE(accepts(set, key_of(first).with_kid("one")));
    EXPECT_TRUE(accepts(set, key_of(second).with_kid("two")));
    EXPECT_FALSE(accepts(set, key_of(first).with_kid("two")));
    EXPECT_FALSE(accepts(set, key_of(first).with_kid("three")));
    EXPECT_THAT(set.warnings, ElementsAre(HasSubstr("key \"odd\" is ignored: this PEM is broken"),
                                          HasSubstr("key \"leaked\" is ignored: this is a private key")));
    EXPECT_FALSE(set.keys->select("leaked", algorithm::es256).unknown_key) << "a fetch would not repair it";
}

TEST(pem_map, takes_the_first_of_a_chain)
{
    const certificate_authority authority;
    const auto leaf = authority.issue("DNS:idp.test");
    const json::value map(json::object{{"k", json::value(leaf.certificate + authority.pem())}});
    EXPECT_TRUE(accepts(parsed(json::serialize(map)), key_of(leaf).with_kid("k")));
}

TEST(pem_map, has_as_many_keys_as_a_set_at_most)
{
    json::object map;
    for (std::size_t i = 0; i <= max_jwk_set_keys; ++i)
        map.emplace_back(std::to_string(i), json::value(std::string("-----BEGIN PUBLIC KEY-----")));
    EXPECT_THAT(parsed(json::serialize(json::value(map))).fault, HasSubstr("more than 500 keys"));
}

TEST(x5c, carries_a_key_that_has_no_members_of_its_own)
{
    const certificate_authority authority;
    const auto leaf = authority.issue("DNS:idp.test");
    const auto key = key_of(leaf).with_kid("k");
    const auto own = without(without(key.public_jwk(), "alg"), "use");
    const auto chain = x5c({base64_of(leaf), base64_of(tls_identity{authority.pem(), {}})});
    const json::value bare(json::object{{"kid", text("k")}, {"x5c", chain}});
    EXPECT_TRUE(accepts(parsed(set_of(bare)), key)) << "only x5c";
    EXPECT_TRUE(accepts(parsed(set_of(with(bare, "kty", text("EC")))), key)) << "with its kty";
    EXPECT_TRUE(accepts(parsed(set_of(with(bare, "alg", text("ES256")))), key)) << "with its alg";
    EXPECT_TRUE(accepts(parsed(set_of(with(own, "x5c", chain))), key)) << "beside the same key";
    EXPECT_TRUE(accepts(parsed(set_of(with(own, "x5c", x5c({})))), key)) << "an empty chain beside a key";
    EXPECT_TRUE(accepts(parsed(set_of(with(own, "x5c", text("x")))), key)) << "another type beside a key";
}

TEST(x5c, that_disagrees_with_its_key_or_has_none_is_refused)
{
    const auto mine = certified(), theirs = certified();
    const auto own = key_of(mine).with_kid("k").public_jwk();
    const json::value bare(json::object{{"kid", text("k")}});
    const auto rsa = key_for(algorithm::rs256).with_kid("k").public_jwk();
    auto url_safe = base64_of(theirs);
    url_safe.insert(8, "-_-_");
    const struct {
        const char* sentence;
        json::value key;
        const char* why;
    } rows[] = {
        {"another key", with(own, "x5c", x5c({base64_of(theirs)})), "is for another key"},
        {"a key of another type", with(rsa, "x5c", x5c({base64_of(theirs)})), "is for another key"},
        {"another kty without members", with(with(bare, "kty", text("RSA")), "x5c", x5c({base64_of(mine)})),
         "of another kty"},
        {"another crv", with(with(bare, "crv", text("P-384")), "x5c", x5c({base64_of(mine)})),
         "of another crv"},
        {"a part of a key", with(with(bare, "y", text("AA")), "x5c", x5c({base64_of(mine)})),
         "lacks the member kty"},
        {"another alg", with(with(bare, "alg", text("RS256")), "x5c", x5c({base64_of(mine)})), "its alg"},
        {"no chain", with(bare, "x5c", x5c({})), "does not begin with a readable certificate"},
        {"no base64", with(bare, "x5c", x5c({"%%%%"})), "does not begin with a readable certificate"},
        {"base64url", with(bare, "x5c", x5c({url_safe})), "does not begin with a readable certificate"},
        {"no certificate", with(bare, "x5c", x5c({"AAAA"})), "does not begin with a readable certificate"},
        {"an empty one", with(bare, "x5c", x5c({""})), "does not begin with a readable certificate"},
        {"a private member", with(with(bare, "d", text("AA")), "x5c", x5c({base64_of(mine)})),
         "private key material"},
        {"another use", with(with(bare, "use", text("enc")), "x5c", x5c({base64_of(mine)})), "its use"},
    };
    for (const auto& row : rows) {
        const auto set = parsed(set_of(row.key));
        EXPECT_THAT(set.warnings, ElementsAre(HasSubstr(row.why))) << row.sentence;
        EXPECT_FALSE(accepts(set, key_of(mine).with_kid("k"))) << row.sentence;
        EXPECT_FALSE(accepts(set, key_of(theirs).with_kid("k"))) << row.sentence;
    }
}

TEST(x5c, is_never_read_from_a_key_that_a_client_sends)
{
    const auto mine = certified(), theirs = certified();
    const json::value bare(json::object{{"kty", text("EC")}, {"x5c", x5c({base64_of(mine)})}});
    EXPECT_FALSE(jwk::parse(bare)) << "a DPoP proof's jwk";
    EXPECT_TRUE(jwk::parse(with(key_of(mine).public_jwk(), "x5c", x5c({base64_of(theirs)}))))
        << "there it means nothing";
}

TEST(spiffe_bundle, has_keys_for_tokens_and_passes_over_its_authorities_in_silence)
{
    const certificate_authority authority;
    const auto& key = key_for(algorithm::es256);
    const json::value svid(json::object{{"use", text("x509-svid")},
                                        {"kty", text("EC")},
                                        {"x5c", x5c({base64_of(tls_identity{authority.pem(), {}})})}});
    const json::value bundle(json::object{
        {"keys", json::value(json::array{svid, with(key.public_jwk(), "use", text("jwt-svid"))})},
        {"spiffe_sequence", json::value::number("1")},
        {"spiffe_refresh_hint", json::value::number("2419200")}});
    const auto set = parsed(json::serialize(bundle));
    ASSERT_TRUE(set.keys) << set.fault;
    EXPECT_EQ(set.keys->size(), 1U);
    EXPECT_THAT(set.warnings, IsEmpty());
    EXPECT_TRUE(accepts(set, key));
}

} // namespace
} // namespace scopegate::jose::test
