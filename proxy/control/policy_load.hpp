// One load of routes.yaml and of all that it names. Keeps no state and may run on any thread: a large file
// takes seconds, and the control thread, which answers probes and fetches keys, must not wait for it.
#pragma once

#include "config/load.hpp"
#include "gate/generation.hpp"

#include <string>
#include <vector>

namespace scopegate::control {

struct policy_load {
    gate::shared_generation made; // its policy is null after an error; keys start when it is published
    std::vector<config::diagnostic> errors; // of routes.yaml and of the certificates
    std::vector<config::diagnostic> warnings;
    std::vector<std::string> files; // to be watched; empty where routes.yaml could not be read
    std::string fingerprint;        // of `files`, taken when all of them had been read
};

// Reads and compiles the file at `path`. Never throws: a load that runs out of memory is a load with an
// error.
[[nodiscard]] policy_load load_policy(const std::string& path, const config::environment& env) noexcept;

// Tells files from their later selves (base/watched_file.hpp).
[[nodiscard]] std::string fingerprint_of(const std::vector<std::string>& files);

} // namespace scopegate::control
