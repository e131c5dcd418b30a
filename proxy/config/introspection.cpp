#include "config/introspection.hpp"

#include "config/urls.hpp"
#include "config/values.hpp"

#include "jose/sign.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace scopegate::config {

namespace {

using settings = policy::introspection_settings;

void read_url(compilation& c, const node& value, settings& into)
{
    if (auto url = read_text(c, value))
        if (check_fetchable(c, value))
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

// Reads PEM, or a private JWK. The kid and alg of a JWK are used.
jose::signing_key key_of(const secret& text)
{
    const auto begin = text.reveal().find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || text.reveal()[begin] != '{')
        return jose::signing_key::from_pem(text).with_kid({});
    auto key = jose::signing_key::from_jwk(text);
    if (jose::is_symmetric(key.alg()))
        throw std::runtime_error("a secret (oct) has no public half");
    return key;
}

void read_client_key(compilation& c, const node& value, settings& into)
{
    const auto name = read_text(c, value);
    const auto path = name ? read_file_name(c, value, *name) : std::nullopt;
    if (!path)
        return;
    constexpr std::size_t largest = 64 * 1024;
    auto content = read_regular_file(*path, largest);
    try {
        if (!content.problem.empty())
            throw std::runtime_error(content.problem);
        into.client_key = key_of(secret(std::move(content.text)));
    } catch (const std::runtime_error& e) {
        c.out.error(value.at, as_written(value) + " contains no signing key: " + e.what());
    }
}

void read_auth(compilation& c, const node& value, settings& into)
{
    if (const auto word = read_word(c, value, {"basic", "post", "private_key_jwt"}))
        into.by = static_cast<settings::auth>(*word);
}

void read_cache(compilation& c, const node& value, settings& into)
{
    using namespace std::chrono_literals;
    if (const auto cache = read_duration(c, value, 0ms, 1h))
        into.cache = *cache;
}

void read_also(compilation& c, const node& value, settings& into)
{
    into.also_jwts = read_word(c, value, {"jwt"}).has_value();
}

void read_signed(compilation& c, const node& value, settings& into)
{
    into.signed_results = read_flag(c, value).value_or(false);
}

constexpr key<settings> introspection_keys[] = {
    {"url", read_url, true},
    {"client_id", read_client_id, true, true},
    {"client_secret", read_client_secret, false, true},
    {"client_key", read_client_key},
    {"auth", read_auth},
    {"cache", read_cache},
    {"also", read_also},
    {"signed", read_signed},
};

// Each authentication method has its own secret. A second secret would be a mistake that nobody notices.
void check_credentials(compilation& c, const node& map, settings::auth by)
{
    const auto* secret_given = map.find("client_secret");
    if (secret_given == nullptr)
        secret_given = map.find("client_secret_file");
    const auto* key_given = map.find("client_key");
    const bool signs = by == settings::auth::private_key_jwt;
    if (signs && key_given == nullptr)
        c.out.error(map.at, "missing key \"client_key\", which \"auth: private_key_jwt\" needs");
    if (signs && secret_given != nullptr)
        c.out.error(secret_given->key_at,
                    "\"auth: private_key_jwt\" signs with \"client_key\"; remove the secret");
    if (!signs && secret_given == nullptr)
        c.out.error(map.at, "missing key \"client_secret\"");
    if (!signs && key_given != nullptr)
        c.out.error(key_given->key_at, "\"client_key\" needs \"auth: private_key_jwt\"");
}

// Reports a key that is for an issuer with keys, if it is given.
void check_needs_keys(compilation& c, const node& map, std::string_view name)
{
    const auto* given = map.find(name);
    if (given == nullptr || given->text == "false")
        return;
    c.out.error(given->key_at,
                name == "also" ? "\"also: jwt\" needs \"keys\": without them, JWTs are introspected anyway"
                               : "\"signed\" needs \"keys\": they verify the results (\"keys: discover\")");
}

} // namespace

void read_introspection(compilation& c, const node& value, issuer_entry& into)
{
    into.introspection = &value;
    auto& settings = into.settings.introspection.emplace();
    if (read_keys(c, value, introspection_keys, settings))
        check_credentials(c, value, settings.by);
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
        entry.settings.keys = {policy::key_location::kind::none, {}};
        for (const auto* name : {"algorithms", "token_type"})
            if (const auto* given = issuer.find(name))
                c.out.error(given->key_at,
                            in_quotes(name) + " applies to JWTs only, and this issuer has no \"keys\"");
        for (const auto* name : {"also", "signed"})
            check_needs_keys(c, *entry.introspection, name);
    } else if (!has_audience) {
        c.out.error(issuer.at, "missing key \"audience\": only an issuer without \"keys\" may omit it");
    }
    const auto other = std::find_if(c.policy.issuers.begin(), c.policy.issuers.end(),
                                    [](const auto& i) { return i.introspection.has_value(); });
    if (other != c.policy.issuers.end())
        c.out.error(entry.introspection->key_at,
                    "the issuer in line " + std::to_string(other->mark.line) +
                        " already has introspection; an opaque token does not identify its issuer, and must "
                        "not be sent to the wrong one");
}

section introspection_section()
{
    return make_section("issuers[].introspection", introspection_keys);
}

} // namespace scopegate::config
