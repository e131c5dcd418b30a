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

http_url default_url(const std::string& config)
{
    const auto settings = server_settings_of(config);
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
