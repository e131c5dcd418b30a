// Registers the commands. Each has its own file, which adds it to the command line with its options, help and
// examples. Parsing a command stores its action in `chosen`. A command prints its result on standard output,
// and everything else on standard error.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace scopegate::cli {

// Exit codes of all commands.
inline constexpr int exit_fine = 0;
inline constexpr int exit_bad_input = 1;
inline constexpr int exit_usage = 2;

// Runs the command that was given; returns the exit code.
using action = std::function<int()>;

void register_run(CLI::App& app, action& chosen);
void register_check(CLI::App& app, action& chosen);
void register_explain(CLI::App& app, action& chosen);
void register_token(CLI::App& app, action& chosen);
void register_health(CLI::App& app, action& chosen);
void register_drain(CLI::App& app, action& chosen);
void register_demo(CLI::App& app, action& chosen);
void register_schema(CLI::App& app, action& chosen);

// Thrown by an action. The message is printed after `scopegate: `, and the exit code is 1 for input_error and
// 2 for usage_error. The message says what is wrong and, if possible, what to do next.
struct input_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace scopegate::cli
