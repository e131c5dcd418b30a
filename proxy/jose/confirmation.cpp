#include "jose/confirmation.hpp"

#include "jose/base64url.hpp"

namespace scopegate::jose {

namespace {

constexpr std::size_t sha256_bytes = 32;

bool is_thumbprint(const json::value& v)
{
    const auto* text = v.if_string();
    const auto octets = text != nullptr ? base64url_decode(*text) : std::nullopt;
    return octets && octets->size() == sha256_bytes;
}

} // namespace

result<confirmation> read_confirmation(const json::value& claims)
{
    confirmation out;
    const auto* cnf = claims.find("cnf");
    if (cnf == nullptr)
        return out;
    const auto* members = cnf->if_object();
    if (members == nullptr || members->empty())
        return failure{reason::unbound_token, cause::cnf_not_object};
    for (const auto& [name, value] : *members) {
        if (name != "jkt" && name != "x5t#S256")
            return failure{reason::unbound_token, cause::cnf_not_understood};
        if (!is_thumbprint(value))
            return failure{reason::unbound_token, cause::cnf_not_thumbprint};
        (name == "jkt" ? out.key : out.certificate) = *value.if_string();
    }
    return out;
}

} // namespace scopegate::jose
