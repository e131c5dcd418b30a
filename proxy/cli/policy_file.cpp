#include "cli/policy_file.hpp"

#include "cli/commands.hpp"
#include "config/load.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <iostream>

namespace scopegate::cli {

namespace {

constexpr const char* here = "routes.yaml";
constexpr const char* in_etc = "/etc/scopegate/routes.yaml";

bool exists(const std::string& path)
{
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

} // namespace

std::size_t print_warnings(const std::vector<config::diagnostic>& warnings, bool with_advice)
{
    std::size_t printed = 0;
    for (const auto& w : warnings) {
        if (is_advice(*w.kind) && !with_advice)
            continue;
        std::cerr << w.text() << '\n';
        ++printed;
    }
    return printed;
}

void print_errors(const std::string& path, const std::vector<config::diagnostic>& errors)
{
    for (const auto& e : errors)
        std::cerr << e.text() << '\n';
    if (const auto n = errors.size(); n > 0)
        std::cerr << path << " has " << n << (n == 1 ? " error" : " errors") << ".\n";
}

void add_config_option(CLI::App& command, std::string& config)
{
    command
        .add_option("-c,--config", config,
                    std::string("the file to read; by default ") + here + ", then " + in_etc)
        ->type_name("FILE");
    if (const auto* before = command.get_parent(); before != nullptr)
        command.parse_complete_callback([before, &config] {
            if (const auto* option = before->get_option_no_throw("--config");
                config.empty() && option->count() > 0)
                config = option->results().back();
        });
}

void add_config_argument(CLI::App& command, std::string& config)
{
    add_config_option(command, config);
    const auto* option = command.get_option("--config");
    const auto take = [option, &config](const std::string& file) {
        if (option->count() > 0)
            throw CLI::ValidationError("FILE", "--config already names a file");
        config = file;
    };
    command.add_option_function<std::string>("FILE", take, "the same as --config FILE")->type_name("");
}

std::optional<std::string> find_config(const std::string& given)
{
    if (!given.empty())
        return given;
    for (const auto* path : {here, in_etc})
        if (exists(path))
            return path;
    return std::nullopt;
}

std::string require_config(const std::string& given)
{
    auto path = find_config(given);
    if (!path)
        throw input_error(std::string("found neither ") + here + " here nor " + in_etc +
                          "; name the file with --config FILE");
    return *std::move(path);
}

config::loaded load_config(const std::string& given)
{
    return config::load_file(require_config(given), config::process_environment());
}

policy::server_settings server_settings_of(const std::string& given)
{
    const auto path = find_config(given);
    if (!path)
        return {};
    const auto loaded = config::load_file(*path, config::process_environment());
    if (loaded.policy)
        return loaded.policy->server;
    if (!given.empty())
        throw input_error(loaded.errors.empty() ? "can't read " + given : loaded.errors.front().text());
    return {};
}

std::shared_ptr<const policy::policy> load_policy(const std::string& given)
{
    const auto path = require_config(given);
    auto loaded = load_config(path);
    print_errors(path, loaded.errors);
    return std::move(loaded.policy);
}

} // namespace scopegate::cli
