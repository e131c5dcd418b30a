#include "config/introspection.hpp"

#include "config/urls.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::config {

namespace {

using settings = policy::introspection_settings;

void read_url(compilation& c, const node& value, settings& into)
{
    if (auto url = read_text(c, value))
        if (check_fetchable(c, value.at, *url))
            into.url = std::move(*url);
}

void read_client_id(compilation& c, const node& value, settings& into)
{
    if (auto id = read_text(c, value))
        into.client_id = std::move(*id);
}

void read_client_secret(compilation& c, const node& value, settings& into)
{
    if (!expect(c, value, node::kind::scalar))
        return;
    if (value.text.empty())
        c.out.error(value.at, "the client secret is empty");
    into.client_secret = secret(value.text);
}

void read_auth(compilation& c, const node& value, settings& into)
{
    into.by = read_word(c, value, {"basic", "post"}) == 1U ? settings::auth::post : settings::auth::basic;
}

void read_cache(compilation& c, const node& value, settings& into)
{
    using namespace std::chrono_literals;
    if (const auto cache = read_duration(c, value, 0ms, 1h))
        into.cache = *cache;
}

constexpr key<settings> introspection_keys[] = {
    {"url", read_url, true},
    {"client_id", read_client_id, true, true},
    {"client_secret", read_client_secret, true, true},
    {"auth", read_auth},
    {"cache", read_cache},
};

} // namespace

void read_introspection(compilation& c, const node& value, issuer_entry& into)
{
    into.introspection = &value;
    read_keys(c, value, introspection_keys, into.made.introspection.emplace());
}

void check_introspection(compilation& c, issuer_entry& entry, const node& issuer)
{
    const bool has_audience = issuer.find("audience") != nullptr || issuer.find("audience_file") != nullptr;
    if (entry.introspection == nullptr) {
        if (!has_audience)
            c.out.error(issuer.at, "missing key \"audience\"");
        return;
    }
    const bool signs = entry.keys != nullptr || entry.secret_at.line != 0;
    if (!signs) {
        entry.made.keys = {policy::key_location::kind::none, {}};
        for (const auto* name : {"algorithms", "token_type"})
            if (const auto* given = issuer.find(name))
                c.out.error(given->key_at,
                            in_quotes(name) + " is for JWTs, which this issuer has no \"keys\" for");
    } else if (!has_audience) {
        c.out.error(issuer.at,
                    "missing key \"audience\": it may be left out only where there are no \"keys\"");
    }
    const auto other = std::find_if(c.made.issuers.begin(), c.made.issuers.end(),
                                    [](const auto& i) { return i.introspection.has_value(); });
    if (other != c.made.issuers.end())
        c.out.error(
            entry.introspection->key_at,
            "the issuer in line " + std::to_string(other->mark.line) +
                " introspects already: an opaque token does not say which of the two made it, and must "
                "not be shown to the wrong one");
}

section introspection_section()
{
    return make_section("issuers[].introspection", introspection_keys);
}

} // namespace scopegate::config
