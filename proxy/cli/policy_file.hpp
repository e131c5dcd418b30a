// Finds and loads routes.yaml for a command, and prints its errors.
#pragma once

#include "config/load.hpp"
#include "policy/policy.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace scopegate::cli {

// Adds `-c,--config FILE`. A value given after the command's name takes precedence over one given before it.
void add_config_option(CLI::App& command, std::string& config);

// Adds the same option, and FILE as the command's argument.
void add_config_argument(CLI::App& command, std::string& config);

// Returns the file to read: `given`, or else the first of routes.yaml and /etc/scopegate/routes.yaml that
// exists. Returns nothing if neither exists.
[[nodiscard]] std::optional<std::string> find_config(const std::string& given);
// Does the same, but throws input_error if no file is found.
[[nodiscard]] std::string require_config(const std::string& given);

// Loads the file without printing anything. Throws input_error if the file is missing.
[[nodiscard]] config::loaded load_config(const std::string& given);

// Returns the file's `server` settings, to find a process that runs with it. Returns the defaults if the file
// is missing. A file with errors says nothing about the process: if `given` names it, throws input_error;
// otherwise returns the defaults.
[[nodiscard]] policy::server_settings server_settings_of(const std::string& given);

// Prints each warning on one line to standard error. Skips warnings that only advise, unless `with_advice`.
// Returns how many it printed.
std::size_t print_warnings(const std::vector<config::diagnostic>& warnings, bool with_advice = false);

// Prints each error on one line to standard error, then their number. Prints nothing without errors.
void print_errors(const std::string& path, const std::vector<config::diagnostic>& errors);

// Loads the file and ignores its warnings; `check` prints those. If the file has errors, prints them and
// returns null; the exit code is then 1. Throws input_error if the file does not exist.
[[nodiscard]] std::shared_ptr<const policy::policy> load_policy(const std::string& given);

} // namespace scopegate::cli
