// The commands. Each has a file of its own that adds it to the command line, with its options, help and
// examples; a command that was given sets what is to be done. What a command prints on standard output is its
// answer, everything else goes to standard error.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace scopegate::cli {

// Exit codes (spec section 4).
inline constexpr int exit_fine = 0;
inline constexpr int exit_bad_input = 1;
inline constexpr int exit_usage = 2;

// What the command line asked for; returns the exit code.
using action = std::function<int()>;

void register_run(CLI::App& app, action& chosen);
void register_check(CLI::App& app, action& chosen);
void register_explain(CLI::App& app, action& chosen);
void register_token(CLI::App& app, action& chosen);
void register_health(CLI::App& app, action& chosen);
void register_drain(CLI::App& app, action& chosen);
void register_demo(CLI::App& app, action& chosen);
void register_schema(CLI::App& app, action& chosen);

// Thrown by an action: its message is printed behind `scopegate: `, and the exit code is 1 or 2. The message
// says what is wrong and, where there is one, the next step.
struct input_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace scopegate::cli
