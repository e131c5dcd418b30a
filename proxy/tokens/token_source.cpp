#include "tokens/token_source.hpp"

#include "base/percent.hpp"
#include "base/text.hpp"
#include "http/runs.hpp"
#include "tokens/token_places.hpp"

#include <algorithm>
#include <optional>

namespace scopegate::tokens {

namespace {

constexpr std::string_view bearer = "Bearer", proof_of_possession = "DPoP";

// The scheme is the leading token: `Bearerx` is another scheme; `Bearer` alone or `Bearer,` is ours,
// malformed.
bool has_scheme(std::string_view credentials, std::string_view scheme) noexcept
{
    return iequals(credentials.substr(0, scheme.size()), scheme) &&
           (credentials.size() == scheme.size() || !http::is_token(credentials.substr(scheme.size(), 1)));
}

// Collects the tokens of all places; more than one is an error, even if they are equal.
class token_search final {
public:
    void found(const taken_token& token) noexcept
    {
        ++count_;
        token_ = token;
    }
    void found_malformed(cause why) noexcept
    {
        ++count_;
        malformed_ = why;
    }
    [[nodiscard]] result<taken_token> outcome() const
    {
        if (count_ > 1)
            return failure{reason::several_tokens, cause::token_in_two_places};
        if (malformed_ != cause::none)
            return failure{reason::malformed_credentials, malformed_};
        if (count_ == 0)
            return reason::no_token;
        return token_;
    }

private:
    unsigned count_ = 0;
    cause malformed_ = cause::none; // cause::none if no token is malformed
    taken_token token_;
};

// Percent-decodes a parameter's value. Refuses `+`, which some readers take for a space. Returns nothing for
// an invalid percent-triplet.
std::optional<std::string_view> decode(std::string_view value, std::string& scratch)
{
    if (value.find_first_of("%+") == std::string_view::npos)
        return value;
    scratch.clear();
    while (!value.empty()) {
        if (value.front() == '+' || (value.front() == '%' && !starts_with_triplet(value)))
            return std::nullopt;
        scratch += take_decoded(value);
    }
    return scratch;
}

void search_query(std::string_view query, const std::vector<std::string>& names, std::string& scratch,
                  token_search& search)
{
    if (names.empty() || query.empty())
        return;
    for_each_parameter(query.substr(1), [&](std::string_view part) {
        const auto parameter = read_parameter(part, names);
        if (parameter.name == named_value::match::none)
            return;
        const auto text = decode(parameter.value, scratch);
        if (parameter.name == named_value::match::exact && text)
            search.found({*text, false});
        else
            search.found_malformed(text ? cause::token_name_spelled_otherwise
                                        : cause::token_percent_encoding);
    });
}

void search_cookies(const http::field_list& fields, const std::vector<std::string>& names,
                    token_search& search)
{
    if (names.empty())
        return;
    for (const auto& f : fields) {
        if (f.id != http::field_id::cookie)
            continue;
        for_each_cookie(f.value, [&](std::string_view part) {
            const auto cookie = read_cookie(part, names);
            if (cookie.name == named_value::match::alike)
                search.found_malformed(cause::token_name_spelled_otherwise);
            else if (cookie.name == named_value::match::exact && !cookie.value.empty())
                search.found({cookie.value, false});
        });
    }
}

void search_protocols(const http::field_list& fields, token_search& search)
{
    const auto offered = find_offered_bearer(fields);
    for (unsigned i = 0; i < offered.times; ++i)
        if (offered.exact)
            search.found({offered.token, false});
        else
            search.found_malformed(cause::token_name_spelled_otherwise);
}

} // namespace

bool is_b64token(std::string_view s) noexcept
{
    s = s.substr(0, s.find_last_not_of('=') + 1);
    return !s.empty() && http::all_b64(s);
}

result<taken_token> take_token(const policy::token_settings& places, const credentials& from,
                               std::string& scratch)
{
    token_search search;
    if (places.header) {
        const auto taken = take_token(from.fields, places.dpop.how != policy::dpop_settings::mode::off);
        if (places.only_header() || (!taken && taken.error() == reason::several_tokens))
            return taken;
        if (taken)
            search.found(*taken);
        else if (taken.error() == reason::malformed_credentials)
            search.found_malformed(taken.error().detail);
    }
    search_query(from.query, places.queries, scratch, search);
    search_cookies(from.fields, places.cookies, search);
    if (places.websocket && from.websocket)
        search_protocols(from.fields, search);
    return search.outcome();
}

result<taken_token> take_token(const http::field_list& fields, bool dpop)
{
    const http::field* credentials = nullptr;
    for (const auto& f : fields) {
        if (f.id != http::field_id::authorization)
            continue;
        // An application behind CGI or WSGI may read `Authorization` and a spelling with `_` as the same
        // variable, and may pick the other one. So two of any spelling are refused, and one with `_` is never
        // read.
        if (credentials != nullptr)
            return failure{reason::several_tokens, cause::several_authorization_fields};
        credentials = &f;
    }
    if (credentials == nullptr || credentials->underscore)
        return reason::no_token;
    const bool is_dpop = dpop && has_scheme(credentials->value, proof_of_possession);
    if (!is_dpop && !has_scheme(credentials->value, bearer))
        return failure{reason::no_token, cause::other_auth_scheme};

    const auto rest = credentials->value.substr(is_dpop ? proof_of_possession.size() : bearer.size());
    const auto token = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
    if (token.size() == rest.size() || token.empty())
        return failure{reason::malformed_credentials, cause::credentials_empty};
    return taken_token{token, true, is_dpop};
}

} // namespace scopegate::tokens
