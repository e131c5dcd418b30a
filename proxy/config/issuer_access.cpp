#include "config/issuer_access.hpp"

#include "config/urls.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::config {

namespace {

void read_identity_file(compilation& c, const node& value, std::string& into)
{
    const auto name = read_text(c, value);
    if (auto path = name ? read_file_name(c, value, *name) : std::nullopt)
        into = std::move(*path);
}

// Returns whether any URL that the issuer's settings name is plain http beyond loopback.
bool fetches_in_the_clear(const policy::issuer_settings& issuer)
{
    const auto urls = issuer.fetched_urls();
    return std::any_of(urls.begin(), urls.end(), [](const std::string& text) {
        const auto url = parse_web_url(text);
        return url && !url->is_protected();
    });
}

void check_identity(compilation& c, const issuer_entry& entry)
{
    if (entry.certificate != nullptr && entry.key == nullptr)
        c.out.error(entry.certificate->key_at, "\"certificate\" needs \"key\"");
    if (entry.key != nullptr && entry.certificate == nullptr)
        c.out.error(entry.key->key_at, "\"key\" needs \"certificate\"; the keys that verify tokens are "
                                       "named by \"keys\"");
}

void check_token_file(compilation& c, const issuer_entry& entry)
{
    if (entry.keys_token_file == nullptr)
        return;
    if (!entry.settings.fetches_keys())
        c.out.error(entry.keys_token_file->key_at,
                    "\"keys_token_file\" has no effect: no keys are fetched for this issuer");
    else if (fetches_in_the_clear(entry.settings))
        c.out.error(entry.keys_token_file->key_at, "\"keys_token_file\" needs https: over plain http, "
                                                   "anybody on the network path could read the token");
}

// Takes the environment's proxies, unless the file says otherwise.
void choose_proxies(compilation& c, issuer_entry& entry)
{
    auto& settings = entry.settings;
    if (entry.proxy != nullptr)
        return;
    settings.proxies = c.proxies.choice;
    for (const auto& text : settings.fetched_urls()) {
        const auto url = parse_web_url(text);
        if (!url || url->loopback || settings.proxies.direct.cover(*url))
            continue;
        const auto& problem = url->tls ? c.proxies.https_problem : c.proxies.http_problem;
        if (problem.empty())
            continue;
        c.out.error(settings.mark, "the environment variable " +
                                       (url->tls ? c.proxies.https_name : c.proxies.http_name) + problem +
                                       "; correct it, or set \"proxy\" here (none: no proxy)");
        return;
    }
}

} // namespace

void read_insecure_http(compilation& c, const node& value, issuer_entry& into)
{
    into.insecure_http = &value;
    into.settings.insecure_http = read_flag(c, value).value_or(false);
}

// The file is not watched: whoever replaces it, such as kubelet, does so long before the old token expires,
// and each fetch reads it again.
void read_keys_token_file(compilation& c, const node& value, issuer_entry& into)
{
    into.keys_token_file = &value;
    const auto name = read_text(c, value);
    if (!name)
        return;
    constexpr std::size_t largest = 64 * 1024;
    auto path = c.files.absolute(*name);
    auto content = read_regular_file(path, largest);
    const wiped_at_end wiped(content.text);
    if (content.problem.empty()) {
        into.settings.keys_token_file = std::move(path);
        return;
    }
    static_cast<void>(c.files.watch(*name)); // so that the file is taken up once it can be read
    c.out.error(value.at, "can't read the file " + as_written(value) + ": " + content.problem);
}

void read_own_certificate(compilation& c, const node& value, issuer_entry& into)
{
    into.certificate = &value;
    into.settings.certificate_mark = value.at;
    read_identity_file(c, value, into.settings.certificate_file);
}

void read_own_key(compilation& c, const node& value, issuer_entry& into)
{
    into.key = &value;
    read_identity_file(c, value, into.settings.key_file);
}

void read_proxy(compilation& c, const node& value, issuer_entry& into)
{
    into.proxy = &value;
    const auto text = read_text(c, value);
    if (!text || *text == "none")
        return;
    auto proxy = parse_forward_proxy(*text);
    if (!proxy) {
        const auto shown = shown_url(value);
        c.out.error(value.at, (shown == "this" ? "the proxy's URL" : shown) + proxy.error().why +
                                  (shown == "this" ? "" : "; write none to use no proxy"));
        return;
    }
    into.settings.proxies.https = *proxy;
    into.settings.proxies.http = std::move(*proxy);
}

bool check_keys_url(compilation& c, const node& n, const issuer_entry& entry)
{
    return check_fetchable(
        c, n, entry.settings.insecure_http,
        entry.keys_token_file != nullptr
            ? "; the token of \"keys_token_file\" needs https"
            : ". In a network where you trust every machine, \"insecure_http: true\" allows "
              "it for keys");
}

void check_access(compilation& c, issuer_entry& entry)
{
    check_identity(c, entry);
    check_token_file(c, entry);
    const bool fetches = entry.settings.fetches_keys() || entry.introspection != nullptr;
    for (const auto& [given, name] : {std::pair(entry.proxy, "proxy"), {entry.certificate, "certificate"}})
        if (given != nullptr && !fetches)
            c.out.error(given->key_at,
                        in_quotes(name) + " has no effect: nothing is fetched for this issuer");
    if (fetches)
        choose_proxies(c, entry);
    if (entry.settings.insecure_http && entry.settings.fetches_keys() && fetches_in_the_clear(entry.settings))
        c.out.warn(warning::insecure_keys, entry.insecure_http->key_at,
                   "the keys of this issuer are fetched without TLS: any machine that can answer in place of "
                   "its host can sign tokens");
}

} // namespace scopegate::config
