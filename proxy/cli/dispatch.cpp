#include "cli/dispatch.hpp"

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/policy_file.hpp"
#include "cli/run.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <string>
#include <vector>

namespace scopegate::cli {

namespace {

int run_with(const std::string& config, bool take_over)
{
    run_options options;
    options.config = require_config(config);
    options.take_over = take_over;
    return run(options);
}

// Returns the deepest command given: an error in its options points to its help.
const CLI::App& given_command(const CLI::App& app)
{
    const auto commands = app.get_subcommands();
    return commands.empty() ? app : *commands.front();
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known)
{
    const auto near = did_you_mean(word, known);
    return near.empty() ? std::string() : "; did you mean " + std::string(near) + "?";
}

std::string unexpected_argument(const CLI::App& app)
{
    const auto left = app.remaining(true);
    const auto word = left.empty() ? std::string() : left.front();
    const auto& command = given_command(app);
    if (word.starts_with('-')) {
        std::vector<std::string> options;
        for (const auto* option : command.get_options())
            for (const auto& name : option->get_lnames())
                options.push_back("--" + name);
        return "unknown option " + word + suggestion(word.substr(0, word.find('=')), options);
    }
    if (&command != &app)
        return "'" + word + "' is an unexpected argument for " + command.get_name();
    if (word.ends_with(".yaml") || word.ends_with(".yml"))
        return "unknown command '" + word + "'; did you mean run " + word + "?";
    std::vector<std::string> commands;
    for (const auto* c : app.get_subcommands([](const CLI::App*) { return true; }))
        commands.push_back(c->get_name());
    return "unknown command '" + word + "'" + suggestion(word, commands);
}

int refuse_command_line(const CLI::App& app, const std::string& message)
{
    const auto& command = given_command(app);
    const auto help = &command == &app ? std::string("scopegate") : "scopegate " + command.get_name();
    std::cerr << "scopegate: " << message << "\nTry '" << help << " --help'.\n";
    return exit_usage;
}

int act(const CLI::App& app, const action& chosen)
{
    try {
        const int exit = chosen();
        // A token or a table that never arrived must not look like success.
        if (!std::cout.flush())
            throw input_error("can't write to standard output");
        return exit;
    } catch (const usage_error& e) {
        return refuse_command_line(app, e.what());
    } catch (const std::exception& e) {
        std::cerr << "scopegate: " << e.what() << '\n';
        return exit_bad_input;
    }
}

// Treats `scopegate help explain` as `scopegate explain --help`.
std::vector<std::string> arguments(int argc, char** argv)
{
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (!words.empty() && words.front() == "help") {
        words.erase(words.begin());
        words.resize(std::min<std::size_t>(words.size(), 1));
        words.emplace_back("--help");
    }
    return {words.rbegin(), words.rend()}; // CLI11 expects the reverse order
}

} // namespace

void register_run(CLI::App& app, action& chosen)
{
    auto* command = app.add_subcommand("run", "run the proxy");
    auto config = std::make_shared<std::string>();
    auto take_over = std::make_shared<bool>(false);
    add_config_argument(*command, *config);
    command->add_flag("--takeover", *take_over,
                      "share the listeners with the running process; once this process is ready, end the "
                      "other with SIGTERM");
    command->footer("SIGHUP or a change of the file reloads it. SIGTERM drains, then exits.\n\n"
                    "Examples:\n"
                    "  scopegate run\n"
                    "  scopegate run deploy/routes.yaml");
    command->callback([config, take_over, &chosen] {
        chosen = [config, take_over] { return run_with(*config, *take_over); };
    });
}

int dispatch(int argc, char** argv)
{
    CLI::App app("A reverse proxy that lets each client do what its OAuth scopes allow.", "scopegate");
    app.set_version_flag("--version", "scopegate " SCOPEGATE_VERSION, "print the version and exit");
    app.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app.get_formatter()->label("Positionals", "Arguments");
    app.get_formatter()->label("REQUIRED", "");
    app.get_formatter()->column_width(26);
    app.set_help_flag("-h,--help", "print this help and exit");
    app.require_subcommand(0, 1);
    app.footer("`scopegate COMMAND --help` describes a command.\n\n"
               "Examples:\n"
               "  scopegate check\n"
               "  scopegate explain GET /appointments --scope read:appointments\n"
               "  scopegate run routes.yaml");
    std::string config;
    add_config_option(app, config);

    action chosen = [&app, &config] {
        if (!config.empty()) // --config alone implies `run`
            return run_with(config, false);
        std::cout << app.help();
        return exit_fine;
    };
    register_run(app, chosen);
    register_check(app, chosen);
    register_explain(app, chosen);
    register_token(app, chosen);
    register_health(app, chosen);
    register_drain(app, chosen);
    register_demo(app, chosen);
    register_schema(app, chosen);

    for (auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        command->group("Commands");

    try {
        auto words = arguments(argc, argv);
        app.parse(words);
    } catch (const CLI::ExtrasError&) {
        return refuse_command_line(app, unexpected_argument(app));
    } catch (const CLI::Success& e) { // --help and --version
        return app.exit(e);
    } catch (const CLI::ParseError& e) {
        return refuse_command_line(app, e.what());
    }
    return act(app, chosen);
}

} // namespace scopegate::cli
