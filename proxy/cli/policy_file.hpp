// Finding and loading routes.yaml for a command, with its errors printed for a person.
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

// Adds `-c,--config FILE`. A command takes what was given before its name where nothing was given behind it.
void add_config_option(CLI::App& command, std::string& config);

// The same, and FILE as the command's argument.
void add_config_argument(CLI::App& command, std::string& config);

// The file to read: the one given, or the first that exists of routes.yaml and /etc/scopegate/routes.yaml;
// nothing where there is none.
[[nodiscard]] std::optional<std::string> find_config(const std::string& given);
// The same where there must be one: throws input_error.
[[nodiscard]] std::string require_config(const std::string& given);

// Loads the file without printing anything. Throws input_error if the file is missing.
[[nodiscard]] config::loaded load_config(const std::string& given);

// Returns the file's `server` settings, to find a process that runs with it. Returns the defaults if the file
// is missing. A file with errors says nothing about the process: if `given` names it, throws input_error;
// otherwise returns the defaults.
[[nodiscard]] policy::server_settings server_settings_of(const std::string& given);

// Prints one line each to standard error. Skips warnings that only advise, unless `with_advice`. Returns how
// many it printed.
std::size_t print_warnings(const std::vector<config::diagnostic>& warnings, bool with_advice = false);

// One line each to standard error, and how many they are; nothing where there are none.
void print_errors(const std::string& path, const std::vector<config::diagnostic>& errors);

// Loads the file, without a word about warnings: `check` prints them. Returns null after it has printed the
// errors of the file; the exit code is then 1. Throws input_error if the file does not exist.
[[nodiscard]] std::shared_ptr<const policy::policy> load_policy(const std::string& given);

} // namespace scopegate::cli
