#include "support/proof_maker.hpp"

#include "jose/jwk.hpp"
#include "jose/sha256.hpp"

#include <algorithm>
#include <atomic>
#include <random>

namespace scopegate::test {

namespace {

std::string new_id()
{
    static const unsigned process = std::random_device{}();
    static std::atomic<unsigned> next{0};
    return std::to_string(process) + '-' + std::to_string(next++);
}

// Builds an object's text, member by member.
class object_text final {
public:
    void add(std::string_view name, const std::string& value)
    {
        if (!value.empty())
            text_.append(text_.size() > 1 ? "," : "").append(json_string(name)).append(":").append(value);
    }
    [[nodiscard]] std::string with(std::string_view more) && { return std::move(text_).append(more) + "}"; }

private:
    std::string text_ = "{";
};

std::string or_else(const std::string& given, bool left_out, const std::string& usual)
{
    return left_out ? std::string() : given.empty() ? usual : given;
}

} // namespace

std::string json_string(std::string_view text)
{
    return '"' + std::string(text) + '"';
}

std::string seconds_from_now(std::chrono::seconds ahead)
{
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return std::to_string((now + ahead).time_since_epoch().count());
}

std::string proof_maker::public_jwk() const
{
    const auto whole = key_.public_jwk();
    json::object bare;
    for (const auto& [name, value] : *whole.if_object())
        if (name != "kid" && name != "use" && name != "alg")
            bare.emplace_back(name, value);
    return json::serialize(json::value(std::move(bare)));
}

std::string proof_maker::thumbprint() const
{
    return jose::thumbprint(key_.public_jwk()).value();
}

std::string proof_maker::confirmation() const
{
    return R"("cnf":{"jkt":")" + thumbprint() + "\"}";
}

std::string proof_maker::proof(const proof_parts& parts) const
{
    object_text header, claims;
    header.add("typ", parts.typ);
    header.add("alg", or_else(parts.alg, false, json_string(name(key_.alg()))));
    header.add("jwk", or_else(parts.jwk, parts.no_jwk, public_jwk()));
    claims.add("jti", or_else(parts.jti, parts.no_jti, json_string(new_id())));
    claims.add("htm", parts.htm);
    claims.add("htu", parts.htu);
    claims.add("iat", or_else(parts.iat, parts.no_iat, seconds_from_now(std::chrono::seconds(0))));
    claims.add("ath", or_else(parts.ath, parts.no_ath, json_string(jose::sha256_base64url(parts.token))));
    return jose::sign_with_header(key_, std::move(header).with(parts.header_more),
                                  std::move(claims).with(parts.claims_more));
}

std::string proof_maker::proof(std::string_view method, std::string_view uri, std::string_view token,
                               std::string_view claims_more) const
{
    proof_parts parts;
    parts.htm = json_string(method);
    parts.htu = json_string(uri);
    parts.token = token;
    parts.claims_more = claims_more;
    return proof(parts);
}

} // namespace scopegate::test
