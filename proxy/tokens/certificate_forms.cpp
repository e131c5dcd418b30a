#include "tokens/certificate_forms.hpp"

#include "base/percent.hpp"
#include "base/text.hpp"
#include "jose/base64url.hpp"
#include "jose/sha256.hpp"

#include <algorithm>
#include <cstdint>

namespace scopegate::tokens {

namespace {

using optional_text = std::optional<std::string>;

// Decodes base64 with padding (RFC 4648 section 4), as strictly as base64url_decode. Nothing is not base64.
optional_text base64_decode(std::string_view text)
{
    if (text.empty() || text.size() % 4 != 0 || text.find_first_of("-_") != std::string_view::npos)
        return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    std::string url(text);
    std::replace(url.begin(), url.end(), '+', '-');
    std::replace(url.begin(), url.end(), '/', '_');
    auto octets = jose::base64url_decode(url);
    return octets && !octets->empty() ? octets : std::nullopt;
}

optional_text thumbprint_of(const optional_text& certificate)
{
    return certificate ? optional_text(jose::sha256_base64url(*certificate)) : std::nullopt;
}

// Refuses broken triplets, and bytes that no encoder leaves as they are.
optional_text strict_percent_decode(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const bool visible = text.front() > ' ' && text.front() <= '~';
        if (!visible || (text.front() == '%' && !starts_with_triplet(text)))
            return std::nullopt;
        out += take_decoded(text);
    }
    return out;
}

bool take_prefix(std::string_view& text, std::string_view prefix) noexcept
{
    const bool found = text.starts_with(prefix);
    text.remove_prefix(found ? prefix.size() : 0);
    return found;
}

bool take_line_end(std::string_view& text) noexcept
{
    return take_prefix(text, "\n") || take_prefix(text, "\r\n");
}

// Removes the first certificate from the text, which is PEM (RFC 7468), and returns its octets.
optional_text take_pem(std::string_view& text)
{
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----", end = "-----END CERTIFICATE-----";
    if (!take_prefix(text, begin) || !take_line_end(text))
        return std::nullopt;
    std::string base64;
    while (!text.starts_with('-')) {
        const auto line = text.substr(0, text.find_first_of("\r\n"));
        text.remove_prefix(line.size());
        if (line.empty() || !take_line_end(text))
            return std::nullopt;
        base64 += line;
    }
    if (!take_prefix(text, end) || (!take_line_end(text) && !text.empty()))
        return std::nullopt;
    return base64_decode(base64);
}

optional_text from_rfc9440(std::string_view value)
{
    if (value.size() < 2 || value.front() != ':' || value.back() != ':')
        return std::nullopt;
    return thumbprint_of(base64_decode(value.substr(1, value.size() - 2)));
}

optional_text from_pem(std::string_view value, bool with_chain)
{
    const auto pem = strict_percent_decode(value);
    if (!pem)
        return std::nullopt;
    std::string_view rest = *pem;
    auto own = take_pem(rest);
    if (!own || (!rest.empty() && !with_chain))
        return std::nullopt;
    while (!rest.empty())
        if (!take_pem(rest))
            return std::nullopt;
    return thumbprint_of(own);
}

optional_text from_base64(std::string_view value)
{
    optional_text own;
    for (bool first = true;; first = false) {
        const auto one = value.substr(0, value.find(','));
        const auto text = strict_percent_decode(one);
        auto octets = text ? base64_decode(*text) : std::nullopt;
        if (!octets)
            return std::nullopt;
        if (first)
            own = std::move(octets);
        if (one.size() == value.size())
            return thumbprint_of(own);
        value.remove_prefix(one.size() + 1);
    }
}

// The pairs of an element of X-Forwarded-Client-Cert that matter.
struct xfcc_element {
    std::optional<std::string_view> hash, certificate;
    bool repeated = false; // it says one of them twice
};

// Removes a value from the front of the text: one in quotes, in which `\` escapes the next character, or one
// without any quote, comma or semicolon. Returns nothing if it is neither.
std::optional<std::string_view> take_xfcc_value(std::string_view& text) noexcept
{
    if (!text.starts_with('"')) {
        const auto value = text.substr(0, text.find_first_of(",;\"\\"));
        text.remove_prefix(value.size());
        return text.empty() || text.front() == ',' || text.front() == ';' ? std::optional(value)
                                                                          : std::nullopt;
    }
    std::size_t end = 1;
    while (end < text.size() && text[end] != '"')
        end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size())
        return std::nullopt;
    const auto value = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return value;
}

// Reads the only element of the header. Returns nothing if it is malformed or another one follows.
std::optional<xfcc_element> read_xfcc_element(std::string_view text) noexcept
{
    xfcc_element out;
    for (;;) {
        while (text.starts_with(' '))
            text.remove_prefix(1);
        const auto key = text.substr(0, text.find_first_of("=,;\"\\"));
        text.remove_prefix(key.size());
        if (key.empty() || !take_prefix(text, "="))
            return std::nullopt;
        const auto value = take_xfcc_value(text);
        if (!value)
            return std::nullopt;
        auto* const into = iequals(key, "Hash")   ? &out.hash
                           : iequals(key, "Cert") ? &out.certificate
                                                  : nullptr;
        if (into != nullptr) {
            out.repeated = out.repeated || into->has_value();
            *into = value;
        }
        if (text.empty())
            return out;
        if (!take_prefix(text, ";"))
            return std::nullopt;
    }
}

// Returns the thumbprint whose octets are these 64 hexadecimal digits.
optional_text from_hex(std::string_view digits)
{
    constexpr std::size_t sha256_digits = 64;
    if (digits.size() != sha256_digits || !std::all_of(digits.begin(), digits.end(), is_hex_digit))
        return std::nullopt;
    std::string octets;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        octets += static_cast<char>(hex_value(digits[i]) * 16 + hex_value(digits[i + 1]));
    return jose::base64url_encode(octets);
}

optional_text from_xfcc(std::string_view value)
{
    const auto element = read_xfcc_element(value);
    if (!element || element->repeated || (!element->hash && !element->certificate))
        return std::nullopt;
    const auto by_hash = element->hash ? from_hex(*element->hash) : std::nullopt;
    const auto by_certificate = element->certificate ? from_pem(*element->certificate, false) : std::nullopt;
    if (!element->hash)
        return by_certificate;
    return !element->certificate || by_certificate == by_hash ? by_hash : std::nullopt;
}

} // namespace

optional_text certificate_thumbprint(std::string_view value, policy::client_cert_header::form form)
{
    using enum policy::client_cert_header::form;
    if (value.size() > max_certificate_value)
        return std::nullopt;
    switch (form) {
    case rfc9440:
        return from_rfc9440(value);
    case xfcc:
        return from_xfcc(value);
    case pem_percent:
        return from_pem(value, true);
    case base64:
        return from_base64(value);
    }
    return std::nullopt;
}

} // namespace scopegate::tokens
