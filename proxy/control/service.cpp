#include "control/service.hpp"

#include "config/key_place.hpp"
#include "control/memory.hpp"
#include "control/policy_load.hpp"
#include "net/address.hpp"
#include "net/post.hpp"
#include "observe/http_date.hpp"
#include "observe/log.hpp"
#include "policy/wording.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

namespace scopegate::control {

namespace {

namespace asio = net::asio;
using observe::level;
using observe::log_event;

void log_upstream(const policy::policy& p)
{
    log_event(level::info, "upstream", {{"urls", policy::enumerate(p.upstream.urls(), ", ")}});
}

void log_warnings(const std::vector<config::diagnostic>& warnings)
{
    for (const auto& w : warnings) {
        if (is_advice(*w.kind))
            continue;
        log_event(level::warn, "config_warning",
                  {{"warning", name(*w.kind)}, {"message", w.place() + ": " + w.message}});
    }
}

std::string all_errors(const std::vector<config::diagnostic>& errors)
{
    std::string text;
    for (const auto& wrong : errors)
        text += (text.empty() ? "" : "\n") + wrong.text();
    return text;
}

// Returns a text of all settings that decide which connections are admitted and how they begin. When it
// changes, open connections are closed.
std::string admission_rules(const gate::shared_snapshot& g)
{
    const auto& server = g.policy->server;
    std::string rules = g.server_tls ? "tls " + g.server_tls->client_authorities() : "plain ";
    if (!server.proxy_protocol)
        return rules;
    rules += "proxied"; // by these peers, whose PROXY header names the client
    for (const auto& trusted : server.trusted_proxies)
        rules.append(trusted.address.begin(), trusted.address.end())
            .append(std::to_string(trusted.prefix))
            .append("/");
    return rules;
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

net::socket_file socket_file_of(const policy::endpoint& address)
{
    return {static_cast<mode_t>(address.access.mode), address.access.group};
}

std::string listening_problem(const policy::policy& p, std::string_view key, std::size_t item,
                              const boost::system::system_error& why)
{
    const auto at = config::place_of(p.file, {"server", key}, item);
    const auto place = config::diagnostic{p.file, at, "server." + std::string(key)}.text();
    const bool taken = why.code() == boost::system::errc::address_in_use;
    return place + (at.line == 0 ? " (by default): " : ": ") + why.what() +
           (taken ? "; end the process that listens there, or choose another address" : "");
}

service::service(asio::io_context& control, std::string path, config::environment env)
    : control_(control), path_(std::move(path)), env_(std::move(env)),
      ticket_keys_(std::make_shared<net::ticket_keys>()), drain_timer_(control), ticket_timer_(control)
{
    auto first = load_policy(path_, env_, ticket_keys_);
    if (!first.snapshot.policy)
        throw start_error(all_errors(first.errors));
    observe::open_log(first.snapshot.policy->log.at);
    log_warnings(first.warnings);
    watched_ = std::move(first.files);
    fingerprint_ = std::move(first.fingerprint);
    current_ = std::move(first.snapshot);
    current_.proofs =
        std::make_shared<tokens::proof_memory>(proof_bounds(bytes_of(policy().server.limits.memory)));
    current_.upstream_limits = std::make_shared<upstream::slot_limits>();
    current_.upstream_limits->set(policy().upstream.connections);
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
    for (std::size_t i = 0; i < server.listen.size(); ++i) {
        try {
            const auto& address = server.listen[i];
            listeners_.emplace_back(listening_endpoint(address), count, take_over, socket_file_of(address));
        } catch (const boost::system::system_error& failed) {
            throw start_error(listening_problem(policy(), "listen", i, failed));
        }
    }
    open_proof_window(take_over);
    rotate_ticket_keys_later();
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
    for (const auto& w : workers_) {
        threads_.emplace_back([this, &at = *w] {
            at.run();
            --running_;
        });
        ++running_;
    }
    for (const auto& listening : listeners_)
        log_event(
            level::info, "listening",
            {{"listener", "server"}, {"address", net::to_text(listening.address())}, {"workers", count}});
    log_upstream(policy());
}

// Our predecessor has closed its listeners, or shares them with us (--takeover). It may have seen proofs that
// we have not.
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

void service::reload()
{
    if (!alive_)
        return;
    if (loading_.joinable()) {
        load_again_ = true; // the running load may have read a file before it changed
        return;
    }
    fingerprint_ = fingerprint_of(watched_); // taken before the load, to notice a change during it
    try {
        // Allocated here, so that the thread needs no memory to report.
        const auto next = std::make_shared<policy_load>();
        loading_ = std::thread([this, next, alive = std::weak_ptr(alive_)] {
            *next = load_policy(path_, env_, ticket_keys_);
            net::post_with_retry(control_, [this, next, alive] {
                if (!alive.expired())
                    take(std::move(*next));
            });
        });
    } catch (const std::exception& failed) {
        // Out of threads or memory: the next poll of the files tries again.
        fingerprint_.clear();
        log_event(level::error, "reload_refused", {{"file", path_}, {"message", failed.what()}});
    }
}

void service::take(policy_load next)
{
    loading_.join();
    // The files changed while the load read them. Drop its result, including its errors: the next polls will
    // notice the change.
    if (next.files == watched_ && next.fingerprint != fingerprint_) {
        if (std::exchange(load_again_, false))
            reload();
        return;
    }
    if (!next.files.empty() && next.files != watched_) {
        watched_ = std::move(next.files);
        fingerprint_ = std::move(next.fingerprint);
    }
    log_warnings(next.warnings);
    if (next.snapshot.policy) {
        publish(std::move(next.snapshot));
        warn_about_restart(policy().server);
    } else {
        for (const auto& wrong : next.errors)
            log_event(level::error, "config_error", {{"message", wrong.text()}});
        log_event(level::error, "reload_refused", {{"file", path_}, {"errors", next.errors.size()}});
    }
    if (std::exchange(load_again_, false))
        reload();
}

// Warns an operator, for example, that the admin listener stays open although the file no longer opens it.
void service::warn_about_restart(const policy::server_settings& next) const
{
    const std::pair<const char*, bool> settings[] = {{"listen", next.listen != started_.listen},
                                                     {"admin", next.admin != started_.admin},
                                                     {"health", next.health != started_.health},
                                                     {"workers", next.workers != started_.workers},
                                                     {"core_dumps", next.core_dumps != started_.core_dumps}};
    for (const auto& [key, changed] : settings)
        if (changed)
            log_event(level::warn, "config_warning",
                      {{"warning", name(config::warning::restart_needed)},
                       {"message", path_ + ": server." + key +
                                       " has changed; the old value stays in effect until a restart"}});
}

void service::reload_if_changed()
{
    if (draining_)
        return;
    const auto seen = fingerprint_of(watched_);
    if (stability_.is_stable(seen) && seen != fingerprint_ && !is_being_written(seen))
        reload();
}

// A process that keeps the file open may be in the middle of writing it, however long it pauses.
bool service::is_being_written(const std::string& seen)
{
    const auto open = std::find_if(watched_.begin(), watched_.end(), is_open_for_writing);
    if (open != watched_.end() && std::exchange(reported_writer_, seen) != seen)
        log_event(level::info, "reload_waits",
                  {{"file", *open}, {"message", "the file is open for writing"}});
    return open != watched_.end();
}

void service::publish(gate::shared_snapshot next)
{
    next.keys = tokens::key_store::start(control_, next.policy, current_.keys.get());
    next.introspection = tokens::introspector::start(control_, *next.policy, current_.introspection);
    next.admission = current_.admission + (admission_rules(next) != admission_rules(current_) ? 1U : 0U);
    bound_memory(next, workers_.size());
    next.proofs = current_.proofs;                   // a proof stays used, whatever the new policy says
    next.upstream_limits = current_.upstream_limits; // requests in flight hold its slots
    next.upstream_limits->set(next.policy->upstream.connections);
    observe::set_log_level(next.policy->log.at);
    for (const auto& w : workers_)
        w->publish(next);
    current_.keys->stop();
    if (current_.introspection && current_.introspection != next.introspection)
        current_.introspection->stop();
    current_ = std::move(next);
    log_event(level::info, "reloaded", {{"file", path_}, {"routes", policy().routes.size()}});
    log_upstream(policy());
}

void service::leave()
{
    if (std::exchange(leaving_, true))
        return;
    log_event(level::info, "leaving");
    for (const auto& w : workers_)
        w->leave();
}

// Applies one bound to the whole process; the workers' caches share it.
void service::bound_memory(gate::shared_snapshot& next, std::size_t workers)
{
    const auto limit = bytes_of(next.policy->server.limits.memory);
    counters_.memory.set_limit(limit);
    next.token_cache_bytes = token_cache_bytes(limit) / workers;
}

// A former key decrypts for one more period, and so for longer than any ticket lives.
void service::rotate_ticket_keys_later()
{
    ticket_timer_.expires_after(std::chrono::hours(12));
    ticket_timer_.async_wait([this](const net::error_code& stopped) {
        if (stopped)
            return;
        ticket_keys_->rotate();
        rotate_ticket_keys_later();
    });
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
                net::post_with_retry(control_, [busy, finish] {
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
    ticket_timer_.cancel();
    alive_.reset();
    if (predecessor_)
        predecessor_->stop();
    current_.proofs->window.close(observe::wall_now());
    if (current_.keys)
        current_.keys->stop();
    if (current_.introspection)
        current_.introspection->stop();
    current_.upstream_limits->close();
    for (const auto& w : workers_)
        w->stop();
    // Workers' sessions may wait for work that they posted to this thread, so it keeps running that work
    // until they have ended.
    while (running_ > 0) {
        control_.restart();
        try {
            control_.run_for(std::chrono::milliseconds(10));
        } catch (const std::exception&) { // as during service, no exception ends this thread
        }
    }
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
    if (loading_.joinable())
        loading_.join();
    workers_.clear();
    listeners_.clear();
}

service::readiness service::ready()
{
    readiness now;
    now.draining = leaving_ || draining_;
    now.without_keys = current_.keys->without_keys();
    had_all_keys_ = had_all_keys_ || now.without_keys.empty();
    now.ready = had_all_keys_ && !now.draining;
    return now;
}

} // namespace scopegate::control
