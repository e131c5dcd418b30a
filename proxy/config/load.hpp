// Loads routes.yaml: reads it, checks it against the schema and compiles it to a policy. Reports all errors
// of a file, not only the first. A file with an error yields no policy.
#pragma once

#include "config/allowances.hpp"
#include "config/warnings.hpp"
#include "policy/policy.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config {

// One error or warning in a file.
struct diagnostic {
    std::string file;
    policy::source_mark at;        // line 0: the file as a whole
    std::string message;           // quotes the offending text; has a "did you mean" if possible
    std::optional<warning> kind{}; // empty: an error

    // Returns `file:line:column`, or only the file for a message about the file as a whole.
    [[nodiscard]] std::string place() const;
    // Returns `file:line:column: error: message`, or `file:line:column: warning: message [name]`.
    [[nodiscard]] std::string text() const;
};

// Looks up an environment variable. Returns nothing if it is unset. Tests pass their own.
using environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] environment process_environment();

struct loaded {
    std::shared_ptr<const policy::policy> policy; // null if there are errors
    std::vector<diagnostic> errors;               // in the order of the file
    std::vector<diagnostic> warnings;             // without those that the file allows
    allowances allowed;                           // filters warnings that are found later (TLS files)
    std::vector<std::string> files; // absolute: routes.yaml and every file that it names, to be watched
};

// Loads a file from disk. Paths in it are relative to its folder. Errors in the file never throw.
[[nodiscard]] loaded load_file(const std::string& path, const environment& env);
// Does the same from memory. `path` names the file in messages and determines the folder.
[[nodiscard]] loaded load_text(std::string_view text, const std::string& path, const environment& env);

// Returns the JSON Schema of the file, as shipped (config/routes.schema.json, compiled in).
[[nodiscard]] std::string_view schema_json() noexcept;

} // namespace scopegate::config
