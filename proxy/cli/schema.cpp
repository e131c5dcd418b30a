// `scopegate schema`: prints the JSON Schema of routes.yaml, for editors.
#include "cli/commands.hpp"
#include "config/load.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace scopegate::cli {

void register_schema(CLI::App& app, action& chosen)
{
    auto* command = app.add_subcommand("schema", "print the JSON Schema of routes.yaml, for editors");
    command->footer("Examples:\n"
                    "  scopegate schema > routes.schema.json\n"
                    "and as the first line of routes.yaml:\n"
                    "  # yaml-language-server: $schema=routes.schema.json");
    command->callback([&chosen] {
        chosen = [] {
            const auto schema = config::schema_json();
            std::cout << schema << (schema.ends_with('\n') ? "" : "\n");
            return exit_fine;
        };
    });
}

} // namespace scopegate::cli
