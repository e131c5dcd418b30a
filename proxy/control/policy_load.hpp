// Loads routes.yaml and every file that it names. Stateless, and may run on any thread. A large file takes
// seconds, and the control thread, which serves probes and fetches keys, must not wait for it.
#pragma once

#include "config/load.hpp"
#include "gate/snapshot.hpp"
#include "net/ticket_keys.hpp"

#include <memory>
#include <string>
#include <vector>

namespace scopegate::control {

struct policy_load {
    // Its policy is null after an error. Key fetching starts when it is published.
    gate::shared_snapshot snapshot;
    std::vector<config::diagnostic> errors; // in routes.yaml or the certificates
    std::vector<config::diagnostic> warnings;
    std::vector<std::string> files; // files to watch; empty if routes.yaml could not be read
    std::string fingerprint;        // of `files`, taken after all of them had been read
};

// Reads and compiles the file at `path`. `tickets` are the keys for a policy that names no file of keys;
// null: new ones. Never throws: running out of memory becomes an error of the load.
[[nodiscard]] policy_load load_policy(const std::string& path, const config::environment& env,
                                      const std::shared_ptr<net::ticket_keys>& tickets = nullptr) noexcept;

// Returns a text that changes when one of the files changes (base/watched_file.hpp).
[[nodiscard]] std::string fingerprint_of(const std::vector<std::string>& files);

} // namespace scopegate::control
