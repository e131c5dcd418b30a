// `scopegate check`: validates routes.yaml and prints the compiled table.
#include "cli/columns.hpp"
#include "cli/commands.hpp"
#include "cli/policy_file.hpp"
#include "control/tls.hpp"

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
    if (head_follows_get(p))
        out << "HEAD follows GET where it is not named.\n";
    if (p.observe)
        out << "mode: observe: what would be refused is logged and forwarded.\n";
    out << p.file << " is valid: " << counted(p.routes.size(), "route") << ", "
        << counted(p.scopes.size(), "scope") << ", " << counted(p.issuers.size(), "issuer") << ".\n";
}

} // namespace

void register_check(CLI::App& app, action& chosen)
{
    auto* command = app.add_subcommand("check", "validate routes.yaml and print what each route needs");
    auto config = std::make_shared<std::string>();
    add_config_option(*command, *config);
    command->footer("Prints every error as file:line:column and exits with 1 where there is one.\n\n"
                    "Examples:\n"
                    "  scopegate check\n"
                    "  scopegate check --config deploy/routes.yaml");
    command->callback([config, &chosen] {
        chosen = [config] {
            const auto policy = load_policy(*config);
            if (!policy)
                return exit_bad_input;
            const auto tls = control::load_tls(*policy);
            for (const auto& doubtful : tls.warnings)
                print_warning(doubtful);
            print_errors(policy->file, tls.errors);
            if (!tls.errors.empty())
                return exit_bad_input;
            print(*policy, std::cout);
            return exit_fine;
        };
    });
}

} // namespace scopegate::cli
