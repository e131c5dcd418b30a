#include "access/explain.hpp"

#include "access/near_misses.hpp"
#include "base/json_writer.hpp"
#include "policy/trace_writer.hpp"
#include "responses/cors.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::access {

namespace {

std::vector<std::string> names_in_order(const policy::scope_registry& scopes, const policy::alternative& a)
{
    std::vector<std::string> names;
    for (const auto id : a.in_order)
        names.push_back(scopes[id].name);
    return names;
}

// Returns the line that decides: the method's, otherwise the template's or that of `unlisted`.
int line_behind(const policy::route_match& match) noexcept
{
    if (match.needs != nullptr && match.needs->mark.line > 0)
        return match.needs->mark.line;
    return match.matched != nullptr ? match.matched->mark.line : 0;
}

void tell_needs(const policy::policy& p, const policy::route_match& match, explanation& e)
{
    if (match.matched != nullptr)
        e.route = match.matched->text;
    e.line = line_behind(match);
    if (e.line > 0)
        e.file = p.file;
    if (match.needs != nullptr)
        for (const auto& a : match.needs->alternatives)
            e.alternatives.push_back(names_in_order(p.scopes, a));
}

void tell_token(const policy::policy& p, const findings& v, explanation& e)
{
    if (!v.token)
        return;
    e.token_seen = true;
    e.token_scopes = p.scopes.names(v.token->scopes.token);
    e.effective_scopes = p.scopes.names(v.token->scopes.effective);
    e.undeclared_scopes = v.token->undeclared_scopes;
    if (v.match.needs == nullptr) // observe mode looks at tokens where no route matches, too
        return;
    const auto& alternatives = v.match.needs->alternatives;
    const auto met = std::find_if(alternatives.begin(), alternatives.end(), [&](const auto& a) {
        return v.token->scopes.effective.contains_all(a.scopes);
    });
    if (met != alternatives.end())
        e.alternative = static_cast<std::size_t>(met - alternatives.begin());
}

// Returns the `scope` of the challenge, if it has one and a name in it differs from that in the token.
std::vector<std::string> requested_scopes(const policy::scope_registry& scopes, const policy::denial& d)
{
    std::vector<std::string> names;
    bool differs = false;
    const bool challenged = responses::row(d.why).challenges != responses::response_row::challenge::none;
    if (challenged && d.needs != nullptr && d.alternative < d.needs->alternatives.size())
        for (const auto id : d.needs->alternatives[d.alternative].in_order) {
            names.push_back(scopes.requested_name(id));
            differs = differs || names.back() != scopes[id].name;
        }
    return differs ? names : std::vector<std::string>();
}

void describe_refusal(const policy::policy& p, const responses::response_book& book, const policy::denial& d,
                      explanation& e)
{
    e.allowed = false;
    e.why = d.why;
    e.alternative = d.alternative;
    e.missing_scopes = p.scopes.names(d.missing);
    e.requested_scopes = requested_scopes(p.scopes, d);
    e.answer = book.make(d, {});
    if (e.observed)
        e.steps.push_back({"mode: observe: the refusal is logged, and the request is forwarded"});
}

void tell_own_response(const responses::response& own, explanation& e)
{
    e.answer = own;
    e.allowed = own.status < 400;
    e.why = e.allowed ? reason::allowed : reason::wrong_method;
    if (!e.allowed)
        e.steps.push_back({"the document supports GET, HEAD and OPTIONS only", false});
}

// Claims that are given by hand have not been validated.
void tell_assumptions(policy::steps& steps)
{
    for (auto& step : steps)
        if (step.what == policy::token_is_valid)
            step.what = "the token is assumed to be valid: issuer, audience, times and \"require\" are not "
                        "checked";
}

// Adds a member that is null unless there is a value.
template <class T>
void add_if(json::writer& out, std::string_view name, bool is_there, const T& value)
{
    if (is_there)
        out.member(name, value);
    else
        out.member(name, nullptr);
}

void add_answer(json::writer& out, const std::optional<responses::response>& a)
{
    if (!a) {
        out.member("answer", nullptr);
        return;
    }
    out.name("answer").open_object().member("status", a->status).name("headers").open_object();
    for (const auto& [name, value] : responses::fields_of(*a))
        out.escaped_name(name).value(value);
    out.close_object().name("body").raw() += a->body.empty() ? "null" : a->body;
    out.close_object();
}

} // namespace

std::vector<std::string> explanation::required_scopes() const
{
    return alternative < alternatives.size() ? alternatives[alternative] : std::vector<std::string>{};
}

explanation explain(const policy::policy& p, const responses::response_book& book, const question& request,
                    const token_authority& tokens, wall_time now, const provider& bring)
{
    explanation e;
    e.method = request.method;
    e.target = request.target;
    access_scratch scratch;
    evaluation evaluated(p, book, scratch, &e.steps);
    auto decided = evaluated.start(request, tokens, now);
    while (const auto* const wanted = std::get_if<need>(&decided)) {
        const auto came = bring ? bring(*wanted) : std::nullopt;
        e.undecided = !came;
        decided = came ? evaluated.resume(*came, now) : evaluated.give_up(now);
    }
    if (tokens.given)
        tell_assumptions(e.steps);
    const auto& found = evaluated.found();
    e.path = found.target.path;
    tell_needs(p, found.match, e);
    tell_token(p, found, e);
    e.allowed = true;
    if (found.unverified_claims)
        e.unverified_claims = found.unverified_claims->all();
    if (const auto* const own = std::get_if<responses::response>(&decided))
        tell_own_response(*own, e);
    const auto* refused = std::get_if<policy::denial>(&decided);
    if (found.observed) {
        refused = &*found.observed;
        e.observed = true;
    }
    if (refused != nullptr) {
        describe_refusal(p, book, *refused, e);
        if (refused->matched != nullptr && e.route.empty()) { // a preflight's: it asks about another method
            e.route = refused->matched->text;
            e.line = refused->matched->mark.line;
            e.file = e.line > 0 ? p.file : std::string();
        } else {
            e.near = near_misses(p, found.match, e.path, request.method);
        }
    }
    if (e.answer && request.fields != nullptr && !std::holds_alternative<responses::response>(decided))
        responses::add_cors_fields(p.cors, *request.fields, *e.answer);
    return e;
}

explanation explain_unread(const policy::policy& p, const responses::response_book& book,
                           std::string_view method, std::string_view target, failure why)
{
    explanation e;
    e.method = method;
    e.target = target;
    policy::denial d;
    d.why = why;
    describe_refusal(p, book, d, e);
    e.steps.push_back(
        {"the request is refused before its path is looked at: " + std::string(name(why.detail)), false});
    return e;
}

void refuse_to_forward(const policy::policy& p, const responses::response_book& book, failure why,
                       explanation& e)
{
    policy::denial d;
    d.why = why;
    e.steps.push_back({"the request can't be forwarded: " + std::string(name(why.detail)), false});
    describe_refusal(p, book, d, e);
}

std::string to_json(const explanation& e)
{
    std::string text;
    json::writer out(text);
    out.open_object().member("decision", e.allowed ? "allow" : "deny").member("observed", e.observed);
    add_if(out, "status", e.answer.has_value(), e.answer ? e.answer->status : 0);
    out.member("reason", name(e.why));
    add_if(out, "cause", e.why.detail != cause::none, name(e.why.detail));
    out.member("method", e.method).member("target", e.target);
    add_if(out, "path", !e.path.empty(), e.path);
    add_if(out, "route", !e.route.empty(), e.route);
    add_if(out, "file", e.line > 0, e.file);
    add_if(out, "line", e.line > 0, e.line);
    out.member_list("required_scopes", e.required_scopes()).member_list("missing_scopes", e.missing_scopes);
    if (!e.requested_scopes.empty())
        out.member_list("requested_scopes", e.requested_scopes);
    if (e.alternatives.size() > 1) {
        out.name("alternatives").open_array();
        for (const auto& a : e.alternatives)
            out.list(a);
        out.close_array();
    }
    out.member_list("token_scopes", e.token_scopes).member_list("effective_scopes", e.effective_scopes);
    if (!e.near.empty())
        out.member_list("near", e.near);
    if (!e.unverified_claims.empty())
        out.name("unverified").raw() += tokens::to_json(e.unverified_claims);
    out.name("steps").open_array();
    for (const auto& step : e.steps)
        out.open_object().member("what", step.what).member("holds", step.holds).close_object();
    out.close_array();
    add_answer(out, e.answer);
    out.close_object();
    return text;
}

} // namespace scopegate::access
