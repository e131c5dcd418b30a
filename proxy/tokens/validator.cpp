#include "tokens/validator.hpp"

#include "jose/claims.hpp"
#include "jose/jwks.hpp"
#include "jose/jws.hpp"
#include "jose/spiffe.hpp"
#include "tokens/claim_shapes.hpp"
#include "tokens/identity.hpp"
#include "tokens/issuer_rules.hpp"
#include "tokens/key_store.hpp"
#include "tokens/token_cache.hpp"
#include "tokens/token_source.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::tokens {

namespace {

// Checks everything but the signature; expensive checks come later.
result<void> check_unsigned(const jose::compact_jws& jws, const json::value& claims,
                            const policy::issuer_settings& issuer, wall_time now)
{
    if (!issuer.algorithms.contains(jws.header.alg))
        return failure(reason::unsupported_algorithm, cause::alg_not_allowed);
    if (const auto ok = jose::check_type(jws.header.typ, issuer.access_token_only,
                                         jose::names_trust_domain(issuer.issuer));
        !ok)
        return ok;
    return jose::check_claims(claims, rules_of(issuer, iss_of(claims)), now);
}

// Returns the resources that a token is for, as in policy::bearer. The token of an issuer without an
// audience, which only introspects, is for the server's own if it names none of the others.
std::uint64_t resources_of(const policy::policy& p, const policy::issuer_settings& issuer,
                           const json::value& claims)
{
    const auto& all = p.metadata.resources;
    if (all.empty())
        return ~std::uint64_t{0};
    // Only the audiences that the file lists for the issuer count, whatever else its tokens name.
    const auto names_one_of = [&](const std::vector<std::string>& audience) {
        const auto is_named = [&](const std::string& name) {
            return jose::check_audience(claims, issuer.audience_claim, {&name, 1}).has_value();
        };
        const auto is_listed = [&](const std::string& name) {
            return issuer.audience.empty() ||
                   std::find(issuer.audience.begin(), issuer.audience.end(), name) != issuer.audience.end();
        };
        return std::any_of(audience.begin(), audience.end(),
                           [&](const std::string& name) { return is_listed(name) && is_named(name); });
    };
    std::uint64_t out = names_one_of(issuer.own_audience) ? 1 : 0;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (names_one_of(all[i].audience))
            out |= std::uint64_t{1} << (i + 1);
    return issuer.audience.empty() && out == 0 ? 1 : out;
}

// Returns what the keys of a tenant's token may state as their issuer: that of the token, or the pattern for
// all tenants. The tenants of Entra ID share a key set, which also has keys for one kind of tenant alone.
// Keys of single issuers may state anything: their file or URL belongs to the issuer.
std::vector<std::string> key_issuers_of(const policy::issuer_settings& issuer, const json::value& claims)
{
    if (!issuer.pattern)
        return {};
    return {std::string(iss_of(claims)), issuer.pattern->name_of("{tenant}"),
            issuer.pattern->name_of("{tenantid}")};
}

wall_time expiry_of(const json::value& claims, std::chrono::seconds skew)
{
    const auto* exp = claims.find("exp");
    const auto at = exp != nullptr ? jose::numeric_date(*exp) : std::nullopt;
    return at ? *at + skew : wall_time::max();
}

// Returns whether the log describes every refused token (see unverified.hpp).
bool describes_everything(const policy::log_settings& log) noexcept
{
    return log.unverified || log.at == policy::log_settings::level::debug;
}

// How many signatures per second a worker verifies only to describe a refused token in the log. Expired
// tokens arrive again and again, and a log line is worth less than the CPU time of a signature.
constexpr unsigned max_described = 100;

std::string text_member(const json::value& claims, std::string_view name)
{
    const auto* member = claims.find(name);
    const auto text = member != nullptr ? member->scalar_text() : std::nullopt;
    return std::string(text.value_or(std::string_view{}));
}

} // namespace

boost::intrusive_ptr<validated_token> interpret_claims(const policy::policy& p, std::size_t issuer,
                                                       json::value claims, jose::confirmation bound_to)
{
    static const policy::issuer_settings defaults;
    const auto& settings = issuer < p.issuers.size() ? p.issuers[issuer] : defaults;

    boost::intrusive_ptr<validated_token> token(new validated_token);
    token->claims = std::move(claims);
    token->issuer = token->key_source = issuer;
    if (const auto iss = iss_of(token->claims); settings.any_tenant() && settings.is_named(iss))
        token->issuer_name = iss;
    token->bound_to = std::move(bound_to);
    const auto scopes = jose::scopes_of(token->claims, settings.scope_claims);
    for (const auto scope : scopes)
        if (!p.scopes.find(scope))
            token->undeclared_scopes.emplace_back(scope);
    token->scopes = policy::grant(p.scope_cap, p.scopes, token->claims, scopes,
                                  settings.grants ? &*settings.grants : nullptr);
    token->resources = resources_of(p, settings, token->claims);
    token->expires = expiry_of(token->claims, settings.clock_skew);
    token->oddity = oddity_of(p, settings, token->claims);
    token->identity_lines = identity_lines(p, issuer, token->claims, token->scopes.effective);
    token->subject = text_member(token->claims, "sub");
    token->client_id = client_id_of(token->claims);
    return token;
}

validator::validator(std::shared_ptr<const policy::policy> p, std::shared_ptr<key_store> keys,
                     std::size_t cache_bytes, std::shared_ptr<introspector> introspection,
                     memory_account* account)
    : policy_(std::move(p)), kept_claims_(policy_->claims_of_conditions()), keys_(std::move(keys)),
      key_sets_(policy_->issuers.size() + keys_->places_of_tenants()),
      cache_(std::make_unique<token_cache>(cache_bytes, key_sets_.size(), account)),
      introspection_(std::move(introspection)),
      described_(describes_everything(policy_->log)                          ? described::everything
                 : policy_->log.which == policy::log_settings::requests::off ? described::nothing
                                                                             : described::signed_only)
{
    for (std::size_t i = 0; i < policy_->issuers.size(); ++i)
        if (policy_->issuers[i].introspection)
            introspecting_ = i;
    take_new_keys();
}

validator::~validator() = default;

void validator::forget_tokens() noexcept
{
    cache_->close();
}

void validator::take_new_keys()
{
    key_epoch_ = keys_->epoch();
    for (std::size_t i = 0; i < key_sets_.size(); ++i) {
        auto present = keys_->keys(i);
        if (present == key_sets_[i])
            continue;
        // A key that disappeared may have been withdrawn because it leaked. The tokens have to be verified
        // again.
        cache_->drop_key_source(i);
        key_sets_[i] = std::move(present);
    }
}

validator::outcome validator::check(std::string_view token, wall_time now, const awaited& ended,
                                    bool may_verify)
{
    if (keys_->epoch() != key_epoch_)
        take_new_keys();
    if (auto known = cache_->find(token, now))
        return {std::move(known)};
    if (!is_b64token(token))
        return {failure(reason::malformed_credentials, cause::token_not_b64token)};
    outcome made;
    if (may_verify) {
        made = check_new(token, now, ended);
        made.verified = true;
    } else {
        made.wait_for_slot = true;
    }
    return made;
}

validator::outcome validator::check_new(std::string_view token, wall_time now, const awaited& ended)
{
    // A token is part of the request head, which is limited already. A longer token can only come from a
    // command, or after a reload that has lowered the limit.
    const auto most = policy_->server.limits.headers;
    if (most != 0 && token.size() > most)
        return {reason::token_too_large};
    if (is_introspected(token))
        return check_introspected(token, now, ended);

    refused_token seen{token};
    const auto jws = jose::split(token);
    if (!jws)
        return refuse(jws.error(), seen, now);
    auto claims = jose::parse_claims(jws->payload);
    if (!claims)
        return refuse(claims.error(), seen, now);
    *claims = jose::without_nulls(std::move(*claims));
    const auto issuer = issuer_of(*policy_, *claims);
    if (!issuer)
        return refuse(issuer.error(), seen, now);
    const auto by = keys_of(*issuer, *claims);
    seen.issuer = static_cast<int>(*issuer);
    seen.keys = by.keys.get();
    seen.key_issuers = key_issuers_of(policy_->issuers[*issuer], *claims);
    if (const auto ok = check_unsigned(*jws, *claims, policy_->issuers[*issuer], now); !ok)
        return refuse(ok.error(), seen, now, is_signed_by(*jws, seen, now));
    auto bound_to = jose::read_confirmation(*claims);
    if (!bound_to)
        return refuse(bound_to.error(), seen, now, is_signed_by(*jws, seen, now));

    if (seen.keys == nullptr)
        return lacking_keys(*issuer, by, seen, now, ended.waited);
    if (const auto ok = jose::verify(*jws, *seen.keys, seen.key_issuers); !ok) {
        auto wait = unfitting_key(*issuer, by, ok.error(), jws->header.kid, now, ended.waited);
        // Newer keys may have arrived since we took ours, from a fetch that we no longer need to wait for.
        if (wait.wait_for_issuer < 0 && keys_->epoch() != key_epoch_)
            return check(token, now, ended);
        auto refused = refuse(wait.token.error(), seen, now);
        refused.wait_for_issuer = wait.wait_for_issuer;
        return refused;
    }

    keys_->confirm_tenant(by);
    const bool also = introspects_jwts_of(*issuer);
    if (also && !ended.answer)
        return {reason::introspection_unavailable, introspection_ ? jwt_introspection : -1};
    if (also)
        if (const auto ok = check_also(ended, *claims, *bound_to, now); !ok) {
            auto refused = refuse(ok.error(), seen, now, true);
            refused.wait_for_issuer = ask_again(jwt_introspection, token, ended, ok.error());
            return refused;
        }
    auto valid = interpret_claims(*policy_, *issuer, std::move(*claims), std::move(*bound_to));
    valid->key_source = by.source;
    keep_needed_claims(*valid);
    cache(token, valid, by, now, also ? ended.answer->until : wall_time::max());
    return {std::move(valid)};
}

// Returns the keys that the token must be signed with. Those of a tenant are looked up together with the
// tenant's name, because the tenant at that place may change.
tenant_keys validator::keys_of(std::size_t issuer, const json::value& claims)
{
    if (policy_->issuers[issuer].keys_per_tenant())
        return keys_->tenant(iss_of(claims));
    tenant_keys out;
    out.source = issuer;
    out.keys = key_sets_[issuer];
    return out;
}

validator::outcome validator::lacking_keys(std::size_t issuer, const tenant_keys& none,
                                           const refused_token& seen, wall_time now, bool waited) const
{
    auto refused = refuse(none.lacking, seen, now);
    if (none.may_come && !waited)
        refused.wait_for_issuer = static_cast<int>(issuer);
    return refused;
}

// Caches a valid token, unless its tenant's keys are newer than those that this worker compares with.
void validator::cache(std::string_view token, const token_ptr& valid, const tenant_keys& by, wall_time now,
                      wall_time until)
{
    if (key_sets_[by.source] != by.keys)
        take_new_keys();
    if (key_sets_[by.source] == by.keys && now < until)
        cache_->insert(token, valid, now, until);
}

// `is_proven` means that the issuer vouches for the token's contents.
validator::outcome validator::refuse(failure why, const refused_token& seen, wall_time now,
                                     bool is_proven) const
{
    outcome refused{why};
    if (described_ == described::everything || (is_proven && described_ == described::signed_only))
        refused.unverified_claims = std::make_unique<const unverified>(describe(*policy_, seen, why, now));
    return refused;
}

// Returns whether the issuer signed this refused token. Serves only the log, and is rate-limited.
bool validator::is_signed_by(const jose::compact_jws& jws, const refused_token& seen, wall_time now)
{
    const auto& issuer = policy_->issuers[static_cast<std::size_t>(seen.issuer)];
    if (described_ != described::signed_only || seen.keys == nullptr ||
        !issuer.algorithms.contains(jws.header.alg))
        return false;
    if (now < described_since_ || now >= described_since_ + std::chrono::seconds(1)) {
        described_since_ = now;
        described_count_ = 0;
    }
    return ++described_count_ <= max_described && jose::verify(jws, *seen.keys, seen.key_issuers);
}

validator::outcome validator::unfitting_key(std::size_t issuer, const tenant_keys& by, failure why,
                                            const std::optional<std::string>& kid, wall_time now,
                                            bool waited) const
{
    if (why != reason::unknown_key) {
        // Without a kid, or with keys that have none, a token signed with a newer key looks like a forgery; a
        // fetch can tell them apart if one is allowed. With a known kid the token is forged, or the issuer
        // has reused the kid for a new key. The token is refused now, and a background fetch lets the next
        // one pass.
        const bool by_kid = kid && !by.keys->kids().empty();
        if (why == reason::bad_signature && by_kid)
            keys_->request_refresh(by.source);
        const bool look = !by_kid && !waited && keys_->may_refresh(by.source);
        return {why, look ? static_cast<int>(by.source) : -1};
    }
    // We have no key with that kid: the token is forged, or signed with a newer key than ours. Only a fetch
    // that ended after the token arrived can tell. Until then the fault may be ours, and a 401 would make the
    // client discard a good token.
    using kind = policy::key_location::kind;
    const auto where = policy_->issuers[issuer].keys.where;
    const bool reached = keys_->up_to_date(by.source);
    if (where == kind::none || where == kind::file)
        return {why};
    if (waited && reached) {
        if (kid)
            keys_->note_absent(by.source, *kid);
        return {why};
    }
    if (kid && keys_->is_absent(by.source, *kid, now)) {
        keys_->request_refresh(by.source); // the issuer may have published it since
        return {why};
    }
    const bool wait = !waited && keys_->may_refresh(by.source);
    const auto open = reached ? failure(reason::key_pending, cause::kid_inside_cooldown)
                              : failure(reason::keys_unavailable, cause::keys_not_fetched);
    return {open, wait ? static_cast<int>(by.source) : -1};
}

// Keeps only the claims that conditions read: all others have been evaluated, and they would take most of the
// token's memory in the cache.
void validator::keep_needed_claims(validated_token& token) const
{
    json::object kept;
    for (const auto& name : kept_claims_)
        if (const auto* claim = token.claims.find(name))
            kept.emplace_back(name, *claim);
    token.claims = json::value(std::move(kept));
}

} // namespace scopegate::tokens
