#include "policy/decide.hpp"

#include "base/errc.hpp"
#include "policy/methods.hpp"
#include "policy/trace_writer.hpp"

#include <algorithm>

namespace scopegate::policy {

struct permit_maker {
    static permit decided() noexcept { return permit(false); }
    static permit observed() noexcept { return permit(true); }
};

namespace {

// Returns whether `effective` satisfies one alternative of the requirement. `any valid token` has none to
// satisfy.
bool holds_scopes(const requirement& needs, const scope_set& effective) noexcept
{
    return needs.needs != requirement::kind::scopes ||
           std::any_of(needs.alternatives.begin(), needs.alternatives.end(),
                       [&](const alternative& a) { return effective.contains_all(a.scopes); });
}

// Returns what is missing from the alternative that lacks the fewest scopes (the first of equals): the
// shortest way for the client to get access.
denial lacking_scopes(const requirement& needs, const granted_scopes& scopes, const scope_set* grants)
{
    denial out;
    out.why = reason::insufficient_scope;
    std::size_t fewest = 0;
    for (std::size_t i = 0; i < needs.alternatives.size(); ++i) {
        scope_set missing = needs.alternatives[i].scopes;
        missing -= scopes.effective;
        const std::size_t lacks = missing.size();
        if (i == 0 || lacks < fewest) {
            fewest = lacks;
            out.alternative = i;
            out.missing = std::move(missing);
        }
    }
    // No authorization server can grant scopes that the scope cap, or what its issuer may grant, removed from
    // the token. Asking for the remaining scopes would change nothing.
    scope_set taken = out.missing;
    taken &= scopes.token;
    if (taken.empty())
        return out;
    const bool granted = grants == nullptr || grants->contains_all(taken);
    out.why = failure(reason::scope_limited, granted ? cause::none : cause::scope_not_granted);
    return out;
}

// Returns the alternative that is satisfied. A renewed login must bring its scopes again.
std::size_t held_alternative(const requirement& needs, const scope_set& effective) noexcept
{
    const auto held = std::find_if(needs.alternatives.begin(), needs.alternatives.end(),
                                   [&](const alternative& a) { return effective.contains_all(a.scopes); });
    return static_cast<std::size_t>(held - needs.alternatives.begin());
}

// Returns the alternative of which a client without scopes lacks the fewest, the first of equals.
std::size_t least_alternative(const requirement& needs) noexcept
{
    const auto least = std::min_element(
        needs.alternatives.begin(), needs.alternatives.end(),
        [](const alternative& a, const alternative& b) { return a.scopes.size() < b.scopes.size(); });
    return static_cast<std::size_t>(least - needs.alternatives.begin());
}

// Checks the conditions on the token, or the others. Fails with the first that does not hold.
result<void> check_conditions(const requirement& needs, bool of_token, const condition_context& at,
                              const trace_writer* writer)
{
    for (const condition& c : needs.conditions) {
        if (needs_token(c) != of_token)
            continue;
        const bool held = holds(c, at);
        if (writer != nullptr)
            writer->condition(c, at, held);
        if (!held)
            return refusal_of(c);
    }
    return {};
}

const issuer_settings* issuer_of(const policy& p, const bearer& token) noexcept
{
    return token.issuer < p.issuers.size() ? &p.issuers[token.issuer] : nullptr;
}

denial refuse(const route_match& match, denial d)
{
    d.needs = match.needs;
    d.matched = match.matched;
    return d;
}

} // namespace

denial refuse(const route_match& match, failure why)
{
    denial d;
    d.why = why;
    if (match.needs != nullptr)
        d.alternative = least_alternative(*match.needs);
    return refuse(match, std::move(d));
}

bool needs_token(const route_match& match) noexcept
{
    return match.needs != nullptr && !match.needs->is_public();
}

bool is_refused_without_token(const route_match& match, const circumstances& around) noexcept
{
    const condition_context at{match.values, nullptr, around.client, around.now};
    return match.needs != nullptr && !check_conditions(*match.needs, false, at, nullptr);
}

reason why_unmatched(const route_match& match) noexcept
{
    if (match.found == route_match::outcome::ambiguous)
        return reason::ambiguous_path;
    return match.matched != nullptr ? reason::wrong_method : reason::no_route;
}

decision decide(const policy& p, const route_match& match, const bearer* token, const circumstances& around,
                steps* trace)
{
    const trace_writer writer(p, trace);
    writer.route(match);
    if (match.needs == nullptr)
        return refuse(match, why_unmatched(match));
    writer.needs(match);
    condition_context at{match.values, nullptr, around.client, around.now};
    if (const auto held = check_conditions(*match.needs, false, at, &writer); !held)
        return refuse(match, held.error());
    if (match.needs->is_public()) {
        writer.no_token_examined();
        return permit_maker::decided();
    }
    writer.token(token != nullptr);
    if (token == nullptr)
        return refuse(match, reason::no_token);
    const bool is_for_resource = (token->resources >> match.needs->resource & 1U) != 0;
    writer.resource(*match.needs, is_for_resource);
    if (!is_for_resource)
        return refuse(match, reason::wrong_audience);
    const auto* issuer = issuer_of(p, *token);
    at.claims = &token->claims;
    at.issuer_index = token->issuer;
    at.issuer = token->issuer_name.empty() && issuer != nullptr ? issuer->issuer : token->issuer_name;
    const auto* grants = issuer != nullptr && issuer->grants ? &*issuer->grants : nullptr;
    writer.alternatives(*match.needs, *token, grants, at.issuer);
    if (!holds_scopes(*match.needs, token->scopes.effective))
        return refuse(match, lacking_scopes(*match.needs, token->scopes, grants));
    if (const auto held = check_conditions(*match.needs, true, at, &writer); !held) {
        auto d = refuse(match, held.error());
        d.alternative = held_alternative(*match.needs, token->scopes.effective);
        return d;
    }
    return permit_maker::decided();
}

std::optional<permit> observe_instead(const policy& p, const requirement* needs, reason why,
                                      std::string_view method) noexcept
{
    if (is_never_forwarded(method))
        return std::nullopt;
    const observable how = row_of(why).observe;
    const bool by_file = p.observe && how != observable::never;
    const bool by_requirement = needs != nullptr && needs->observe && how == observable::by_any_mode;
    if (!by_file && !by_requirement)
        return std::nullopt;
    return permit_maker::observed();
}

} // namespace scopegate::policy
