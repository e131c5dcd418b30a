#include "tokens/identity.hpp"

#include "http/fields.hpp"
#include "observe/log.hpp"
#include "tokens/unverified.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::tokens {

namespace {

using source = policy::identity_header::source;

// The append_* functions return whether a value exists. If not, ignore what they appended.
bool append_joined(const json::array& elements, std::string& out)
{
    const char* separator = "";
    for (const auto& element : elements) {
        const auto one = element.scalar_text();
        if (!one || one->empty() || one->find(' ') != std::string_view::npos)
            return false;
        out.append(std::exchange(separator, " ")).append(*one);
    }
    return true;
}

bool append_text(const json::value* claim, std::string& out)
{
    if (claim == nullptr)
        return false;
    if (const auto* elements = claim->if_array())
        return append_joined(*elements, out);
    const auto text = claim->scalar_text();
    out.append(text.value_or(std::string_view{}));
    return text.has_value();
}

// CR and LF would end the line and let the token start a header of its own. Recipients read the other
// controls in different ways. U+0080 to U+009F (C2 80 to C2 9F in UTF-8) are controls too: some recipients
// end lines at U+0085.
bool has_control(std::string_view s) noexcept
{
    unsigned char before = 0;
    for (const char each : s) {
        const auto c = static_cast<unsigned char>(each);
        if (c < 0x20 || c == 0x7f || (before == 0xc2 && c < 0xa0))
            return true;
        before = c;
    }
    return false;
}

bool is_safe_value(std::string_view s) noexcept
{
    return !s.empty() && s.front() != ' ' && s.back() != ' ' && !has_control(s);
}

bool append_value(const policy::identity_header& header, const policy::policy& p, const json::value& claims,
                  const policy::scope_set& effective, std::string& out)
{
    switch (header.from) {
    case source::claim:
        return append_text(header.claim.find(claims), out);
    case source::client_id:
        out += client_id_of(claims);
        return true;
    case source::scopes:
        break;
    }
    const char* separator = "";
    effective.for_each(
        [&](policy::scope_id id) { out.append(std::exchange(separator, " ")).append(p.scopes[id].name); });
    return true;
}

// Returns why a present, non-empty claim makes no line. Empty if it does make one, or if the claim has no
// value.
std::string_view why_left_out(const json::value* claim)
{
    if (claim == nullptr || claim->is_null())
        return {};
    if (claim->if_object() != nullptr)
        return "it is an object";
    std::string text;
    if (const auto* elements = claim->if_array(); elements != nullptr && !append_joined(*elements, text)) {
        const bool nested = std::any_of(elements->begin(), elements->end(),
                                        [](const json::value& e) { return !e.scalar_text().has_value(); });
        return nested ? "an element is not a string, number or boolean"
                      : "an element is empty or contains a space";
    }
    text.append(claim->scalar_text().value_or(std::string_view{}));
    if (text.empty() || is_safe_value(text))
        return {};
    return has_control(text) ? "it contains a control character" : "it begins or ends with a space";
}

// Returns the claim that a header is made from, or null.
const json::value* claim_of(const policy::identity_header& header, const json::value& claims)
{
    if (header.from == source::claim)
        return header.claim.find(claims);
    if (header.from != source::client_id)
        return nullptr;
    const auto* client = claims.find("client_id");
    return client != nullptr ? client : claims.find("azp");
}

// An upstream that misses a signed-in user's header can't tell why. The log at level debug can.
void report_left_out(const policy::policy& p, const policy::identity_header& header,
                     const json::value& claims)
{
    if (p.log.at != policy::log_settings::level::debug)
        return;
    const auto* claim = claim_of(header, claims);
    const auto why = why_left_out(claim);
    if (!why.empty())
        observe::log_repeated(
            observe::level::debug, "identity_header_left_out",
            {{"header", header.name}, {"why", why}, {"value", printable(json::serialize(*claim))}});
}

bool sets_issuer_header(const policy::policy& p) noexcept
{
    const auto& headers = p.upstream.headers;
    return std::any_of(headers.begin(), headers.end(), [](const policy::identity_header& h) {
        return http::same_field_name(h.name, issuer_header);
    });
}

// Returns the issuer's name, or nothing if all tokens have the same issuer. The name of a tenant of
// `tenants: any` is the token's own.
std::string_view name_in_header(const policy::policy& p, std::size_t issuer, const json::value& claims)
{
    if (issuer >= p.issuers.size())
        return {};
    const auto& settings = p.issuers[issuer];
    if (!settings.any_tenant())
        return p.issuers.size() > 1 ? std::string_view(settings.issuer) : std::string_view{};
    const auto* iss = claims.find("iss");
    const auto* name = iss != nullptr ? iss->if_string() : nullptr;
    return name != nullptr && settings.is_named(*name) ? std::string_view(*name) : std::string_view{};
}

} // namespace

std::vector<std::string> identity_names(const policy::policy& p)
{
    std::vector<std::string> names;
    for (const auto& header : p.upstream.headers)
        names.push_back(header.name);
    if (!sets_issuer_header(p))
        names.emplace_back(issuer_header);
    return names;
}

std::string identity_lines(const policy::policy& p, std::size_t issuer, const json::value& claims,
                           const policy::scope_set& effective)
{
    std::string lines;
    for (const auto& header : p.upstream.headers) {
        const auto line = lines.size();
        lines.append(header.name).append(": ");
        const auto value = lines.size();
        if (append_value(header, p, claims, effective, lines) &&
            is_safe_value(std::string_view(lines).substr(value))) {
            lines += "\r\n";
        } else {
            lines.resize(line);
            report_left_out(p, header, claims);
        }
    }
    if (const auto name = name_in_header(p, issuer, claims); !sets_issuer_header(p) && is_safe_value(name))
        lines.append(issuer_header).append(": ").append(name).append("\r\n");
    return lines;
}

std::string client_id_of(const json::value& claims)
{
    for (const auto name : {"client_id", "azp"}) {
        const auto* claim = claims.find(name);
        const auto text = claim != nullptr ? claim->scalar_text() : std::nullopt;
        if (text)
            return std::string(*text);
    }
    return {};
}

} // namespace scopegate::tokens
