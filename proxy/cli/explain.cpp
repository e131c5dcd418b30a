// `scopegate explain`: prints what the proxy would decide, why, and which line of routes.yaml is responsible.
// Goes through the same evaluation as the proxy.
#include "access/explain.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/explain_text.hpp"
#include "cli/online.hpp"
#include "cli/policy_file.hpp"
#include "cli/presented_request.hpp"
#include "jose/claims.hpp"
#include "observe/http_date.hpp"
#include "tokens/introspection.hpp"
#include "tokens/key_store.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <optional>
#include <vector>

namespace scopegate::cli {

namespace {

struct explain_options {
    std::string config, method, path, scope, claims, token, at, from;
    std::string format = "text";
    std::vector<std::string> headers;
    bool scope_given = false;
    bool token_given = false;
    bool online = false;
};

// Returns the issuer that the claims name, or the first one. Its settings determine how the claims are read.
std::size_t issuer_of(const policy::policy& p, const json::value& claims)
{
    const auto* iss = claims.find("iss");
    const auto* named = iss != nullptr ? iss->if_string() : nullptr;
    const auto found = issuer_in(p, claims);
    if (named == nullptr)
        return found.value_or(0);
    if (!found)
        throw input_error("the claims are from issuer '" + visible(*named) + "', which " + p.file +
                          " does not trust");
    return *found;
}

// Makes a validated token from --claims and --scope.
tokens::token_ptr given_token(const policy::policy& p, const explain_options& o, wall_time now)
{
    if (o.claims.empty() && !o.scope_given)
        return {};
    if (p.issuers.empty())
        throw input_error(p.file + " trusts no issuer, so no token can be valid");
    auto claims = o.claims.empty() ? json::value(json::object{}) : read_claims(o.claims);
    const auto issuer = issuer_of(p, claims);
    if (o.scope_given) {
        const auto& places = p.issuers[issuer].scope_claims;
        static const jose::names_claim usual(json::path("scope"));
        const auto& place = places.empty() ? usual : places.front();
        claims = with_claim(claims, place.claim.name(), jose::make_listing(place, o.scope));
    }
    auto token = tokens::interpret_claims(p, issuer, std::move(claims));
    const auto& by = p.issuers[issuer];
    if (!by.audience.empty() && by.audience_claim.find(token->claims) == nullptr)
        token->resources = ~std::uint64_t{0}; // assume that the token is for the route's resource
    if (token->expires <= now)
        std::cerr << "note: these claims have expired; they are still treated as those of a valid token\n";
    if (token->claims.find("cnf") != nullptr)
        std::cerr
            << "note: these claims are bound to their owner's key or certificate (cnf); the proof of that is "
               "assumed\n";
    return token;
}

// Names the issuer whose keys or introspection result are missing. The policy trusts this token's issuer.
std::string issuer_name(std::string_view token)
{
    return visible(tokens::claimed_issuer(token).value_or("its issuer"));
}

[[noreturn]] void refuse_undecided(std::string_view token, reason why, bool online)
{
    const std::string instead = "give the token's content instead: --claims FILE (or --scope \"...\")";
    const auto whose = issuer_name(token);
    const std::string offline = ", and explain works offline;\nadd --online, or " + instead;
    if (why == reason::introspection_unavailable)
        throw input_error(online
                              ? "the token can't be checked: its issuer could not introspect it;\n" + instead
                              : "the token can't be checked: only its issuer can introspect it" + offline);
    throw input_error(
        online ? "the token can't be checked: the keys of " + whose + " could not be fetched;\n" + instead
               : "the token can't be checked: the keys of " + whose + " must be fetched" + offline);
}

std::string given_text(const explain_options& o)
{
    auto token = o.token == "-" ? read_file("-") : o.token;
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r'))
        token.pop_back();
    if (token.empty())
        throw input_error("standard input contains no token");
    return token;
}

// Returns the index of the issuer that a token names, or -1 if the policy does not list it.
int index_of_issuer(const policy::policy& p, std::string_view token)
{
    const auto found = issuer_in(p, token);
    return found ? static_cast<int>(*found) : -1;
}

bool is_undecided(const access::explanation& e) noexcept
{
    return e.undecided || is_undecided(e.why.why);
}

access::explanation ask(const policy::policy& p, presented_request& request, const explain_options& o,
                        const access::token_authority& authority, wall_time now,
                        const access::provider& bring = {})
{
    const responses::response_book book(p);
    const auto question = request.as_question(p);
    if (!question)
        return access::explain_unread(p, book, o.method, o.path, question.error());
    auto e = access::explain(p, book, *question, authority, now, bring);
    if (const auto forwarded = request.forward(p); e.allowed && !e.answer && !forwarded)
        access::refuse_to_forward(p, book, forwarded.error(), e);
    return e;
}

access::explanation explain_token(const std::shared_ptr<const policy::policy>& p, const explain_options& o,
                                  presented_request& request, wall_time now)
{
    const auto token = given_text(o);
    std::optional<online_authority> online;
    if (o.online) {
        online.emplace(p);
        online->fetch_keys_for(token);
    }
    tokens::validator validator(p, online ? online->keys() : tokens::key_store::offline(p), 0,
                                online ? online->introspection() : nullptr);
    validator.describe_everything();
    request.add_token(p->tokens, token);
    access::token_authority authority;
    authority.validator = &validator;
    access::provider bring;
    if (online)
        bring = [&](const access::need& wanted) {
            return std::optional(online->wait(validator, static_cast<int>(wanted.issuer), token));
        };
    auto e = ask(*p, request, o, authority, now, bring);
    if (e.unverified_claims.empty())
        e.unverified_claims =
            tokens::describe(*p, {token, index_of_issuer(*p, token)}, reason::allowed, now).all();
    if (is_undecided(e)) {
        print_claims(e.unverified_claims, std::cout);
        refuse_undecided(token, e.why, o.online);
    }
    if (e.why == reason::unbound_token)
        std::cerr << "note: a bound token (cnf) is accepted only with a proof that its owner makes for each "
                     "request,\nor on a connection with its owner's certificate; --claims FILE assumes that "
                     "this is present\n";
    return e;
}

// A token among the headers is checked with the keys that are at hand.
access::explanation explain_headers(const std::shared_ptr<const policy::policy>& p, const explain_options& o,
                                    presented_request& request, wall_time now)
{
    tokens::validator validator(p, tokens::key_store::offline(p), 0);
    access::token_authority authority;
    authority.validator = &validator;
    authority.given = given_token(*p, o, now);
    auto e = ask(*p, request, o, authority, now);
    if (is_undecided(e))
        throw input_error(
            "the token in --header can't be checked here; give it as --token, with --online if its "
            "issuer's keys must be fetched");
    return e;
}

access::explanation explain(const std::shared_ptr<const policy::policy>& p, const explain_options& o)
{
    const auto now = o.at.empty() ? observe::wall_now() : parse_time(o.at);
    presented_request request(o.method, o.path);
    if (!o.from.empty())
        request.set_peer(o.from);
    for (const auto& line : o.headers)
        request.add_header(line);
    auto e = o.token_given ? explain_token(p, o, request, now) : explain_headers(p, o, request, now);
    e.target = o.path; // without a token that was put into the query
    return e;
}

int run_explain(const explain_options& o)
{
    if (o.token_given && o.token.empty())
        throw usage_error("--token is empty; omit it for a request without a token");
    if (o.token_given && (!o.claims.empty() || o.scope_given))
        throw usage_error("--token can't be combined with --scope or --claims: a token contains its own");
    if (o.online && !o.token_given)
        throw usage_error("--online needs --token: only a token needs an issuer");
    if (!http::is_token(o.method))
        throw usage_error("'" + o.method + "' is not an HTTP method");
    if (!o.path.starts_with('/') && o.path != "*" && o.path.find("://") == std::string::npos)
        throw usage_error("the path must begin with '/': did you mean /" + o.path + "?");
    const auto policy = load_policy(o.config);
    if (!policy)
        return exit_bad_input;
    const auto e = explain(policy, o);
    if (e.why == reason::wrong_method &&
        std::any_of(o.method.begin(), o.method.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
        std::cerr << "note: methods are case-sensitive\n";
    if (o.format == "json")
        std::cout << access::to_json(e) << '\n';
    else
        print_text(*policy, e, std::cout);
    return exit_fine;
}

} // namespace

void register_explain(CLI::App& app, action& chosen)
{
    auto* command = app.add_subcommand("explain", "show the decision on a request, and the reasons");
    auto o = std::make_shared<explain_options>();
    add_config_option(*command, o->config);
    command->add_option("METHOD", o->method, "the request's method, such as GET")->required()->type_name("");
    command->add_option("PATH", o->path, "its path, such as /appointments/17; a query may follow")
        ->required()
        ->type_name("");
    auto* scope = command->add_option("--scope", o->scope, "assume a valid token with these scopes")
                      ->type_name("\"A B\"");
    command
        ->add_option("--claims", o->claims,
                     "assume a valid token with these claims (JSON; - is standard input)")
        ->type_name("FILE");
    auto* token =
        command->add_option("--token", o->token, "use this token, and validate it (- is standard input)")
            ->type_name("TOKEN");
    command->add_option("--header", o->headers, "add this header to the request; may be repeated")
        ->type_name("'NAME: VALUE'")
        ->allow_extra_args(false);
    command->add_option("--from", o->from, "let the request come from this address")->type_name("ADDRESS");
    command->add_flag("--online", o->online, "fetch the issuer's keys, or introspect the token");
    command->add_option("--at", o->at, "decide as at this time instead of now")->type_name("TIME");
    command->add_option("--format", o->format, "text or json")
        ->check(CLI::IsMember({"text", "json"}).description(""))
        ->type_name("text|json");
    command->footer(
        "Without --scope, --claims and --token the request has no token. Exits with 0 for any decision.\n\n"
        "Examples:\n"
        "  scopegate explain GET /appointments\n"
        "  scopegate explain POST /appointments --scope \"read:appointments\"\n"
        "  scopegate explain GET /users/7 --claims claims.json --format json\n"
        "  scopegate explain OPTIONS /appointments --header 'Origin: https://app.example.com' \\\n"
        "      --header 'Access-Control-Request-Method: GET'\n"
        "  scopegate token --scope read:appointments | scopegate explain GET /appointments --token -");
    command->callback([o, scope, token, &chosen] {
        o->scope_given = scope->count() > 0;
        o->token_given = token->count() > 0;
        chosen = [o] { return run_explain(*o); };
    });
}

} // namespace scopegate::cli
