// routes.yaml to a compiled policy: read, check against the schema, compile. All errors of a file are
// reported, not the first; a file with one error gives no policy.
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

// One thing that is wrong with a file, or doubtful.
struct diagnostic {
    std::string file;
    policy::source_mark at; // line 0: the file as a whole
    std::string message;    // with the offending text in quotes, and a "did you mean" where one is near
    std::optional<warning> kind{}; // nothing: an error

    // `file:line:column`; only the file where it is about the file as a whole
    [[nodiscard]] std::string place() const;
    // `file:line:column: error: message`, or `file:line:column: warning: message [name]`
    [[nodiscard]] std::string text() const;
};

// Looks up an environment variable; nothing where it is unset. Tests pass their own.
using environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] environment process_environment();

struct loaded {
    std::shared_ptr<const policy::policy> policy; // null where there are errors
    std::vector<diagnostic> errors;               // in the order of the file
    std::vector<diagnostic> warnings;             // without those that the file allows
    allowances allowed;                           // to filter the warnings that are found later (TLS files)
    std::vector<std::string> files; // absolute: routes.yaml and every file that it names, to be watched
};

// Reads a file from disk. Paths in it are relative to its folder. Never throws for what the file says.
[[nodiscard]] loaded load_file(const std::string& path, const environment& env);
// The same from memory; `path` names the file in messages and gives the folder.
[[nodiscard]] loaded load_text(std::string_view text, const std::string& path, const environment& env);

// The JSON Schema of the file, as shipped (config/routes.schema.json, compiled in).
[[nodiscard]] std::string_view schema_json() noexcept;

} // namespace scopegate::config
