// `server:`, its listeners and limits.
#include "config/client_cert.hpp"
#include "config/compile.hpp"
#include "config/hosts.hpp"
#include "config/listeners.hpp"
#include "config/lists.hpp"
#include "config/timeouts.hpp"
#include "config/urls.hpp"
#include "config/values.hpp"
#include "http/target.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::config {

namespace {

using policy::server_settings;
using policy::size_limits;
using std::chrono::milliseconds;

template <std::size_t size_limits::*Member>
void count(compilation& c, const node& value, size_limits& into)
{
    if (const auto number = read_count(c, value, 0, 10'000'000))
        into.*Member = static_cast<std::size_t>(*number);
}

constexpr std::uint64_t min_headers = 1024;
constexpr std::uint64_t max_headers = 16U * 1024 * 1024;

void read_headers_limit(compilation& c, const node& value, size_limits& into)
{
    const auto size = read_size(c, value, 0, max_headers);
    if (!size)
        return;
    if (*size != 0 && *size < min_headers)
        c.out.error(value.at, as_written(value) + " is too small: at least 1KiB, or 0 for no limit");
    else
        into.headers = static_cast<std::size_t>(*size);
}

// Less could not hold the program, its policy and a few connections.
constexpr std::uint64_t min_memory = 16U * 1024 * 1024;
constexpr std::uint64_t max_memory = std::uint64_t{1} << 50U;

void read_memory_limit(compilation& c, const node& value, size_limits& into)
{
    using kind = policy::memory_limit::kind;
    if (value.is(node::kind::scalar) && value.text == "auto")
        into.memory = {kind::automatic, 0};
    else if (value.is(node::kind::scalar) && value.text == "none")
        into.memory = {kind::none, 0};
    else if (const auto size = read_size(c, value, min_memory, max_memory))
        into.memory = {kind::bytes, *size};
}

constexpr key<size_limits> limit_keys[] = {
    {"headers", read_headers_limit},
    {"header_count",
     [](compilation& c, const node& value, size_limits& into) {
         if (const auto count = read_count(c, value, 0, 1'000'000))
             into.header_count = static_cast<std::size_t>(*count);
     }},
    {"body",
     [](compilation& c, const node& value, size_limits& into) {
         if (const auto size = read_size(c, value, 0, max_body_limit))
             into.body = *size;
     }},
    {"connections", count<&size_limits::connections>},
    {"connections_per_client", count<&size_limits::connections_per_client>},
    {"connection_requests", count<&size_limits::connection_requests>},
    {"lingering", count<&size_limits::lingering>},
    {"connection_age",
     [](compilation& c, const node& value, size_limits& into) {
         if (const auto age = read_duration(c, value, milliseconds(0), longest_timeout))
             into.connection_age = *age;
     }},
    {"memory", read_memory_limit},
};

struct server_entry {
    explicit server_entry(server_settings& of_policy) : settings(of_policy) {}

    server_settings& settings;
    // The positions of the addresses; line 0: the default.
    std::vector<policy::source_mark> listen_at{{}};
    policy::source_mark admin_at;
    policy::source_mark health_at;
};

void read_listen(compilation& c, const node& value, server_entry& into)
{
    into.settings.listen.clear();
    into.listen_at.clear();
    for (const node& one : one_or_list_items(c, value))
        if (auto address = read_listener(c, one)) {
            into.settings.listen.push_back(std::move(*address));
            into.listen_at.push_back(one.at);
        }
}

std::optional<policy::endpoint> read_address_or_off(compilation& c, const node& value)
{
    if (value.is(node::kind::scalar) && value.text == "off")
        return std::nullopt;
    return read_listener(c, value);
}

void read_admin(compilation& c, const node& value, server_entry& into)
{
    into.settings.admin = read_address_or_off(c, value);
    into.admin_at = value.at;
}

void read_health(compilation& c, const node& value, server_entry& into)
{
    into.settings.health = read_address_or_off(c, value);
    into.health_at = value.at;
}

struct bound {
    const policy::endpoint* address;
    policy::source_mark at;
    const char* key;
};

std::vector<bound> addresses_of(const server_entry& entry)
{
    std::vector<bound> out;
    for (std::size_t i = 0; i < entry.settings.listen.size(); ++i)
        out.push_back({&entry.settings.listen[i], entry.listen_at[i], "listen"});
    if (entry.settings.admin)
        out.push_back({&*entry.settings.admin, entry.admin_at, "admin"});
    if (entry.settings.health)
        out.push_back({&*entry.settings.health, entry.health_at, "health"});
    return out;
}

// Maps `::ffff:127.0.0.1` to 127.0.0.1, the same address in v4 form.
std::string_view without_mapping(std::string_view host) noexcept
{
    constexpr std::string_view mapped = "::ffff:";
    return host.starts_with(mapped) && host.find('.') != host.npos ? host.substr(mapped.size()) : host;
}

bool is_loopback(const policy::endpoint& address) noexcept
{
    const auto host = without_mapping(address.host);
    return address.is_unix() || host == "::1" || host.starts_with("127.");
}

// `[::]` accepts v4 clients too.
bool includes(std::string_view wildcard, std::string_view host) noexcept
{
    const bool v4 = host.find(':') == host.npos;
    return wildcard == "::" || (wildcard == "0.0.0.0" && v4);
}

bool overlap(const policy::endpoint& a, const policy::endpoint& b) noexcept
{
    if (a.is_unix() || b.is_unix())
        return a.unix_path == b.unix_path;
    const auto one = without_mapping(a.host);
    const auto other = without_mapping(b.host);
    const bool any_port = a.port == 0; // a different one each time
    return !any_port && a.port == b.port && (one == other || includes(one, other) || includes(other, one));
}

// The kernel lets sockets of one process share an address, or bind one host of a port in addition to all of
// them. Clients would reach the proxy or the admin listener by chance.
void check_addresses(compilation& c, const server_entry& entry)
{
    auto all = addresses_of(entry);
    std::stable_sort(all.begin(), all.end(),
                     [](const bound& a, const bound& b) { return a.at.line < b.at.line; });
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (overlap(*all[i].address, *all[j].address))
                c.out.error(all[i].at,
                            "the address is already used by " + in_quotes(all[j].key) +
                                (all[j].at.line == 0 ? " (its default)"
                                                     : " in line " + std::to_string(all[j].at.line)));
}

void read_workers(compilation& c, const node& value, server_entry& into)
{
    if (value.is(node::kind::scalar) && value.text == "auto")
        into.settings.workers = 0;
    else if (value.is(node::kind::scalar) && value.text.find_first_not_of("0123456789") != std::string::npos)
        c.out.error(value.at, "expected auto or a whole number from 1 to 256, found " + as_written(value));
    else if (const auto count = read_count(c, value, 1, 256))
        into.settings.workers = static_cast<unsigned>(*count);
}

void read_trusted_proxies(compilation& c, const node& value, server_entry& into)
{
    if (value.is(node::kind::list) && value.items.empty()) // trusts none
        return;
    for (const node& item : list_items(c, value)) {
        const auto block = read_network(c, item);
        if (!block)
            continue;
        into.settings.trusted_proxies.push_back(*block);
        if (block->prefix == 0 || (block->prefix == 96 && block->address[10] == 0xFF))
            c.out.warn(warning::trusts_every_client, item.at,
                       as_written(item) + " trusts every client: each can claim another client's address");
    }
}

template <std::string policy::server_tls::*Member>
void read_tls_file(compilation& c, const node& value, policy::server_tls& into)
{
    if (const auto name = read_text(c, value))
        if (auto path = read_file_name(c, value, *name))
            into.*Member = *std::move(path);
}

void read_ticket_keys(compilation& c, const node& value, policy::server_tls& into)
{
    for (const node& one : one_or_list_items(c, value))
        if (const auto name = read_text(c, one))
            if (auto path = read_file_name(c, one, *name))
                into.ticket_keys.push_back(*std::move(path));
}

constexpr key<policy::server_tls> tls_keys[] = {
    {"certificate", read_tls_file<&policy::server_tls::certificate>, true},
    {"key", read_tls_file<&policy::server_tls::key>, true},
    {"client_ca", read_tls_file<&policy::server_tls::client_ca>},
    {"tickets",
     [](compilation& c, const node& value, policy::server_tls& into) {
         into.tickets = read_word(c, value, {"on", "off"}) != 1U;
     }},
    {"ticket_keys", read_ticket_keys},
};

void read_tls(compilation& c, const node& value, server_entry& into)
{
    policy::server_tls tls;
    tls.mark = value.at;
    if (!read_keys(c, value, tls_keys, tls))
        return;
    // A resumed session keeps the certificate of its client, so that resuming is a choice of the operator.
    if (value.find("tickets") == nullptr)
        tls.tickets = value.find("client_ca") == nullptr;
    const auto* keys = value.find("ticket_keys");
    if (keys != nullptr && !tls.tickets)
        c.out.error(keys->key_at,
                    value.find("tickets") != nullptr
                        ? "\"ticket_keys\" has no effect with \"tickets: off\": remove one of them"
                        : "\"ticket_keys\" has no effect: with \"client_ca\", tickets need \"tickets: on\"");
    into.settings.tls = std::move(tls);
}

// Runs after trusted_proxies: only a trusted peer's PROXY header may be believed.
void read_proxy_protocol(compilation& c, const node& value, server_entry& into)
{
    const auto flag = read_flag(c, value);
    if (!flag)
        return;
    if (*flag && into.settings.trusted_proxies.empty())
        c.out.error(value.at,
                    "proxy_protocol needs \"trusted_proxies\", the addresses whose PROXY header is trusted");
    into.settings.proxy_protocol = *flag;
}

// A path is a prefix that a proxy in front removes: requests arrive here without it.
void read_external_url(compilation& c, const node& value, server_entry& into)
{
    const auto text = read_text(c, value);
    const auto url = text ? parse_web_url(*text) : std::nullopt;
    if (!text)
        return;
    if (!url)
        return c.out.error(value.at, shown_url(value) + " is not an http or https URL");
    if (!url->is_plain() || !url->query.empty())
        return c.out.error(value.at, shown_url(value) + " may only have a scheme, host, port and path");
    std::string scratch;
    const auto parts = http::normalize_target(*text, "GET", {}, scratch);
    if (!parts)
        return c.out.error(value.at, shown_url(value) + " has a path that no request can have");
    auto prefix = parts->path;
    if (prefix.ends_with('/'))
        prefix.remove_suffix(1);
    into.settings.external_url = {url->tls, std::string(parts->authority), std::string(prefix)};
}

constexpr key<server_entry> server_keys[] = {
    {"listen", read_listen},
    {"admin", read_admin},
    {"health", read_health},
    {"workers", read_workers},
    {"limits", [](compilation& c, const node& value,
                  server_entry& into) { read_keys(c, value, limit_keys, into.settings.limits); }},
    {"timeouts", [](compilation& c, const node& value,
                    server_entry& into) { compile_timeouts(c, value, into.settings.timeouts); }},
    {"tls", read_tls},
    {"trusted_proxies", read_trusted_proxies},
    {"client_cert", [](compilation& c, const node& value,
                       server_entry& into) { read_client_cert(c, value, into.settings); }},
    {"proxy_protocol", read_proxy_protocol},
    {"external_url", read_external_url},
    {"hosts", [](compilation& c, const node& value,
                 server_entry& into) { read_hosts(c, value, into.settings.hosts); }},
    {"core_dumps",
     [](compilation& c, const node& value, server_entry& into) {
         if (const auto flag = read_flag(c, value))
             into.settings.core_dumps = *flag;
     }},
};

// A client that connects by a unix socket has no address, so no list of addresses contains it.
void warn_about_untrusted_sockets(compilation& c, const node& server, const server_settings& settings)
{
    const auto& all = settings.listen;
    if (!std::all_of(all.begin(), all.end(), [](const policy::endpoint& e) { return e.is_unix(); }))
        return;
    const auto warn = [&](const char* name) {
        if (const node* given = server.find(name))
            c.out.warn(warning::idle_trusted_proxies, given->key_at,
                       in_quotes(name) +
                           " has no effect: \"listen\" has unix sockets only, and a client that "
                           "connects by one is never a trusted proxy; listen on TCP, or remove it");
    };
    if (!settings.trusted_proxies.empty())
        warn("trusted_proxies");
    warn("client_cert");
}

} // namespace

void compile_server(compilation& c, const node& value)
{
    server_entry entry(c.policy.server);
    if (!read_keys(c, value, server_keys, entry))
        return;
    check_addresses(c, entry);
    if (c.policy.server.admin && !is_loopback(*c.policy.server.admin))
        c.out.warn(warning::admin_exposed, entry.admin_at,
                   "other machines can reach the admin listener: keep it on loopback, and use \"health\" for "
                   "probes from outside");
    warn_about_untrusted_sockets(c, value, c.policy.server);
}

std::vector<section> server_sections()
{
    auto all = listener_sections();
    all.push_back(make_section("server", server_keys));
    all.push_back(make_section("server.limits", limit_keys));
    all.push_back(make_section("server.tls", tls_keys));
    all.push_back(client_cert_section());
    return all;
}

} // namespace scopegate::config
