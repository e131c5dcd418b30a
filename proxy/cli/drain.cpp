// `scopegate drain`: makes a running Scopegate send its clients elsewhere while it still serves them. For a
// preStop hook in an image without a shell and curl.
#include "cli/commands.hpp"
#include "cli/http_get.hpp"
#include "cli/policy_file.hpp"

#include <CLI/CLI.hpp>

#include <chrono>

namespace scopegate::cli {

namespace {

constexpr auto timeout = std::chrono::seconds(2);

http_url default_url(const std::string& config)
{
    const auto settings = server_settings_of(config);
    if (!settings.admin)
        throw input_error("server.admin is off; enable it or pass --url");
    return {from_here(*settings.admin), "/drain"};
}

int run_drain(const std::string& url, const std::string& config)
{
    const auto asked = url.empty() ? default_url(config) : parse_http_url(url);
    const auto status = http_post_status(asked, "Scopegate-Command: drain\r\n", timeout);
    if (status == 200)
        return exit_fine;
    throw input_error("not draining: " + asked.path + " returned " + std::to_string(status));
}

} // namespace

void register_drain(CLI::App& app, action& chosen)
{
    auto* command = app.add_subcommand("drain", "tell a running Scopegate to send its clients elsewhere");
    auto config = std::make_shared<std::string>();
    auto url = std::make_shared<std::string>();
    add_config_option(*command, *config);
    command->add_option("--url", *url, "the URL to request; by default /drain of the file's admin listener")
        ->type_name("URL");
    command->footer("It reports that it is not ready and closes each connection after its next response, but "
                    "still\naccepts and serves requests. SIGTERM then ends it.\n\n"
                    "Examples:\n"
                    "  scopegate drain\n"
                    "  lifecycle: {preStop: {exec: {command: [/usr/bin/scopegate, drain]}}}");
    command->callback(
        [config, url, &chosen] { chosen = [config, url] { return run_drain(*url, *config); }; });
}

} // namespace scopegate::cli
