#include "config/tenants.hpp"

#include "config/urls.hpp"

#include <string>
#include <utility>

namespace scopegate::config {

namespace {

// Each has keys that are fetched and kept.
constexpr std::size_t max_tenants = 1'000;

void read_list(compilation& c, const node& value, issuer_entry& into)
{
    for (auto& tenant : read_text_list(c, value)) {
        if (policy::is_tenant(tenant.text))
            into.listed_tenants.push_back(std::move(tenant));
        else
            c.out.error(tenant.at, tenant.shown + " is not the id of one tenant: 1 to 64 letters, digits, "
                                                  "\".\", \"_\" and \"-\", as in the token's iss");
    }
    if (into.listed_tenants.size() > max_tenants)
        c.out.error(value.at, "more than " + std::to_string(max_tenants) + " tenants");
}

} // namespace

void read_tenants(compilation& c, const node& value, issuer_entry& into)
{
    into.tenants = &value;
    const bool scalar = value.is(node::kind::scalar);
    into.any_tenant = scalar && value.text == "any";
    if (into.any_tenant)
        return;
    if (scalar && value.from == node::origin::here)
        c.out.error(value.at, "expected any, or a list of tenants, found " + as_written(value));
    else
        read_list(c, value, into);
}

void check_tenants(compilation& c, const issuer_entry& entry, const node& issuer)
{
    if (entry.tenants == nullptr)
        return;
    const auto at = entry.tenants->key_at;
    if (!entry.settings.pattern && !entry.settings.issuer.empty())
        c.out.error(entry.name.at,
                    shown_url(entry.name) +
                        " needs {tenant} as one whole segment of its path, because the entry has "
                        "\"tenants\": https://login.microsoftonline.com/{tenant}/v2.0");
    if (entry.introspection != nullptr)
        c.out.error(entry.introspection->key_at,
                    "\"introspection\" is for a single issuer; it can't be combined with \"tenants\"");
    if (entry.secret_at.line != 0)
        c.out.error(entry.secret_at, "a secret can't be shared by tenants; use \"keys\"");
    if (entry.any_tenant && issuer.find("grants") == nullptr && issuer.find("require") == nullptr)
        c.out.error(at, "\"tenants: any\" accepts tokens of every tenant, and anybody can open one: limit "
                        "their scopes with \"grants\", or the tokens with \"require\"");
}

std::vector<named_issuer> issuers_of(issuer_entry&& entry)
{
    std::vector<named_issuer> out;
    auto& settings = entry.settings;
    const bool listed = settings.pattern && !entry.any_tenant;
    const auto key_pattern = settings.key_pattern;
    for (const auto& tenant : entry.listed_tenants) {
        if (!listed)
            break;
        auto own = settings;
        own.tenant = tenant.text;
        own.issuer = own.pattern->name_of(tenant.text);
        own.key_pattern.reset();
        if (key_pattern)
            own.keys.value = key_pattern->name_of(tenant.text);
        out.push_back({std::move(own), tenant.at, "of tenant " + tenant.shown});
    }
    if (!listed)
        out.push_back({std::move(settings), entry.name.at, as_written(entry.name)});
    return out;
}

} // namespace scopegate::config
