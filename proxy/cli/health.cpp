// `scopegate health`: checks whether a running Scopegate is ready, or alive. For HEALTHCHECK in an image
// without a shell and curl.
#include "cli/commands.hpp"
#include "cli/http_get.hpp"
#include "cli/policy_file.hpp"
#include "config/load.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>

namespace scopegate::cli {

namespace {

constexpr auto timeout = std::chrono::seconds(2);

http_url default_url(const std::string& config, const char* path)
{
    const auto settings = server_settings_of(config);
    const auto& listener = settings.health ? settings.health : settings.admin;
    if (!listener)
        throw input_error("both server.admin and server.health are off; enable one or pass --url");
    return {from_here(*listener), path};
}

int run_health(const std::string& url, const std::string& config, bool live)
{
    const auto asked = url.empty() ? default_url(config, live ? "/livez" : "/readyz") : parse_http_url(url);
    const auto status = http_get_status(asked, timeout);
    if (status == 200)
        return exit_fine;
    throw input_error(std::string(live ? "not alive: " : "not ready: ") + asked.path + " returned " +
                      std::to_string(status));
}

} // namespace

void register_health(CLI::App& app, action& chosen)
{
    auto* command = app.add_subcommand("health", "check whether a running Scopegate is ready");
    auto config = std::make_shared<std::string>();
    auto url = std::make_shared<std::string>();
    auto live = std::make_shared<bool>(false);
    add_config_option(*command, *config);
    command->add_flag("--live", *live, "check whether it is alive (/livez), not whether it is ready");
    command
        ->add_option("--url", *url,
                     "the URL to request; by default /readyz of the file's health or admin listener")
        ->type_name("URL");
    command->footer("Exits with 0 if the response is 200 within 2 s, otherwise with 1.\n\n"
                    "Examples:\n"
                    "  scopegate health\n"
                    "  HEALTHCHECK CMD [\"/scopegate\", \"health\", \"--live\"]");
    command->callback([config, url, live, &chosen] {
        chosen = [config, url, live] { return run_health(*url, *config, *live); };
    });
}

} // namespace scopegate::cli
