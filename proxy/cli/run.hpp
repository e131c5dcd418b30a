// `scopegate run`: the proxy, from its file to its last drained connection.
#pragma once

#include <string>

namespace scopegate::cli {

struct run_options {
    std::string config;     // routes.yaml's path
    bool take_over = false; // listens beside the process that it replaces
};

// Runs until SIGTERM or SIGINT has drained it. Returns the exit code: 0, or 1 where it could not start.
[[nodiscard]] int run(const run_options& options);

} // namespace scopegate::cli
