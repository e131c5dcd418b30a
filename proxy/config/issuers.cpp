// `issuers:`, the trusted authorization servers.
#include "config/compile.hpp"
#include "config/identifiers.hpp"
#include "config/implications.hpp"
#include "config/introspection.hpp"
#include "config/issuer_access.hpp"
#include "config/issuer_keys.hpp"
#include "config/key_material.hpp"
#include "config/lists.hpp"
#include "config/names_claims.hpp"
#include "config/scopes.hpp"
#include "config/tenants.hpp"
#include "config/trust_domain.hpp"
#include "config/urls.hpp"
#include "config/values.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

// Returns the values of which a claim must have one: a single one, or a list of them.
std::vector<json::value> read_required_values(compilation& c, const node& entry)
{
    std::vector<json::value> out;
    const auto items = entry.is(node::kind::list) ? list_items(c, entry) : std::vector<node>{entry};
    for (const node& item : items) {
        auto wanted = read_json_scalar(c, item);
        if (wanted && std::find(out.begin(), out.end(), *wanted) != out.end())
            c.out.error(item.at, as_written(item) + " is already in the list");
        else if (wanted)
            out.push_back(std::move(*wanted));
    }
    return out;
}

void read_require(compilation& c, const node& value, issuer_entry& into)
{
    if (!expect(c, value, node::kind::map))
        return;
    if (value.items.empty())
        c.out.error(value.at, "the map is empty: remove \"require\" if no claim is required");
    for (const node& entry : value.items) {
        auto claim = claim_named(c, located_key(entry));
        auto any_of = read_required_values(c, entry);
        if (claim && !any_of.empty())
            into.settings.require.emplace_back(std::move(*claim), std::move(any_of));
    }
}

// Resolves the scopes that the issuer may grant. A `*` matches any run of characters, as in `implies`.
void read_grants(compilation& c, const node& value, issuer_entry& into)
{
    auto& granted = into.settings.grants.emplace();
    for (const auto& item : read_text_list(c, value)) {
        bool found = false;
        if (item.text.find('*') == std::string::npos) {
            found = find_scope(c, item).has_value();
            c.policy.scopes.add_with_implied(item.text, granted);
            continue;
        }
        for (std::size_t i = 0; i < c.policy.scopes.size(); ++i) {
            const auto& scope = c.policy.scopes[static_cast<policy::scope_id>(i)];
            if (!matches_glob(item.text, scope.name))
                continue;
            found = true;
            granted |= scope.closure;
        }
        if (!found)
            c.out.error(item.at, item.shown + " matches no scope");
    }
}

void read_scope_claims(compilation& c, const node& value, issuer_entry& into)
{
    into.settings.scope_claims = read_names_claims(c, value);
}

void read_audience(compilation& c, const node& value, issuer_entry& into)
{
    for (auto& name : read_text_or_list(c, value)) {
        if (const auto why = audience_problem(name.text); !why.empty())
            c.out.error(name.at, name.shown + why);
        into.settings.audience.push_back(std::move(name.text));
    }
}

void read_audience_claim(compilation& c, const node& value, issuer_entry& into)
{
    if (auto claim = read_claim(c, value))
        into.settings.audience_claim = std::move(*claim);
}

void read_clock_skew(compilation& c, const node& value, issuer_entry& into)
{
    using std::chrono::seconds;
    if (const auto skew = read_seconds(c, value, seconds(0), seconds(60)))
        into.settings.clock_skew = *skew;
}

void read_token_type(compilation& c, const node& value, issuer_entry& into)
{
    into.settings.access_token_only = read_word(c, value, {"any", "at+jwt"}) == 1U;
}

void read_ca(compilation& c, const node& value, issuer_entry& into)
{
    into.ca = &value;
    const auto name = read_text(c, value);
    auto path = name ? read_file_name(c, value, *name) : std::nullopt;
    if (!path)
        return;
    if (!holds_certificates(read_regular_file(*path, max_named_file).text))
        c.out.error(value.at,
                    "the file " + as_written(value) + " contains no certificate of an authority in PEM");
    into.settings.ca_file = std::move(*path);
}

void read_issuer_name(compilation& c, const node& value, issuer_entry& into)
{
    into.name = value;
    if (auto name = read_text(c, value)) {
        into.settings.issuer = std::move(*name);
        into.settings.pattern = policy::tenant_pattern_of(into.settings.issuer);
    }
}

constexpr key<issuer_entry> issuer_keys[] = {
    {"issuer", read_issuer_name, true, true},
    {"tenants", read_tenants}, // before `keys`, which it concerns
    {"audience", read_audience, false, true},
    {"insecure_http", read_insecure_http},     // likewise
    {"keys_token_file", read_keys_token_file}, // likewise
    {"keys", read_keys_location},
    {"algorithms", read_algorithms},
    {"secret", read_secret, false, true},
    {"audience_claim", read_audience_claim},
    {"require", read_require},
    {"clock_skew", read_clock_skew},
    {"scope_claims", read_scope_claims},
    {"token_type", read_token_type},
    {"ca", read_ca},
    {"certificate", read_own_certificate},
    {"key", read_own_key},
    {"proxy", read_proxy},
    {"introspection", read_introspection},
    {"grants", read_grants},
};

std::string_view without_slash(std::string_view url) noexcept
{
    return url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
}

// Returns the name in one form: a pattern can be written with either placeholder.
std::string comparable_name(const policy::issuer_settings& issuer)
{
    return issuer.any_tenant() ? issuer.pattern->name_of("{tenant}") : issuer.issuer;
}

// A token's issuer is found by its exact name, so two issuers with the same name can't be told apart. A
// missing or extra slash is the most common reason why no token is ever accepted.
void check_against_others(compilation& c, const named_issuer& fresh)
{
    const auto name = comparable_name(fresh.settings);
    for (const auto& other : c.policy.issuers) {
        const auto others = comparable_name(other);
        if (name.empty() || without_slash(others) != without_slash(name))
            continue;
        const auto line = std::to_string(other.mark.line);
        if (others == name)
            c.out.error(fresh.at, "the issuer " + fresh.shown + " is already listed in line " + line);
        else
            c.out.warn(warning::similar_issuers, fresh.at,
                       "the issuer " + fresh.shown + " and the one in line " + line +
                           " differ only by a slash at the end: issuers are compared exactly");
    }
}

// An issuer that signs nothing may omit its audience, because some introspection endpoints do not return it.
void check_audience(compilation& c, const issuer_entry& entry)
{
    if (entry.settings.audience.empty() && entry.introspection != nullptr)
        c.out.warn(warning::issuer_without_audience, entry.settings.mark,
                   "every token that this issuer reports as active is accepted, even one for another API: "
                   "set \"audience\", or require scopes that only this API has");
}

} // namespace

void compile_issuers(compilation& c, const node& value)
{
    if (!expect(c, value, node::kind::list))
        return;
    for (const node& item : value.items) {
        issuer_entry entry;
        entry.settings.mark = item.at;
        if (!read_keys(c, item, issuer_keys, entry))
            continue;
        check_introspection(c, entry, item);
        check_keys_and_algorithms(c, entry);
        if (is_trust_domain(entry))
            check_trust_domain(c, entry);
        else
            check_issuer_name(c, entry);
        check_tenants(c, entry, item);
        check_access(c, entry);
        check_audience(c, entry);
        for (auto& issuer : issuers_of(std::move(entry))) {
            check_against_others(c, issuer);
            c.policy.issuers.push_back(std::move(issuer.settings));
        }
    }
}

std::vector<section> issuer_sections()
{
    return {make_section("issuers[]", issuer_keys), introspection_section(),
            names_claim_section("issuers[].scope_claims[]")};
}

} // namespace scopegate::config
