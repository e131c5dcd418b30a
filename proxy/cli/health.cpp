// `scopegate health`: asks a running Scopegate whether it is ready. For HEALTHCHECK in an image that has no
// shell and no curl.
#include "cli/commands.hpp"
#include "cli/http_get.hpp"
#include "cli/policy_file.hpp"
#include "config/load.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>

namespace scopegate::cli {

namespace {

constexpr auto patience = std::chrono::seconds(2);

// How to reach a listener from the same machine: one that listens everywhere is asked on loopback.
policy::endpoint from_here(policy::endpoint e)
{
    if (e.host == "0.0.0.0")
        e.host = "127.0.0.1";
    else if (e.host == "::")
        e.host = "::1";
    return e;
}

http_url default_url(const std::string& config)
{
    policy::server_settings settings;
    if (const auto path = find_config(config)) {
        const auto loaded = config::load_file(*path, config::process_environment());
        if (loaded.policy) // a file with errors says nothing about the process that runs
            settings = loaded.policy->server;
        else if (!config.empty())
            throw input_error(loaded.errors.empty() ? "can't read " + config : loaded.errors.front().text());
    }
    const auto& listener = settings.health ? settings.health : settings.admin;
    if (!listener)
        throw input_error("both server.admin and server.health are off: there is nothing to ask");
    return {from_here(*listener), "/readyz"};
}

int run_health(const std::string& url, const std::string& config)
{
    const auto asked = url.empty() ? default_url(config) : parse_http_url(url);
    const auto status = http_get_status(asked, patience);
    if (status == 200)
        return exit_fine;
    throw input_error("not ready: " + asked.path + " answers " + std::to_string(status));
}

} // namespace

void register_health(CLI::App& app, action& chosen)
{
    auto* command = app.add_subcommand("health", "ask a running Scopegate whether it is ready");
    auto config = std::make_shared<std::string>();
    auto url = std::make_shared<std::string>();
    add_config_option(*command, *config);
    command
        ->add_option("--url", *url, "what to ask; by default /readyz of the file's health or admin listener")
        ->type_name("URL");
    command->footer("Exits with 0 where the answer is 200 within 2 s, otherwise with 1.\n\n"
                    "Examples:\n"
                    "  scopegate health\n"
                    "  HEALTHCHECK CMD [\"/scopegate\", \"health\"]");
    command->callback(
        [config, url, &chosen] { chosen = [config, url] { return run_health(*url, *config); }; });
}

} // namespace scopegate::cli
