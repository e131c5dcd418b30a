#include "control/service.hpp"

#include "control/memory.hpp"
#include "control/tls.hpp"
#include "net/address.hpp"
#include "observe/http_date.hpp"
#include "observe/log.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <utility>

#include <sys/stat.h>

namespace scopegate::control {

namespace {

namespace asio = net::asio;
using observe::level;
using observe::log_event;

void log_warnings(const std::vector<config::diagnostic>& warnings)
{
    for (const auto& w : warnings) {
        if (is_advice(*w.kind))
            continue;
        const auto place = w.file + ':' + std::to_string(w.at.line) + ':' + std::to_string(w.at.column);
        log_event(level::warn, "config_warning", {{"warning", name(*w.kind)}, {"message", place + ": " + w.message}});
    }
}

std::string all_errors(const std::vector<config::diagnostic>& errors)
{
    std::string text;
    for (const auto& wrong : errors)
        text += (text.empty() ? "" : "\n") + wrong.text();
    return text;
}

// What tells a file from its later self. Kubernetes swaps a symbolic link above the file: stat follows it.
std::string fingerprint_of(const std::vector<std::string>& files)
{
    std::string all;
    for (const auto& file : files) {
        struct stat found {};
        all += ::stat(file.c_str(), &found) != 0
                   ? std::string("-")
                   : std::to_string(found.st_dev) + ':' + std::to_string(found.st_ino) + ':' +
                         std::to_string(found.st_size) + ':' + std::to_string(found.st_mtim.tv_sec) + '.' +
                         std::to_string(found.st_mtim.tv_nsec);
        all += ' ';
    }
    return all;
}

// All of it but the keys, which start later.
gate::shared_generation make_generation(std::shared_ptr<const policy::policy> p, tls_contexts tls)
{
    gate::shared_generation made;
    made.answers = std::make_shared<const answers::answer_book>(*p);
    made.policy = std::move(p);
    made.server_tls = std::move(tls.server);
    made.upstream_tls = std::move(tls.upstream);
    return made;
}

} // namespace

net::stream_endpoint listening_endpoint(const policy::endpoint& address)
{
    if (address.is_unix())
        return net::unix_endpoint(address.unix_path);
    if (const auto literal = net::literal_endpoint(address.host, address.port))
        return *literal;
    asio::io_context own;
    asio::ip::tcp::resolver names(own);
    return net::stream_endpoint(
        names.resolve(address.host, std::to_string(address.port)).begin()->endpoint());
}

service::service(asio::io_context& control, std::string path, config::environment env)
    : control_(control), path_(std::move(path)), env_(std::move(env)), drain_timer_(control)
{
    auto first = config::load_file(path_, env_);
    if (!first.policy)
        throw start_error(all_errors(first.errors));
    observe::open_log(first.policy->log.at);
    log_warnings(first.warnings);
    watched_ = first.files;
    fingerprint_ = fingerprint_of(watched_);
    auto tls = load_tls(*first.policy);
    if (!tls.errors.empty())
        throw start_error(all_errors(tls.errors));
    log_warnings(first.allowed.filter(tls.warnings));
    current_ = make_generation(first.policy, std::move(tls));
    current_.proofs = std::make_shared<tokens::proof_memory>();
    current_.shield = std::make_shared<gate::upstream_shield>();
    current_.shield->set(policy().upstream.connections);
}

service::~service()
{
    stop();
}

void service::start(bool take_over)
{
    const auto& server = policy().server;
    started_ = server;
    const unsigned count = server.workers != 0 ? server.workers : granted_cores();
    try {
        for (const auto& address : server.listen)
            listeners_.emplace_back(listening_endpoint(address), count, take_over);
    } catch (const boost::system::system_error& failed) {
        throw start_error(failed.what());
    }
    open_proof_window(take_over);
    const auto descriptors = raise_descriptor_limit();
    counters_.connections_possible = connections_within(descriptors, count);
    if (counters_.connections_possible < server.limits.connections)
        log_event(level::warn, "few_descriptors",
                  {{"descriptors", descriptors},
                   {"connections", counters_.connections_possible},
                   {"limit", server.limits.connections}});
    current_.keys = tokens::key_store::start(control_, current_.policy);
    current_.introspection = tokens::introspector::start(control_, *current_.policy);
    bound_memory(current_, count);
    for (unsigned i = 0; i < count; ++i) {
        workers_.push_back(std::make_unique<gate::worker>(counters_, current_));
        for (auto& listening : listeners_)
            workers_.back()->listen(listening.release(i));
    }
    for (const auto& w : workers_)
        threads_.emplace_back([&at = *w] { at.run(); });
    for (const auto& listening : listeners_)
        log_event(
            level::info, "listening",
            {{"listener", "server"}, {"address", net::to_text(listening.address())}, {"workers", count}});
}

// The process before us has closed its listeners, or with --takeover shares them: it may know proofs that we
// do not.
void service::open_proof_window(bool take_over)
{
    auto& window = current_.proofs->window;
    window.open(observe::wall_now());
    if (!take_over)
        return;
    window.share();
    predecessor_.emplace(control_, listeners_);
    predecessor_->watch([proofs = current_.proofs] { proofs->window.unshare(observe::wall_now()); });
}

bool service::reload()
{
    const auto before = fingerprint_of(watched_); // what changes while it is read is looked at again
    auto next = config::load_file(path_, env_);
    const bool same_files = next.files.empty() || next.files == watched_;
    watched_ = next.files.empty() ? watched_ : next.files;
    fingerprint_ = same_files ? before : fingerprint_of(watched_);
    log_warnings(next.warnings);
    auto tls = next.policy ? load_tls(*next.policy) : tls_contexts{};
    log_warnings(next.allowed.filter(tls.warnings));
    next.errors.insert(next.errors.end(), tls.errors.begin(), tls.errors.end());
    if (!next.errors.empty()) {
        for (const auto& wrong : next.errors)
            log_event(level::error, "config_error", {{"message", wrong.text()}});
        log_event(level::error, "reload_refused", {{"file", path_}, {"errors", next.errors.size()}});
        return false;
    }
    publish(make_generation(next.policy, std::move(tls)));
    warn_of_what_needs_a_restart(next.policy->server);
    return true;
}

// Whoever closes the admin listener must not believe that it is closed.
void service::warn_of_what_needs_a_restart(const policy::server_settings& next) const
{
    const std::pair<const char*, bool> settings[] = {{"listen", next.listen != started_.listen},
                                                     {"admin", next.admin != started_.admin},
                                                     {"health", next.health != started_.health},
                                                     {"workers", next.workers != started_.workers}};
    for (const auto& [key, changed] : settings)
        if (changed)
            log_event(level::warn, "config_warning",
                      {{"warning", name(config::warning::restart_needed)},
                       {"message",
                        path_ + ": server." + key +
                            " has changed, and what the process was started with stays until a restart"}});
}

void service::reload_if_changed()
{
    if (!draining_ && fingerprint_of(watched_) != fingerprint_)
        reload();
}

void service::publish(gate::shared_generation made)
{
    made.keys = tokens::key_store::start(control_, made.policy, current_.keys.get());
    made.introspection = tokens::introspector::start(control_, *made.policy, current_.introspection);
    bound_memory(made, workers_.size());
    made.proofs = current_.proofs; // a proof stays used, whatever the file says now
    made.shield = current_.shield; // requests in flight hold its slots
    made.shield->set(made.policy->upstream.connections);
    observe::set_log_level(made.policy->log.at);
    for (const auto& w : workers_)
        w->publish(made);
    current_.keys->stop();
    if (current_.introspection && current_.introspection != made.introspection)
        current_.introspection->stop();
    current_ = std::move(made);
    log_event(level::info, "reloaded", {{"file", path_}, {"routes", policy().routes.size()}});
}

// One bound for the process: the workers' caches share it.
void service::bound_memory(gate::shared_generation& made, std::size_t workers)
{
    const auto limit = bytes_of(made.policy->server.limits.memory);
    counters_.memory.set_limit(limit);
    made.token_cache_bytes = token_cache_bytes(limit) / workers;
}

void service::drain(std::chrono::milliseconds delay, std::function<void()> ended)
{
    if (std::exchange(draining_, true))
        return;
    log_event(level::info, "draining", {{"delay_ms", delay.count()}});
    for (const auto& w : workers_)
        w->leave();
    drain_timer_.expires_after(delay);
    drain_timer_.async_wait([this, ended = std::move(ended)](const net::error_code& stopped) {
        if (stopped)
            return;
        current_.proofs->window.close(observe::wall_now());
        const auto busy = std::make_shared<std::size_t>(workers_.size());
        const auto last = std::make_shared<std::function<void()>>(ended);
        const auto finish = [last] {
            if (*last)
                std::exchange(*last, nullptr)();
        };
        for (const auto& w : workers_)
            w->drain([this, busy, finish] {
                asio::post(control_, [busy, finish] {
                    if (--*busy == 0)
                        finish();
                });
            });
        drain_timer_.expires_after(policy().server.timeouts.drain);
        drain_timer_.async_wait([finish](const net::error_code& ended_before) {
            if (ended_before)
                return;
            log_event(level::warn, "drain_cut_short");
            finish();
        });
    });
}

void service::stop()
{
    draining_ = true;
    drain_timer_.cancel();
    if (predecessor_)
        predecessor_->stop();
    current_.proofs->window.close(observe::wall_now());
    if (current_.keys)
        current_.keys->stop();
    if (current_.introspection)
        current_.introspection->stop();
    for (const auto& w : workers_)
        w->stop();
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
    workers_.clear();
    listeners_.clear();
}

service::readiness service::ready()
{
    readiness now;
    now.draining = draining_;
    now.without_keys = current_.keys->without_keys();
    had_all_keys_ = had_all_keys_ || now.without_keys.empty();
    now.ready = had_all_keys_ && !draining_;
    return now;
}

} // namespace scopegate::control
