#include "control/policy_load.hpp"

#include "base/watched_file.hpp"
#include "control/tls.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace scopegate::control {

namespace {

void append(std::vector<config::diagnostic>& all, std::vector<config::diagnostic> more)
{
    for (auto& each : more)
        all.push_back(std::move(each));
}

policy_load load_all(const std::string& path, const config::environment& env,
                     const std::shared_ptr<net::ticket_keys>& tickets)
{
    policy_load done;
    auto file = config::load_file(path, env);
    done.errors = std::move(file.errors);
    done.warnings = std::move(file.warnings);
    done.files = std::move(file.files);
    if (file.policy) {
        auto tls = load_tls(*file.policy, tickets);
        append(done.errors, std::move(tls.errors));
        append(done.warnings, file.allowed.filter(tls.warnings));
        done.snapshot.server_tls = std::move(tls.server);
        done.snapshot.upstream_tls = std::move(tls.upstream);
    }
    if (done.errors.empty()) {
        done.snapshot.responses = std::make_shared<const responses::response_book>(*file.policy);
        done.snapshot.policy = std::move(file.policy);
    }
    done.fingerprint = fingerprint_of(done.files);
    return done;
}

} // namespace

policy_load load_policy(const std::string& path, const config::environment& env,
                        const std::shared_ptr<net::ticket_keys>& tickets) noexcept
{
    try {
        return load_all(path, env, tickets);
    } catch (const std::exception& failed) {
        policy_load nothing;
        nothing.errors.push_back({path, {}, std::string("can't load the file: ") + failed.what()});
        return nothing;
    }
}

std::string fingerprint_of(const std::vector<std::string>& files)
{
    std::string all;
    for (const auto& file : files)
        all += scopegate::fingerprint_of(file) + ' ';
    return all;
}

} // namespace scopegate::control
