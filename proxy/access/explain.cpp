#include "access/explain.hpp"

#include "access/near_misses.hpp"
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

// The line that says it: the method's where there is one, otherwise the template's or that of `unlisted`.
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

void tell_refusal(const policy::policy& p, const responses::response_book& book, const policy::denial& d,
                  explanation& e)
{
    e.allowed = false;
    e.why = d.why;
    e.alternative = d.alternative;
    e.missing_scopes = p.scopes.names(d.missing);
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

void append_string(std::string& out, std::string_view name, std::string_view value)
{
    json::append_quoted(out += ',', name);
    json::append_quoted(out += ':', value);
}

// A null where there is none.
void append_if(std::string& out, std::string_view name, bool is_there, std::string_view value)
{
    if (is_there)
        return append_string(out, name, value);
    json::append_quoted(out += ',', name);
    out += ":null";
}

void append_list(std::string& out, const std::vector<std::string>& names)
{
    out += '[';
    for (std::size_t i = 0; i < names.size(); ++i)
        json::append_quoted(i == 0 ? out : out += ',', names[i]);
    out += ']';
}

void append_list(std::string& out, std::string_view name, const std::vector<std::string>& names)
{
    json::append_quoted(out += ',', name);
    append_list(out += ':', names);
}

void append_answer(std::string& out, const responses::response& a)
{
    out += ",\"answer\":{\"status\":" + std::to_string(a.status) + ",\"headers\":{";
    auto separator = "";
    for (const auto& [name, value] : responses::fields_of(a)) {
        json::append_quoted(out += std::exchange(separator, ","), name);
        json::append_quoted(out += ':', value);
    }
    out += "},\"body\":" + (a.body.empty() ? "null" : a.body) + "}";
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
    const auto& found = evaluated.found();
    e.path = found.target.path;
    tell_needs(p, found.match, e);
    tell_token(p, found, e);
    e.allowed = true;
    if (found.said)
        e.said = found.said->all();
    if (const auto* const own = std::get_if<responses::response>(&decided))
        tell_own_response(*own, e);
    const auto* refused = std::get_if<policy::denial>(&decided);
    if (found.observed) {
        refused = &*found.observed;
        e.observed = true;
    }
    if (refused != nullptr) {
        tell_refusal(p, book, *refused, e);
        if (refused->matched != nullptr && e.route.empty()) { // a preflight's: it asks about another method
            e.route = refused->matched->text;
            e.line = refused->matched->mark.line;
            e.file = e.line > 0 ? p.file : std::string();
        } else {
            e.near = near_misses(p, found.match, e.path, request.method);
        }
    }
    if (e.answer && request.fields != nullptr && !std::holds_alternative<responses::response>(decided))
        responses::share(p.cors, *request.fields, *e.answer);
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
    tell_refusal(p, book, d, e);
    e.steps.push_back(
        {"the request is refused before its path is looked at: " + std::string(name(why.detail)), false});
    return e;
}

std::string to_json(const explanation& e)
{
    std::string out = R"({"decision":)";
    json::append_quoted(out, e.allowed ? "allow" : "deny");
    out += e.observed ? R"(,"observed":true)" : R"(,"observed":false)";
    out += ",\"status\":" + (e.answer ? std::to_string(e.answer->status) : "null");
    append_string(out, "reason", name(e.why));
    append_if(out, "cause", e.why.detail != cause::none, name(e.why.detail));
    append_string(out, "method", e.method);
    append_string(out, "target", e.target);
    append_if(out, "path", !e.path.empty(), e.path);
    append_if(out, "route", !e.route.empty(), e.route);
    append_if(out, "file", e.line > 0, e.file);
    out += ",\"line\":" + (e.line > 0 ? std::to_string(e.line) : "null");
    append_list(out, "required_scopes", e.required_scopes());
    append_list(out, "missing_scopes", e.missing_scopes);
    if (e.alternatives.size() > 1) {
        out += ",\"alternatives\":";
        auto separator = '[';
        for (const auto& a : e.alternatives)
            append_list(out += std::exchange(separator, ','), a);
        out += ']';
    }
    append_list(out, "token_scopes", e.token_scopes);
    append_list(out, "effective_scopes", e.effective_scopes);
    if (!e.near.empty())
        append_list(out, "near", e.near);
    if (!e.said.empty())
        out.append(",\"unverified\":").append(tokens::to_json(e.said));
    out += ",\"steps\":[";
    for (std::size_t i = 0; i < e.steps.size(); ++i) {
        json::append_quoted(out += i == 0 ? "{\"what\":" : ",{\"what\":", e.steps[i].what);
        out += e.steps[i].holds ? ",\"holds\":true}" : ",\"holds\":false}";
    }
    out += ']';
    if (e.answer)
        append_answer(out, *e.answer);
    else
        out += ",\"answer\":null";
    out += '}';
    return out;
}

} // namespace scopegate::access
