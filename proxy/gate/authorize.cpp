#include "gate/authorize.hpp"

#include "base/text.hpp"
#include "gate/authorities.hpp"
#include "gate/binding.hpp"
#include "gate/method_override.hpp"
#include "http/rare_readings.hpp"
#include "policy/narrator.hpp"
#include "tokens/token_source.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace scopegate::gate {

namespace {

// Seconds after which the keys of an issuer are worth asking for again: its back-off is a second at most.
constexpr unsigned keys_retry_after = 2;
// The cooldown between two fetches for unknown keys.
constexpr unsigned key_retry_after = 10;
// After which some of the proofs that fill the memory will be forgotten.
constexpr unsigned proofs_retry_after = 15;

void tell(policy::steps* trace, std::string what, bool holds = true)
{
    if (trace != nullptr)
        trace->push_back({std::move(what), holds});
}

// What a caller is told, as a step among others: it begins small and has no full stop.
std::string as_step(reason why)
{
    std::string text(answers::row(why).detail);
    text.front() = ascii_lower(text.front());
    text.pop_back();
    return text;
}

void tell_refusal(policy::steps* trace, failure why)
{
    if (trace == nullptr)
        return;
    auto text = as_step(why);
    if (why.detail != cause::none)
        text.append(" (").append(name(why.detail)).append(")");
    tell(trace, std::move(text), false);
}

void tell_target(policy::steps* trace, std::string_view as_sent, std::string_view path)
{
    if (trace != nullptr)
        tell(trace,
             (as_sent.starts_with(path) ? "the path is " : "the path is normalised to ") + std::string(path));
}

// Ends the way with a refusal that policy::decide did not make.
verdict refuse(verdict v, failure why)
{
    auto d = policy::refuse(v.match, why);
    d.detail = why.detail;
    d.dpop = v.dpop;
    if (why == reason::keys_unavailable || why == reason::introspection_unavailable)
        d.retry_after = keys_retry_after;
    if (why == reason::key_pending)
        d.retry_after = key_retry_after;
    if (why == reason::proof_memory_full)
        d.retry_after = proofs_retry_after;
    v.outcome = std::move(d);
    return v;
}

// Step 2's last rule, of paths that would be forwarded only: what is refused anyway is refused as what it is.
std::optional<failure> careless_reading(const policy::policy& p, const access_request& request,
                                        const verdict& v, std::string& scratch)
{
    if (v.match.needs == nullptr || v.target.path == "*")
        return std::nullopt;
    const auto folded = http::fold_path(v.target.path, p.paths, scratch);
    if (!folded)
        return folded.error();
    const auto looks_like_another = [&](const http::read_path& read) {
        return p.is_lookalike(read, request.method, v.match);
    };
    if (p.is_lookalike(*folded, request.method, v.match))
        return failure(reason::lookalike_path, cause::folds_to_another_route);
    const bool folds = folded->data() != v.target.path.data();
    const auto path = v.target.path;
    if (!folds && !http::has_dots(path) && !http::may_hold_session(path)) // nothing for a habit to change
        return std::nullopt;
    const auto spelled = p.spelled_out(path, v.match);
    if (http::any_rare_reading(*folded, p.paths, spelled, looks_like_another))
        return failure(reason::lookalike_path, cause::reads_as_another_route);
    // What careless upstreams make of a listed path may be one that no route lists. Where %2F is kept,
    // `a%2Fb` is meant to be one segment: that it has no route as two is no slip.
    const auto unsplit = p.paths.keep_encoded_slash
                             ? http::fold_path(v.target.path, p.paths, {.splits_at_slash = false}, scratch)
                             : folded;
    policy::parameters values;
    if (!unsplit || (folds && v.match.matched != nullptr && p.folded.match(*unsplit, values) == nullptr))
        return failure(reason::lookalike_path, cause::folds_to_no_route);
    if (http::any_other_reading(v.target.path, p.paths, spelled, scratch, looks_like_another))
        return failure(reason::lookalike_path, cause::reads_as_another_route);
    return std::nullopt;
}

// Steps 4 and 5: the valid token that was presented, into v.token; none where there is none. A refusal is the
// reason that comes back; with v.wait_for_issuer nothing is decided yet.
std::optional<failure> find_token(const policy::policy& p, const access_request& request,
                                  token_authority& tokens, wall_time now, authorize_scratch& scratch,
                                  verdict& v)
{
    if (tokens.given) {
        v.token = tokens.given;
        return std::nullopt;
    }
    if (request.fields == nullptr)
        return std::nullopt;
    const auto query = request.target.substr(std::min(request.target.find('?'), request.target.size()));
    const tokens::credentials from{*request.fields, query, request.websocket};
    const auto taken = tokens::take_token(p.tokens, from, scratch.token);
    if (!taken) {
        v.no_token = taken.error().detail;
        return taken.error() == reason::no_token ? std::nullopt : std::optional(taken.error());
    }
    if (tokens.validator == nullptr) // a token that nobody can check is never let pass
        return reason::keys_unavailable;
    auto checked = tokens.validator->check(taken->text, now, tokens.came, tokens.may_verify);
    if (checked.why == reason::malformed_credentials) // no token
        return checked.why;
    v.taken = *taken;
    v.dpop = taken->dpop;
    v.wait_for_issuer = checked.wait_for_issuer;
    v.wait_for_turn = checked.wait_for_turn;
    v.verified = checked.verified;
    v.said = std::move(checked.said);
    if (!checked.token)
        return checked.why;
    const auto& bound_to = checked.token->bound_to;
    v.dpop = v.dpop || (!bound_to.key.empty() && p.tokens.dpop.how != policy::dpop_settings::mode::off);
    const auto proof =
        check_binding(p, request, v.target.path, {*taken, *checked.token}, tokens.proofs, now, scratch);
    v.nonce = proof.nonce;
    if (proof.why != reason::allowed)
        return proof.why;
    v.token = std::move(checked.token);
    return std::nullopt;
}

// Observe mode forwards what steps 2 and 3 refuse, and step 4 is in force for that too: what may be read as
// two tokens stays refused, and a token is taken away from where it should not go on.
std::optional<failure> look_for_token(const policy::policy& p, const access_request& request,
                                      token_authority& tokens, wall_time now, authorize_scratch& scratch,
                                      verdict& v)
{
    if (!p.observe)
        return std::nullopt;
    const auto why = find_token(p, request, tokens, now, scratch, v);
    const bool in_force = why && (*why == reason::malformed_credentials || *why == reason::several_tokens);
    return in_force ? why : std::nullopt;
}

// Returns the cause of a refusal by policy::decide: the fault in the token's place, or in the claim that was
// needed.
cause cause_of(const verdict& v, reason why) noexcept
{
    if (why == reason::no_token)
        return v.no_token;
    const bool of_claims = why == reason::insufficient_scope || why == reason::scope_limited;
    return of_claims && v.token ? v.token->oddity : cause::none;
}

void tell_refused_token(const policy::policy& p, const verdict& v, failure why, policy::steps* trace)
{
    if (trace == nullptr)
        return;
    const policy::narrator narrate(p, trace);
    narrate.route(v.match);
    if (v.match.needs != nullptr) // observe mode looks at tokens where no route matches, too
        narrate.needs(v.match);
    tell_refusal(trace, why);
}

} // namespace

verdict authorize(const policy::policy& p, const access_request& request, token_authority& tokens,
                  wall_time now, authorize_scratch& scratch, policy::steps* trace)
{
    verdict v;
    const auto refuse_path = [&](failure why) {
        if (const auto of_token = look_for_token(p, request, tokens, now, scratch, v))
            why = *of_token;
        tell_refusal(trace, why);
        return refuse(std::move(v), why);
    };
    const auto target = http::normalise_target(request.target, request.method, p.paths, scratch.target);
    if (!target)
        return refuse_path(target.error());
    v.target = *target;
    tell_target(trace, request.target, v.target.path);

    v.match = p.match(v.target.path, request.method);
    if (is_misdirected(p, request))
        return refuse_path({reason::misdirected_request, cause::unlisted_host});
    if (const auto why = careless_reading(p, request, v, scratch.folded))
        return refuse_path(*why);
    if (names_another_method(request.fields, v.target.query, request.method)) {
        const bool by_header = names_another_method(request.fields, {}, request.method);
        tell_refusal(trace, reason::method_override);
        return refuse(std::move(v), {reason::method_override,
                                     by_header ? cause::override_header : cause::override_parameter});
    }

    std::optional<failure> why;
    if (policy::needs_token(v.match))
        why = find_token(p, request, tokens, now, scratch, v);
    else if (v.match.needs == nullptr) // no route, or not this method
        why = look_for_token(p, request, tokens, now, scratch, v);
    if (why) {
        tell_refused_token(p, v, *why, trace);
        return refuse(std::move(v), *why);
    }
    std::optional<policy::bearer> bearer;
    if (v.token)
        bearer.emplace(v.token->as_bearer());
    v.outcome = policy::decide(p, v.match, bearer ? &*bearer : nullptr, now, trace);
    if (auto* const refused = std::get_if<policy::denial>(&v.outcome)) {
        refused->dpop = v.dpop;
        refused->detail = cause_of(v, refused->why);
    }
    return v;
}

std::string_view metadata_path(const policy::policy& p, const answers::answer_book& book,
                               std::string_view method, std::string_view target, std::string& scratch)
{
    auto path = target.substr(0, target.find('?'));
    if (!path.starts_with('/') || path.find('%') != std::string_view::npos) {
        const auto normal = http::normalise_target(target, method, p.paths, scratch);
        path = normal ? normal->path : std::string_view{};
    }
    return book.is_metadata_path(path) ? path : std::string_view{};
}

} // namespace scopegate::gate
