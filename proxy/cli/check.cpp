// `scopegate check`: validates routes.yaml and prints the compiled table.
#include "base/url.hpp"
#include "cli/columns.hpp"
#include "cli/commands.hpp"
#include "cli/policy_file.hpp"
#include "config/key_place.hpp"
#include "control/tls.hpp"
#include "policy/wording.hpp"
#include "responses/metadata.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>

namespace scopegate::cli {

namespace {

void add_row(columns& table, const policy::policy& p, const std::string& method, const policy::route& route,
             const policy::requirement& needs)
{
    table.add({method, route.text, policy::describe(needs, p.scopes)});
}

bool head_follows_get(const policy::policy& p)
{
    const auto names = [](const policy::route& r, std::string_view method) {
        return std::any_of(r.methods.begin(), r.methods.end(),
                           [&](const auto& m) { return m.first == method; });
    };
    return std::any_of(p.routes.begin(), p.routes.end(),
                       [&](const auto& r) { return names(r, "GET") && !names(r, "HEAD"); });
}

std::string counted(std::size_t n, std::string_view one)
{
    return std::to_string(n) + " " + std::string(one) + (n == 1 ? "" : "s");
}

// Says how long the last keys stay valid while an issuer is unreachable. Empty if no keys are fetched.
std::string key_life(const policy::policy& p)
{
    using kind = policy::key_location::kind;
    if (std::none_of(p.issuers.begin(), p.issuers.end(), [](const policy::issuer_settings& i) {
            return i.keys.where == kind::discover || i.keys.where == kind::url;
        }))
        return {};
    return p.keys_max_age.count() == 0
               ? "While an issuer is unreachable, its last keys stay valid indefinitely (keys_max_age).\n"
               : "While an issuer is unreachable, its last keys stay valid for " +
                     policy::in_units(static_cast<std::uint64_t>(p.keys_max_age.count()) * 1000,
                                      policy::duration_units) +
                     " (keys_max_age).\n";
}

// Says through which proxy each issuer is reached. Empty if all are reached directly.
std::string forward_proxies(const policy::policy& p)
{
    std::string out;
    for (const auto& issuer : p.issuers) {
        std::vector<std::string> told; // keys and introspection mostly share a proxy
        for (const auto& text : issuer.fetched_urls()) {
            const auto url = parse_web_url(text);
            const auto* proxy = url ? issuer.proxies.of(*url) : nullptr;
            if (proxy == nullptr || std::find(told.begin(), told.end(), proxy->authority) != told.end())
                continue;
            told.push_back(proxy->authority);
            out += issuer.issuer + " is reached through the proxy " + proxy->authority + ".\n";
        }
    }
    return out;
}

// Says how the JWTs of an issuer that introspects are checked. Empty if no issuer introspects.
std::string introspected_tokens(const policy::policy& p)
{
    const auto found = std::find_if(p.issuers.begin(), p.issuers.end(), [](const policy::issuer_settings& i) {
        return i.introspection.has_value();
    });
    if (found == p.issuers.end())
        return {};
    const bool also = found->introspection->also_jwts;
    return found->signs_tokens()
               ? "JWTs of " + found->issuer + " are checked with its keys" +
                     (also ? " and introspected" : "") + "; its other tokens are introspected.\n"
               : "All tokens of " + found->issuer + " are introspected, JWTs too: it has no keys.\n";
}

// Says which tenants are accepted, and which scopes an issuer can grant. Empty if each issuer is a single one
// that can grant all.
std::string issuer_notes(const policy::policy& p)
{
    std::string out;
    const policy::issuer_settings* last = nullptr;
    for (const auto& i : p.issuers) {
        const bool told = last != nullptr && i.pattern && last->mark.line == i.mark.line;
        last = &i;
        if (told)
            continue;
        const auto name = i.pattern ? i.pattern->name_of("{tenant}") : i.issuer;
        if (i.any_tenant())
            out += "Tokens of any tenant of " + name + " are accepted" +
                   (i.keys_per_tenant() ? "; a tenant's keys are fetched with its first token.\n" : ".\n");
        if (i.grants && i.grants->size() < p.scopes.size())
            out += name + " can grant only " + policy::enumerate(p.scopes.names(*i.grants), " and ") + ".\n";
    }
    return out;
}

// Says where applications find the metadata document, if its URL was derived from an audience: another
// program may own that host.
std::string metadata_note(const policy::policy& p)
{
    const auto names = [&](std::string_view key) {
        return config::place_of(p.file, {"metadata", key}).line != 0;
    };
    if (p.metadata.resource.empty() || p.server.external_url || names("resource") || names("resource_file"))
        return {};
    return "The metadata document is announced at " + responses::metadata_url(p.metadata.resource) +
           ", derived from an audience;\nset server.external_url or metadata.resource to announce another "
           "URL.\n";
}

// Names the header whose sender must be trusted with client certificates. Empty if the file names none.
std::string certificate_note(const policy::policy& p)
{
    return p.server.client_cert.alone ? "The certificate of a client behind trusted_proxies comes in " +
                                            p.server.client_cert.name + ".\n"
                                      : "";
}

// Prints the settings of the routes that differ from the server's, if there are any.
void print_own_settings(const policy::policy& p, std::ostream& out)
{
    if (p.settings.size() == 1)
        return;
    columns table;
    table.add({"PATH", "SETTINGS OF ITS OWN"});
    for (const auto& route : p.routes)
        if (route.settings != 0)
            table.add({route.text, policy::describe(p.settings_of(&route), p.settings_of(nullptr))});
    table.print(out);
    out << '\n';
}

// Prints the scopes that clients ask for under another name, if there are any.
void print_requested_names(const policy::scope_registry& scopes, std::ostream& out)
{
    columns table;
    table.add({"SCOPE", "CLIENTS ASK THE ISSUER FOR"});
    bool any = false;
    for (std::size_t i = 0; i < scopes.size(); ++i) {
        const auto& scope = scopes[static_cast<policy::scope_id>(i)];
        if (scope.request_as.empty())
            continue;
        table.add({scope.name, scope.request_as});
        any = true;
    }
    if (!any)
        return;
    table.print(out);
    out << '\n';
}

// Prints the resources behind this server and the audience of their tokens, if there are several.
void print_resources(const policy::policy& p, std::ostream& out)
{
    if (p.metadata.resources.empty())
        return;
    columns table;
    table.add({"PATH PREFIX", "AUDIENCE", "METADATA DOCUMENT"});
    for (const auto& r : p.metadata.resources)
        table.add({r.prefix, policy::enumerate(r.audience, " or "), responses::metadata_url(r.resource)});
    table.print(out);
    out << '\n';
}

void print(const policy::policy& p, std::ostream& out)
{
    columns table;
    table.add({"METHOD", "PATH", "NEEDS"});
    for (const auto& route : p.routes) {
        for (const auto& [method, needs] : route.methods)
            add_row(table, p, method, route, needs);
        if (route.any)
            add_row(table, p, "ANY", route, *route.any);
    }
    table.add({"any", "anything else",
               p.unlisted_authenticated ? "any valid token (unlisted: authenticated)"
                                        : "refused (404, or 405 for another method)"});
    table.print(out);
    out << '\n';
    print_own_settings(p, out);
    print_requested_names(p.scopes, out);
    print_resources(p, out);
    if (const auto urls = p.upstream.urls(); urls.size() > 1)
        out << "Requests go in turn to " << policy::enumerate(urls, " and ") << ".\n";
    if (head_follows_get(p))
        out << "HEAD needs what GET needs, unless it is listed.\n";
    out << key_life(p) << forward_proxies(p) << introspected_tokens(p) << issuer_notes(p) << metadata_note(p)
        << certificate_note(p);
    if (p.observe)
        out << "mode: observe: requests that would be refused are logged and forwarded.\n";
    out << p.file << " is valid: " << counted(p.routes.size(), "route") << ", "
        << counted(p.scopes.size(), "scope") << ", " << counted(p.issuers.size(), "issuer") << ".\n";
}

struct options {
    std::string config;
    bool strict = false;
    bool verbose = false;
};

int check(const options& o)
{
    const auto path = require_config(o.config);
    auto file = load_config(path);
    if (file.policy) {
        const auto tls = control::load_tls(*file.policy);
        file.errors = tls.errors;
        const auto more = file.allowed.filter(tls.warnings);
        file.warnings.insert(file.warnings.end(), more.begin(), more.end());
    }
    const auto warnings = print_warnings(file.warnings, o.verbose);
    print_errors(path, file.errors);
    if (!file.errors.empty())
        return exit_bad_input;
    if (o.strict && warnings > 0) {
        std::cerr << path << " has " << counted(warnings, "warning")
                  << ", which --strict treats as errors.\n";
        return exit_bad_input;
    }
    print(*file.policy, std::cout);
    return exit_fine;
}

} // namespace

void register_check(CLI::App& app, action& chosen)
{
    auto* command = app.add_subcommand("check", "validate routes.yaml and print what each route needs");
    auto o = std::make_shared<options>();
    add_config_argument(*command, o->config);
    command->add_flag("--strict", o->strict, "treat warnings as errors");
    command->add_flag("--verbose", o->verbose, "also print advice about risks that the file can't show");
    command->footer(
        "Prints every error and warning as file:line:column and exits with 1 if there is an error.\n"
        "To silence a warning for a line, add a comment: # scopegate: allow NAME\n\n"
        "Examples:\n"
        "  scopegate check\n"
        "  scopegate check --strict deploy/routes.yaml");
    command->callback([o, &chosen] { chosen = [o] { return check(*o); }; });
}

} // namespace scopegate::cli
