#include "tokens/client_certificate.hpp"

#include "jose/base64url.hpp"
#include "jose/sha256.hpp"

#include <algorithm>
#include <string_view>

namespace scopegate::tokens {

namespace {

// Decodes base64 with padding (RFC 4648 section 4), as strictly as base64url_decode.
std::optional<std::string> base64_decode(std::string_view text)
{
    if (text.size() % 4 != 0 || text.find_first_of("-_") != std::string_view::npos)
        return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    std::string url(text);
    std::replace(url.begin(), url.end(), '+', '-');
    std::replace(url.begin(), url.end(), '/', '_');
    return jose::base64url_decode(url);
}

} // namespace

std::optional<std::string> forwarded_certificate(const http::field_list& fields)
{
    const http::field* found = nullptr;
    for (const auto& f : fields) {
        if (f.id != http::field_id::client_cert)
            continue;
        if (found != nullptr)
            return std::nullopt;
        found = &f;
    }
    if (found == nullptr || found->underscore)
        return std::nullopt;
    auto value = found->value;
    if (value.size() < 2 || value.front() != ':' || value.back() != ':')
        return std::nullopt;
    value.remove_prefix(1);
    value.remove_suffix(1);
    const auto certificate = base64_decode(value);
    if (!certificate || certificate->empty())
        return std::nullopt;
    return jose::sha256_base64url(*certificate);
}

} // namespace scopegate::tokens
