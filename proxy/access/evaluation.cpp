#include "access/evaluation.hpp"

#include "access/authorities.hpp"
#include "access/binding.hpp"
#include "access/client_address.hpp"
#include "access/cross_origin.hpp"
#include "access/lookalikes.hpp"
#include "access/method_override.hpp"
#include "base/text.hpp"
#include "policy/trace_writer.hpp"
#include "responses/cors.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::access {

namespace {

void tell(policy::steps* trace, std::string what, bool holds = true)
{
    if (trace != nullptr)
        trace->push_back({std::move(what), holds});
}

// The reason's text for the client as a step: in lower case and without a full stop.
std::string as_step(reason why)
{
    std::string text(responses::row(why).detail);
    text.front() = ascii_lower(text.front());
    text.pop_back();
    return text;
}

void tell_target(policy::steps* trace, std::string_view as_sent, std::string_view path)
{
    if (trace != nullptr)
        tell(trace,
             (as_sent.starts_with(path) ? "the path is " : "the path is normalized to ") + std::string(path));
}

// `explain --scope` gives a token that stands nowhere in the request. It counts as sent in the place where
// `explain --token` would put it.
bool is_put_in_a_cookie(const policy::token_settings& from) noexcept
{
    return !from.header && from.headers.empty() && !from.cookies.empty();
}

const http::field_list& fields_of(const question& q)
{
    static const http::field_list none;
    return q.fields != nullptr ? *q.fields : none;
}

} // namespace

outcome evaluation::start(const question& q, const token_authority& authority, wall_time now)
{
    question_ = q;
    authority_ = authority;
    const auto target = http::normalize_target(q.target, q.method, policy_.paths, scratch_.target);
    if (target)
        found_.target = *target;
    if (auto own = own_response(target))
        return std::move(*own);
    if (const auto fits = examine_target(target); !fits)
        path_refusal_ = fits.error();
    if (path_refusal_ && !policy_.observe)
        return conclude(now);
    if (const auto fits = check_override(); !fits) {
        path_refusal_ = fits.error();
        return conclude(now);
    }
    use_ = use_of_token();
    return use_ == token_use::unused ? conclude(now) : take_token(now);
}

outcome evaluation::resume(const tokens::validator::awaited& came, wall_time now)
{
    return validate(came, true, now);
}

outcome evaluation::give_up(wall_time now)
{
    return refuse_token(unmet_, now);
}

outcome evaluation::review(const standing_permit& permit, tokens::validator& validator, wall_time now,
                           const tokens::validator::awaited& came)
{
    question_.method = permit.method;
    authority_.validator = &validator;
    conditions_as_of_ = permit.since;
    client_ = permit.client;
    found_.match = policy_.match(permit.path, permit.method);
    if (!policy::needs_token(found_.match) || permit.token.empty())
        return conclude(now);
    use_ = token_use::required;
    found_.taken = tokens::taken_token{permit.token};
    return validate(came, true, now);
}

// Scopegate serves its documents under its own names only. Its metadata comes before every route, so that a
// route with {name...} never gets it.
std::optional<outcome> evaluation::own_response(const result<http::request_target>& target) const
{
    const auto& fields = question_.fields;
    const bool metadata = target && book_.is_metadata_path(target->path);
    const bool preflight = fields != nullptr && responses::is_preflight(policy_, question_.method, *fields);
    if ((!metadata && !preflight) || (is_misdirected(policy_, question_) && !policy_.observe))
        return std::nullopt;
    if (metadata) {
        tell_target(trace_, question_.target, target->path);
        tell(trace_, "Scopegate responds itself: protected resource metadata (RFC 9728)");
        return book_.make_metadata(target->path, question_.method, question_.request_id);
    }
    tell(trace_, "Scopegate responds itself: a CORS preflight");
    auto responded = responses::respond_to_preflight(policy_, *fields, target);
    if (auto* const refused = std::get_if<policy::denial>(&responded)) {
        trace_refusal(refused->why);
        return std::move(*refused);
    }
    return std::get<responses::response>(std::move(responded));
}

result<void> evaluation::examine_target(const result<http::request_target>& target)
{
    if (!target)
        return target.error();
    tell_target(trace_, question_.target, target->path);
    found_.match = policy_.match(target->path, question_.method);
    if (found_.match.needs != nullptr &&
        policy::find<policy::ip_condition>(found_.match.needs->conditions) != nullptr)
        client_ = address_of_client();
    if (is_misdirected(policy_, question_))
        return failure(reason::misdirected_request, cause::unlisted_host);
    return check_lookalikes(policy_, question_.method, *target, found_.match, scratch_.folded);
}

std::optional<policy::client_address> evaluation::address_of_client() const noexcept
{
    if (question_.client.peer == nullptr)
        return std::nullopt;
    return client_address(policy_, *question_.client.peer, fields_of(question_));
}

// A method override is refused in any mode, also on a path that observe mode would forward.
result<void> evaluation::check_override() const
{
    if (!names_another_method(question_.fields, sent_query(), question_.method))
        return {};
    const bool by_header = names_another_method(question_.fields, {}, question_.method);
    return failure(reason::method_override, by_header ? cause::override_header : cause::override_parameter);
}

policy::circumstances evaluation::circumstances_at(wall_time now) const noexcept
{
    return {now, client_ ? &*client_ : nullptr};
}

// With its `?`; empty without a query.
std::string_view evaluation::sent_query() const noexcept
{
    const auto sent = question_.target;
    return sent.substr(std::min(sent.find('?'), sent.size()));
}

evaluation::token_use evaluation::use_of_token() const noexcept
{
    if (!path_refusal_ && policy::needs_token(found_.match))
        return policy::is_refused_without_token(found_.match, circumstances_at({})) ? token_use::unused
                                                                                    : token_use::required;
    const bool forwarded_anyway = policy_.observe && (path_refusal_ || found_.match.needs == nullptr);
    return forwarded_anyway ? token_use::examined : token_use::unused;
}

outcome evaluation::take_token(wall_time now)
{
    const tokens::credentials from{fields_of(question_), sent_query(), question_.websocket};
    const auto taken = tokens::take_token(policy_.tokens, from, scratch_.token);
    if (!taken)
        found_.no_token = taken.error().detail;
    if (!taken && taken.error() != reason::no_token)
        return refuse_token(taken.error(), now);
    from_cookie_ = taken ? taken->from_cookie : is_put_in_a_cookie(policy_.tokens);
    if (authority_.given)
        found_.token = authority_.given;
    if (authority_.given || !taken)
        return conclude(now);
    if (authority_.validator == nullptr) // a token that nobody can check is never permitted
        return refuse_token(reason::keys_unavailable, now);
    found_.taken = *taken;
    return validate(false, authority_.slot_free, now);
}

outcome evaluation::validate(const tokens::validator::awaited& came, bool may_verify, wall_time now)
{
    auto checked = authority_.validator->check(found_.taken->text, now, came, may_verify);
    found_.verified = checked.verified;
    found_.dpop = found_.taken->dpop;
    found_.unverified_claims = std::move(checked.unverified_claims);
    if (!checked.token)
        unmet_ = checked.token.error();
    if (checked.wait_for_slot)
        return need{need::kind::verification_slot, 0, unmet_};
    if (checked.wait_for_issuer >= 0)
        return need{need::kind::issuer, static_cast<std::size_t>(checked.wait_for_issuer), unmet_};
    if (!checked.token && unmet_ == reason::malformed_credentials) { // not a token at all
        found_.taken.reset();
        found_.dpop = false;
    }
    if (!checked.token)
        return refuse_token(unmet_, now);
    auto& token = *checked.token;
    if (!conditions_as_of_) {
        const auto& bound_to = token->bound_to;
        const bool bound_by_dpop =
            !bound_to.key.empty() && policy_.tokens.dpop.how != policy::dpop_settings::mode::off;
        found_.dpop = found_.dpop || bound_by_dpop;
        const auto proof = check_binding(policy_, question_, found_.target.path, {*found_.taken, *token},
                                         authority_.proofs, now, scratch_.folded);
        found_.nonce = proof.nonce;
        if (!proof.binding)
            return refuse_token(proof.binding.error(), now);
    }
    found_.token = std::move(token);
    return conclude(now);
}

outcome evaluation::refuse_token(failure why, wall_time now)
{
    // A request that may be read as carrying two tokens is never forwarded.
    if (use_ == token_use::examined && row_of(why).observe != observable::never)
        return conclude(now);
    if (trace_ != nullptr && !path_refusal_) {
        const policy::trace_writer writer(policy_, trace_);
        writer.route(found_.match);
        if (found_.match.needs != nullptr) // null where observe mode looks at the token of an unknown path
            writer.needs(found_.match);
    }
    trace_refusal(why);
    return refuse(why);
}

outcome evaluation::conclude(wall_time now)
{
    if (path_refusal_) {
        trace_refusal(*path_refusal_);
        return refuse(*path_refusal_);
    }
    // Behind the token's validation, so that observe mode forwards a request with its user's identity.
    if (from_cookie_ && found_.token && use_ == token_use::required)
        if (const auto fits = check_origin(policy_, question_); !fits)
            return refuse_token(fits.error(), now);
    std::optional<policy::bearer> bearer;
    if (found_.token)
        bearer.emplace(found_.token->as_bearer());
    auto decided = policy::decide(policy_, found_.match, bearer ? &*bearer : nullptr,
                                  circumstances_at(conditions_as_of_.value_or(now)), trace_);
    if (const auto* const granted = std::get_if<policy::permit>(&decided))
        return *granted;
    auto& refused = std::get<policy::denial>(decided);
    refused.dpop = found_.dpop;
    if (refused.why.detail == cause::none)
        refused.why.detail = cause_of(refused.why);
    return enforce(std::move(refused));
}

// A refusal that policy::decide did not make.
outcome evaluation::refuse(failure why)
{
    auto d = policy::refuse(found_.match, why);
    d.dpop = found_.dpop;
    return enforce(std::move(d));
}

outcome evaluation::enforce(policy::denial d)
{
    const auto unenforced = policy::observe_instead(policy_, d.needs, d.why, question_.method);
    if (!unenforced)
        return d;
    found_.observed = std::move(d);
    return *unenforced;
}

// The cause of a refusal by policy::decide: the fault in the token's place, or in the claim that was needed.
cause evaluation::cause_of(reason why) const noexcept
{
    if (why == reason::no_token)
        return found_.no_token;
    if (why == reason::wrong_audience)
        return cause::aud_of_another_resource;
    if (why == reason::ambiguous_path) // the path itself is fine: its parameters are not
        return cause::several_splits;
    const bool of_claims = why == reason::insufficient_scope || why == reason::scope_limited;
    return of_claims && found_.token ? found_.token->oddity : cause::none;
}

void evaluation::trace_refusal(failure why) const
{
    if (trace_ == nullptr)
        return;
    auto text = as_step(why);
    if (why.detail != cause::none)
        text.append(" (").append(name(why.detail)).append(")");
    tell(trace_, std::move(text), false);
}

} // namespace scopegate::access
