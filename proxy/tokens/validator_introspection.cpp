// The part of the validator that waits for introspection results and judges them.
#include "jose/jws.hpp"
#include "tokens/introspection.hpp"
#include "tokens/issuer_rules.hpp"
#include "tokens/key_store.hpp"
#include "tokens/signed_introspection.hpp"
#include "tokens/token_cache.hpp"
#include "tokens/validator.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace scopegate::tokens {

namespace {

// Reads from an introspected JWT what its endpoint may leave out: that it is an access token, and the
// binding. Both apply in addition to the result. Returns an empty binding for a token that only its issuer
// can read.
result<jose::confirmation> binding_in(std::string_view token)
{
    if (form_of(token) != token_form::jws)
        return jose::confirmation{};
    const auto jws = jose::split(token);
    if (!jws)
        return jws.error();
    if (const auto ok = jose::check_type(jws->header.typ, false); !ok)
        return ok.error();
    const auto claims = jose::parse_claims(jws->payload);
    return claims ? jose::read_confirmation(*claims) : claims.error();
}

// Returns whether the result can be about the JWT: they agree in each claim that both have. Otherwise it is a
// result for another token.
bool is_about(const json::value& own, const json::value& result)
{
    constexpr std::string_view names[] = {"iss", "sub", "client_id"};
    return std::all_of(std::begin(names), std::end(names), [&](std::string_view name) {
        const auto* a = own.find(name);
        const auto* b = result.find(name);
        return a == nullptr || b == nullptr || *a == *b;
    });
}

} // namespace

bool validator::is_introspected(std::string_view token) const
{
    return introspecting_ && tokens::is_introspected(token, policy_->issuers[*introspecting_]);
}

bool validator::introspects_jwts_of(std::size_t issuer) const noexcept
{
    return introspecting_ == issuer && policy_->issuers[issuer].introspection->also_jwts;
}

// Fails unless the result says that the token is active. Verifies the result first if it must be signed.
result<void> validator::accept_result(const introspection_result& result, wall_time now) const
{
    const auto& issuer = policy_->issuers[*introspecting_];
    const bool is_result = result.claims || result.claims.error() == reason::token_inactive;
    if (issuer.introspection->signed_results && is_result) {
        const auto ok =
            verify_signed_introspection(result.signed_text, issuer, key_sets_[*introspecting_].get(), now);
        if (!ok && ok.error().detail == cause::introspection_bad_signature)
            keys_->request_refresh(*introspecting_); // it may be signed with a new key
        if (!ok)
            return ok.error();
    }
    return result.claims ? scopegate::result<void>() : result.claims.error();
}

// Discards a result that can't be used, for instance because it outlived the key that it was signed with.
// Returns `issuer` if another one may be waited for, and -1 otherwise.
int validator::ask_again(int issuer, std::string_view token, const awaited& ended, failure why) const
{
    const bool unusable = why == reason::introspection_unavailable && introspection_ && ended.answer;
    return unusable && introspection_->discard(token, ended.answer) ? issuer : -1;
}

// Checks the result for a JWT that is valid in itself. The JWT's own claims count, so that the result may
// omit any; it must not contradict them. An audience in the result must be ours.
result<void> validator::check_also(const awaited& ended, const json::value& own,
                                   const jose::confirmation& bound_to, wall_time now) const
{
    if (const auto ok = accept_result(*ended.answer, now); !ok)
        return ok.error();
    const auto& claims = *ended.answer->claims;
    const auto& issuer = policy_->issuers[*introspecting_];
    if (!is_about(own, claims))
        return failure(reason::introspection_unavailable, cause::introspection_for_others);
    jose::claim_rules rules{issuer.issuer, issuer.audience_claim, {}, {}, issuer.clock_skew};
    if (issuer.audience_claim.find(claims) != nullptr)
        rules.audience = issuer.audience;
    if (const auto ok = jose::check_introspected(claims, rules, now); !ok)
        return ok.error();
    const auto bound = jose::read_confirmation(claims);
    if (!bound)
        return bound.error();
    if (!bound->empty() && (bound->key != bound_to.key || bound->certificate != bound_to.certificate))
        return failure(reason::unbound_token, cause::cnf_not_understood);
    return {};
}

// The issuer's result replaces the signature. The claims must pass all other checks of a JWT.
validator::outcome validator::check_introspected(std::string_view token, wall_time now, const awaited& ended)
{
    refused_token seen{token, static_cast<int>(*introspecting_)};
    const auto own_binding = binding_in(token);
    if (!own_binding)
        return refuse(own_binding.error(), seen, now);
    if (!ended.answer) {
        const bool wait = !ended.waited && introspection_;
        return {reason::introspection_unavailable, wait ? static_cast<int>(*introspecting_) : -1};
    }
    if (const auto ok = accept_result(*ended.answer, now); !ok) {
        auto refused = refuse(ok.error(), seen, now);
        refused.wait_for_issuer = ask_again(static_cast<int>(*introspecting_), token, ended, ok.error());
        return refused;
    }
    const auto& claims = ended.answer->claims;
    seen.claims = &*claims;
    const auto& issuer = policy_->issuers[*introspecting_];
    if (const auto ok = jose::check_introspected(*claims, rules_of(issuer, issuer.issuer), now); !ok)
        return refuse(ok.error(), seen, now, true);
    auto bound_to = jose::read_confirmation(*claims);
    if (!bound_to)
        return refuse(bound_to.error(), seen, now, true);
    const bool agrees =
        own_binding->key == bound_to->key && own_binding->certificate == bound_to->certificate;
    if (!own_binding->empty() && !agrees)
        return refuse({reason::unbound_token, cause::cnf_not_understood}, seen, now, true);
    auto valid = interpret_claims(*policy_, *introspecting_, *claims, std::move(*bound_to));
    keep_needed_claims(*valid);
    if (now < ended.answer->until)
        cache_->insert(token, valid, now, ended.answer->until);
    return {std::move(valid)};
}

void validator::await(int issuer, std::string_view token, std::function<void(awaited)> done,
                      const client_network& client)
{
    const auto index = static_cast<std::size_t>(issuer);
    const bool introspects =
        issuer == jwt_introspection || (introspecting_ == index && is_introspected(token));
    if (introspects && introspection_)
        return introspection_->ask(
            token,
            [done = std::move(done)](introspection_ptr result) { done(awaited(true, std::move(result))); },
            client);
    auto fetched = [done = std::move(done)] { done(awaited(true)); };
    if (index < policy_->issuers.size() && policy_->issuers[index].keys_per_tenant())
        keys_->await_tenant(index, claimed_issuer(token).value_or(std::string()), std::move(fetched));
    else
        keys_->await_refresh(index, std::move(fetched));
}

} // namespace scopegate::tokens
