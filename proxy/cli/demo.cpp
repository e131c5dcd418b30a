// `scopegate demo`: runs the proxy, a calendar API behind it and a token issuer in one process on loopback,
// and prints commands to paste. The policy and the public key lie in a temporary folder that is removed at
// the end. The private key is never written, and no other policy is touched.
#include "cli/calendar_api.hpp"
#include "cli/commands.hpp"
#include "cli/demo_guide.hpp"
#include "cli/repeating.hpp"
#include "control/service.hpp"
#include "observe/http_date.hpp"
#include "observe/log.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

namespace scopegate::cli {

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr std::uint16_t default_port = 8080;

// A new folder that only this user may enter. Removed at the end with its contents.
class scratch_folder final {
public:
    scratch_folder()
    {
        auto pattern = (fs::temp_directory_path() / "scopegate-demo-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw input_error("can't create a folder in " + fs::temp_directory_path().string());
        at_ = pattern;
    }
    ~scratch_folder()
    {
        std::error_code ignored;
        fs::remove_all(at_, ignored);
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    // Writes a file and returns its path.
    std::string write(std::string_view name, std::string_view text) const
    {
        auto path = (at_ / name).string();
        std::ofstream file(path, std::ios::binary);
        if (!(file << text << std::flush))
            throw input_error("can't write " + path);
        return path;
    }

private:
    fs::path at_;
};

// Reserves a port of 127.0.0.1 before the proxy listens on it, because the policy has to name it first. The
// socket is bound but does not listen, so it does not block the listener.
class reserved_port final {
public:
    // Reserves the wanted port or, if it is in use, any free one.
    reserved_port(asio::io_context& on, std::uint16_t wanted) : socket_(on, tcp::v4())
    {
        socket_.set_option(tcp::acceptor::reuse_address(true));
        boost::system::error_code taken;
        socket_.bind({asio::ip::address_v4::loopback(), wanted}, taken);
        if (taken == asio::error::address_in_use)
            socket_.bind({asio::ip::address_v4::loopback(), 0});
        else if (taken)
            throw input_error("can't listen on port " + std::to_string(wanted) + ": " + taken.message());
    }
    [[nodiscard]] std::uint16_t number() const { return socket_.local_endpoint().port(); }

private:
    tcp::acceptor socket_;
};

int run_demo(std::uint16_t wanted_port)
{
    asio::io_context control{1};
    // Ctrl-C, SIGTERM and a closed terminal all remove the scratch folder.
    asio::signal_set ends(control, SIGINT, SIGTERM, SIGHUP);
    ends.async_wait([&control](const boost::system::error_code&, int) { control.stop(); });
    std::signal(SIGPIPE, SIG_IGN); // `scopegate demo | head`
    const scratch_folder folder;
    const demo_issuer issuer;
    const calendar_api api(control);
    const reserved_port port(control, wanted_port);

    demo_place at;
    at.proxy_port = port.number();
    at.api_port = api.port();
    folder.write(demo_key_file, issuer.key_set());
    at.policy_file = folder.write("routes.yaml", demo_policy(at));
    // The demo behaves the same in every environment.
    const auto no_environment = [](const std::string&) { return std::optional<std::string>(); };
    control::service service(control, at.policy_file, no_environment);
    // Standard output carries the guide. On a terminal the log lines of refused requests appear next to it.
    observe::open_log(observe::level::warn, observe::log_form::json, STDERR_FILENO);
    service.start();
    // Start-up events would repeat the guide; later ones are news.
    observe::set_log_level(observe::level::info);

    if (wanted_port != 0 && at.proxy_port != wanted_port)
        std::cout << "Port " << wanted_port << " is taken, so the proxy uses port " << at.proxy_port
                  << ".\n\n";
    print_guide(std::cout, at, issuer, observe::wall_now());
    const repeating watching(control, 1s, [&service] { service.reload_if_changed(); });
    {
        const observe::log_writer writing;
        control.run();
        service.stop();
    }
    observe::close_log();
    return exit_fine;
}

} // namespace

void register_demo(CLI::App& app, action& chosen)
{
    auto* command =
        app.add_subcommand("demo", "run a demo: a proxy, an API behind it and tokens, on loopback");
    auto port = std::make_shared<std::uint16_t>(default_port);
    command->add_option("--port", *port, "the proxy's port (8080); if it is taken or 0, a free one is chosen")
        ->type_name("PORT");
    command->footer("Prints tokens and curl lines to paste into another terminal, then runs until Ctrl-C.\n\n"
                    "Examples:\n"
                    "  scopegate demo\n"
                    "  scopegate demo --port 9000");
    command->callback([port, &chosen] { chosen = [port] { return run_demo(*port); }; });
}

} // namespace scopegate::cli
