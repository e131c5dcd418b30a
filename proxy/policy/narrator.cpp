#include "policy/narrator.hpp"

#include "base/percent.hpp"
#include "policy/wording.hpp"

namespace scopegate::policy {

namespace {

// Returns `{id} = "42"` for each parameter of the template.
std::string spoken(const route& r, const parameters& values)
{
    std::string out;
    std::size_t n = 0;
    for (const template_segment& s : r.segments)
        if (s.type != template_segment::kind::literal && n < values.count)
            out += "; {" + s.text + "} = " + quoted(percent_decode(values.values[n++]));
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

void narrator::route(const route_match& match) const
{
    if (out_ == nullptr)
        return;
    const std::string matches =
        match.matched ? "route " + match.matched->text + " matches" : "no route matches";
    switch (match.found) {
    case route_match::outcome::route:
        say(matches + spoken(*match.matched, match.values));
        return settings(*match.matched);
    case route_match::outcome::unlisted:
        say(matches + (match.matched ? ", but not with this method" : "") +
            "; `unlisted: authenticated` accepts any valid token");
        if (match.matched != nullptr)
            settings(*match.matched);
        return;
    case route_match::outcome::wrong_method:
        return say(matches + ", but not with this method; it supports " + match.matched->allow, false);
    case route_match::outcome::no_route:
        return say(matches + "; CONNECT, TRACE and unlisted requests are refused", false);
    }
}

void narrator::settings(const scopegate::policy::route& matched) const
{
    if (const auto own = describe(policy_.settings_of(&matched), policy_.settings_of(nullptr)); !own.empty())
        say("its own settings are " + own);
}

void narrator::needs(const route_match& match) const
{
    if (out_ == nullptr)
        return;
    const bool listed = match.found == route_match::outcome::route;
    say((listed ? std::string(method_of(*match.matched, match.needs)) : std::string("an unlisted request")) +
        " needs " + describe(*match.needs, policy_.scopes));
}

void narrator::no_token_looked_at() const
{
    if (out_ != nullptr)
        say("no token is checked");
}

void narrator::token(bool presented) const
{
    if (out_ != nullptr)
        say(presented ? "the token is valid" : "the request has no token", presented);
}

void narrator::alternatives(const requirement& needs, const granted_scopes& scopes) const
{
    if (out_ == nullptr)
        return;
    for (std::size_t i = 0; i < needs.alternatives.size(); ++i) {
        const scope_set& wanted = needs.alternatives[i].scopes;
        scope_set lacking = wanted;
        lacking -= scopes.effective;
        scope_set had = wanted;
        had -= lacking;
        scope_set limited = lacking;
        limited &= scopes.token;
        lacking -= limited;
        const std::string lead =
            needs.alternatives.size() > 1 ? "alternative " + std::to_string(i + 1) + ": " : std::string();
        const auto tell = [&](std::string_view verb, const scope_set& set, std::string_view why, bool holds) {
            if (!set.empty())
                say(lead + "the token " + std::string(verb) + " " +
                        enumerate(policy_.scopes.names(set), " and ") + std::string(why),
                    holds);
        };
        tell("has", had, "", true);
        tell("has", limited, ", which the user's roles or permissions do not allow", false);
        tell("lacks", lacking, "", false);
    }
}

void narrator::condition(const scopegate::policy::condition& c, const condition_context& at, bool held) const
{
    if (out_ != nullptr)
        say(tell(c, at, held), held);
}

} // namespace scopegate::policy
