// `scopegate run`: runs the proxy from loading its policy to its last drained connection.
#pragma once

#include <string>

namespace scopegate::cli {

struct run_options {
    std::string config;     // the path of routes.yaml
    bool take_over = false; // share the listeners with the process that it replaces
};

// Runs until SIGTERM or SIGINT has drained it. Returns the exit code: 0, or 1 if it could not start.
[[nodiscard]] int run(const run_options& options);

} // namespace scopegate::cli
