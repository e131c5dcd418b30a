// `scopegate explain`: what the proxy would decide, why, and which line of routes.yaml is behind it. Goes
// through the very functions that the proxy goes through.
#include "gate/explain.hpp"
#include "cli/arguments.hpp"
#include "cli/columns.hpp"
#include "cli/commands.hpp"
#include "cli/policy_file.hpp"
#include "cli/presented_token.hpp"
#include "jose/claims.hpp"
#include "jose/jws.hpp"
#include "observe/http_date.hpp"
#include "tokens/key_store.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>

namespace scopegate::cli {

namespace {

struct explain_options {
    std::string config, method, path, scope, claims, token, at;
    std::string format = "text";
    bool scope_given = false;
    bool token_given = false;
};

// Without what could repaint a terminal: a claim with "\u001b[2J" in it could show another decision than the
// one that was made.
std::string visible(std::string text)
{
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
        '?');
    return text;
}

std::string joined(const std::vector<std::string>& names, std::string_view separator)
{
    std::string out;
    for (const auto& n : names)
        out.append(out.empty() ? std::string_view{} : separator).append(n);
    return out.empty() ? "none" : visible(std::move(out));
}

// The issuer that the claims name, or the first: what its settings make of them is what counts.
std::size_t issuer_of(const policy::policy& p, const json::value& claims)
{
    const auto* iss = claims.find("iss");
    const auto* named = iss != nullptr ? iss->if_string() : nullptr;
    if (named == nullptr)
        return 0;
    const auto found =
        std::find_if(p.issuers.begin(), p.issuers.end(), [&](const auto& i) { return i.issuer == *named; });
    if (found == p.issuers.end())
        throw input_error("the claims are of issuer '" + visible(*named) + "', which " + p.file +
                          " does not trust");
    return static_cast<std::size_t>(found - p.issuers.begin());
}

// --claims and --scope stand for a token that passed validation.
tokens::token_ptr given_token(const policy::policy& p, const explain_options& o, wall_time now)
{
    if (o.claims.empty() && !o.scope_given)
        return {};
    if (p.issuers.empty())
        throw input_error(p.file + " trusts no issuer, so that no token can be valid");
    auto claims = o.claims.empty() ? json::value(json::object{}) : read_claims(o.claims);
    const auto issuer = issuer_of(p, claims);
    if (o.scope_given) {
        const auto& places = p.issuers[issuer].scope_claims;
        const auto place = places.empty() ? std::string("scope") : places.front().name();
        claims = with_claim(claims, place, json::value(o.scope));
    }
    auto token = tokens::interpret_claims(p, issuer, std::move(claims));
    if (token->expires <= now)
        std::cerr
            << "note: these claims have expired; they are taken as those of a valid token all the same\n";
    return token;
}

[[noreturn]] void refuse_unfetched_keys(std::string_view token)
{
    std::string whose = "its issuer";
    if (const auto jws = jose::split(token))
        if (const auto claims = jose::parse_claims(jws->payload))
            if (const auto* iss = claims->find("iss"); iss != nullptr && iss->if_string() != nullptr)
                whose =
                    *iss->if_string(); // one that the file trusts: the keys of no other would be asked for
    throw input_error("the token can't be checked: the keys of " + whose +
                      " must be fetched, and explain works offline;\n"
                      "give the token's content instead: --claims FILE (or --scope \"...\")");
}

[[noreturn]] void refuse_introspection()
{
    throw input_error("the token is no JWT: only its issuer knows what it means, and explain works offline;\n"
                      "give the token's content instead: --claims FILE (or --scope \"...\")");
}

// Returns the authority of an absolute-form target. Empty for a mere path, which leaves the host open.
std::string_view host_of(std::string_view target) noexcept
{
    const auto scheme = target.find("://");
    if (target.starts_with('/') || scheme == std::string_view::npos)
        return {};
    target.remove_prefix(scheme + 3);
    return target.substr(0, target.find_first_of("/?#"));
}

gate::explanation explain(const policy::policy& p, const std::shared_ptr<const policy::policy>& shared,
                          const explain_options& o)
{
    const auto now = o.at.empty() ? observe::wall_now() : parse_time(o.at);
    const answers::answer_book book(p);
    gate::token_authority authority;
    gate::access_request request{o.method, o.path, host_of(o.path), nullptr};
    if (!o.token_given) {
        authority.given = given_token(p, o, now);
        return gate::explain(p, book, request, authority, now);
    }
    auto token = o.token == "-" ? read_file("-") : o.token;
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r'))
        token.pop_back();
    tokens::validator validator(shared, tokens::key_store::offline(shared), 0);
    authority.validator = &validator;
    if (token.empty())
        throw input_error("standard input has no token");
    const presented_token presented(p.tokens, o.path, token);
    presented.put_into(request);
    auto e = gate::explain(p, book, request, authority, now);
    e.target = o.path; // a token in the query is no part of what was asked
    if (e.why == reason::introspection_unavailable)
        refuse_introspection();
    if (e.wait_for_issuer >= 0 || e.why == reason::keys_unavailable)
        refuse_unfetched_keys(token);
    if (e.why == reason::unbound_token)
        std::cerr
            << "note: a token that is bound (cnf) counts only with the proof that its owner makes for each "
               "request,\nor on a connection with its owner's certificate; --claims FILE asks as if that "
               "were "
               "there\n";
    return e;
}

void print_text(const policy::policy& p, const gate::explanation& e, std::ostream& out)
{
    out << e.method << ' ' << visible(e.target) << "\n\n";
    for (const auto& s : e.steps)
        out << (s.holds ? "  ok  " : "  NO  ") << visible(s.what) << '\n';
    out << '\n';

    columns facts;
    std::string decision = e.allowed ? "allow" : "deny: " + std::string(name(e.why));
    if (e.observed)
        decision += " (forwarded all the same: mode: observe)";
    facts.add({"decision", decision});
    if (e.line > 0)
        facts.add({"rule", e.file + ":" + std::to_string(e.line) + (e.route.empty() ? "" : "  " + e.route)});
    if (const auto required = e.required_scopes(); !required.empty())
        facts.add({"required scopes", joined(required, " ")});
    if (e.token_seen) {
        facts.add({"token scopes", joined(e.token_scopes, " ")});
        if (p.limit.active() || e.token_scopes != e.effective_scopes)
            facts.add({"effective scopes", joined(e.effective_scopes, " ")});
        if (!e.undeclared_scopes.empty())
            facts.add({"not in " + p.file, joined(e.undeclared_scopes, " ")});
    }
    if (!e.missing_scopes.empty())
        facts.add({"missing scopes", joined(e.missing_scopes, " ")});
    if (!e.answer)
        facts.add({"answer", "the API's own"});
    else
        facts.add({e.observed ? "would answer" : "answer", std::to_string(e.answer->status)});
    if (e.answer)
        for (const auto& [name, value] : answers::fields_of(*e.answer))
            facts.add({"", visible(std::string(name).append(": ").append(value))});
    facts.print(out);
}

int run_explain(const explain_options& o)
{
    if (o.token_given && o.token.empty())
        throw usage_error("--token is empty; without it the request has no token");
    if (o.token_given && (!o.claims.empty() || o.scope_given))
        throw usage_error("--token can't be combined with --scope or --claims: a token has its own");
    if (!http::is_token(o.method))
        throw usage_error("'" + o.method + "' is no HTTP method");
    if (!o.path.starts_with('/') && o.path != "*" && o.path.find("://") == std::string::npos)
        throw usage_error("the path must begin with '/': did you mean /" + o.path + "?");
    const auto policy = load_policy(o.config);
    if (!policy)
        return exit_bad_input;
    const auto e = explain(*policy, policy, o);
    if (e.why == reason::wrong_method &&
        std::any_of(o.method.begin(), o.method.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
        std::cerr << "note: methods are case-sensitive\n";
    if (o.format == "json")
        std::cout << gate::to_json(e) << '\n';
    else
        print_text(*policy, e, std::cout);
    return exit_fine;
}

} // namespace

void register_explain(CLI::App& app, action& chosen)
{
    auto* command = app.add_subcommand("explain", "say what is decided on a request, and why");
    auto o = std::make_shared<explain_options>();
    add_config_option(*command, o->config);
    command->add_option("METHOD", o->method, "the request's method, such as GET")->required()->type_name("");
    command->add_option("PATH", o->path, "its path, such as /appointments/17; a query may follow")
        ->required()
        ->type_name("");
    auto* scope = command->add_option("--scope", o->scope, "ask for a valid token with these scopes")
                      ->type_name("\"A B\"");
    command
        ->add_option("--claims", o->claims,
                     "ask for a valid token with these claims (JSON; - is standard input)")
        ->type_name("FILE");
    auto* token = command->add_option("--token", o->token, "check this token too (- is standard input)")
                      ->type_name("TOKEN");
    command->add_option("--at", o->at, "ask for another time than now")->type_name("TIME");
    command->add_option("--format", o->format, "text or json")
        ->check(CLI::IsMember({"text", "json"}).description(""))
        ->type_name("text|json");
    command->footer(
        "Without --scope, --claims and --token the request has no token. Exits with 0 whatever is "
        "decided.\n\n"
        "Examples:\n"
        "  scopegate explain GET /appointments\n"
        "  scopegate explain POST /appointments --scope \"read:appointments\"\n"
        "  scopegate explain GET /users/7 --claims claims.json --format json\n"
        "  scopegate token --scope read:appointments | scopegate explain GET /appointments --token -");
    command->callback([o, scope, token, &chosen] {
        o->scope_given = scope->count() > 0;
        o->token_given = token->count() > 0;
        chosen = [o] { return run_explain(*o); };
    });
}

} // namespace scopegate::cli
