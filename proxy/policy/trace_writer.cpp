#include "policy/trace_writer.hpp"

#include "base/percent.hpp"
#include "policy/wording.hpp"

#include <algorithm>

namespace scopegate::policy {

namespace {

// Returns `{id} = "42"` for each parameter of the template.
std::string spoken(const route& r, const parameters& values)
{
    std::string out;
    std::size_t n = 0;
    for_each_parameter(r.segments, [&](const std::string& name, const template_segment&) {
        if (n < values.count)
            out += "; {" + name + "} = " + quoted(percent_decode(values.values[n++]));
    });
    return out;
}

// Returns the method that the requirement has in the file: a method, ANY, or GET for a HEAD that follows it.
std::string_view method_of(const route& r, const requirement* needs)
{
    for (const auto& entry : r.methods)
        if (&entry.second == needs)
            return entry.first;
    return "ANY";
}

} // namespace

void trace_writer::route(const route_match& match) const
{
    if (out_ == nullptr)
        return;
    const std::string matches =
        match.matched ? "route " + match.matched->text + " matches" : "no route matches";
    switch (match.found) {
    case route_match::outcome::route:
        add(matches + spoken(*match.matched, match.values));
        return settings(*match.matched);
    case route_match::outcome::unlisted:
        add(matches + (match.matched ? ", but not with this method" : "") +
            "; `unlisted: authenticated` accepts any valid token");
        if (match.matched != nullptr)
            settings(*match.matched);
        return;
    case route_match::outcome::wrong_method:
        return add(matches + ", but not with this method; it supports " + match.matched->allow, false);
    case route_match::outcome::ambiguous:
        return add(matches + ", but its parameters can be read in several ways", false);
    case route_match::outcome::no_route:
        return add(matches + "; CONNECT, TRACE and unlisted requests are refused", false);
    }
}

void trace_writer::settings(const scopegate::policy::route& matched) const
{
    if (const auto own = describe(policy_.settings_of(&matched), policy_.settings_of(nullptr)); !own.empty())
        add("its own settings are " + own);
}

void trace_writer::needs(const route_match& match) const
{
    if (out_ == nullptr)
        return;
    const bool listed = match.found == route_match::outcome::route;
    add((listed ? std::string(method_of(*match.matched, match.needs)) : std::string("an unlisted request")) +
        " needs " + describe(*match.needs, policy_.scopes));
}

void trace_writer::no_token_examined() const
{
    if (out_ != nullptr)
        add("no token is checked");
}

void trace_writer::token(bool presented) const
{
    if (out_ != nullptr)
        add(std::string(presented ? token_is_valid : "the request has no token"), presented);
}

void trace_writer::tell_resource(const requirement& needs, bool held) const
{
    const auto& all = policy_.metadata.resources;
    if (all.empty())
        return;
    add((held ? "the token is meant for " : "the token is not meant for ") +
            (needs.resource == 0 ? "routes outside of metadata.resources"
                                 : "the resource " + all[needs.resource - 1U].prefix),
        held);
}

// Returns why the scope cap removed a scope. A claim that is absent is often a wrong name in the file.
std::string trace_writer::why_capped(const json::value& claims) const
{
    std::vector<std::string> absent;
    const auto look = [&](const jose::names_claim& claim) {
        if (!jose::names_in(claims, claim).present)
            absent.push_back(claim.describe());
    };
    if (policy_.scope_cap.permissions)
        look(*policy_.scope_cap.permissions);
    if (policy_.scope_cap.by_role)
        look(policy_.scope_cap.by_role->claim);
    std::string out = ", which the user's roles or permissions do not allow";
    if (!absent.empty())
        out += "; the token has no claim " + enumerate(absent, " and no claim ");
    return out;
}

void trace_writer::tell_alternatives(const requirement& needs, const bearer& token, const scope_set* grants,
                                     std::string_view issuer) const
{
    const granted_scopes& scopes = token.scopes;
    if (grants != nullptr)
        not_granted(needs, scopes.token, *grants, issuer);
    for (std::size_t i = 0; i < needs.alternatives.size(); ++i) {
        const scope_set& wanted = needs.alternatives[i].scopes;
        scope_set lacking = wanted;
        lacking -= scopes.effective;
        scope_set had = wanted;
        had -= lacking;
        scope_set limited = lacking;
        limited &= scopes.token;
        lacking -= limited;
        if (grants != nullptr)
            limited &= *grants;
        const std::string lead =
            needs.alternatives.size() > 1 ? "alternative " + std::to_string(i + 1) + ": " : std::string();
        const auto tell = [&](std::string_view verb, const scope_set& set, std::string_view why, bool holds) {
            if (!set.empty())
                add(lead + "the token " + std::string(verb) + " " +
                        enumerate(policy_.scopes.names(set), " and ") + std::string(why),
                    holds);
        };
        tell("has", had, "", true);
        if (!limited.empty())
            tell("has", limited, why_capped(token.claims), false);
        tell("lacks", lacking, "", false);
    }
}

// Fails only if one of these scopes is needed.
void trace_writer::not_granted(const requirement& needs, const scope_set& of_token, const scope_set& grants,
                               std::string_view issuer) const
{
    auto ignored = of_token;
    ignored -= grants;
    const bool needed =
        std::any_of(needs.alternatives.begin(), needs.alternatives.end(), [&](const alternative& a) {
            auto both = a.scopes;
            both &= ignored;
            return !both.empty();
        });
    const auto names = policy_.scopes.names(ignored);
    if (names.empty())
        return;
    const bool one = names.size() == 1;
    if (needed)
        add((one ? "scope " : "scopes ") + enumerate(names, " and ") + (one ? " is" : " are") +
                " not granted by issuer " + std::string(issuer),
            false);
    else
        add("issuer " + std::string(issuer) + " does not grant " + enumerate(names, " and ") + ", which " +
            (one ? "is" : "are") + " not needed here");
}

void trace_writer::condition(const scopegate::policy::condition& c, const condition_context& at,
                             bool held) const
{
    if (out_ != nullptr)
        add(tell(c, at, held), held);
}

} // namespace scopegate::policy
