// `upstream:`, the API: its address, and the information about the client that it receives.
#include "config/compile.hpp"
#include "config/lists.hpp"
#include "config/urls.hpp"
#include "config/values.hpp"
#include "http/fields.hpp"
#include "http/head_parser.hpp"
#include "http/host.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

using policy::identity_header;
using policy::upstream_settings;

struct upstream_address {
    policy::endpoint at;
    bool tls = false;
};

std::optional<upstream_address> read_one_url(compilation& c, const node& value)
{
    const auto text = read_text(c, value);
    if (!text)
        return std::nullopt;
    if (text->starts_with("unix:")) {
        auto address = unix_endpoint(c, value);
        return address ? std::optional(upstream_address{*std::move(address)}) : std::nullopt;
    }
    const auto url = parse_web_url(*text);
    if (!url)
        c.out.error(value.at,
                    shown_url(value) +
                        " is not the URL of an upstream such as http://127.0.0.1:3000 or unix:/run/api.sock");
    else if (url->has_user)
        c.out.error(value.at, "the upstream's URL contains user information, which is never sent; remove it");
    else if (url->has_path() || !url->query.empty() || url->has_fragment)
        c.out.error(value.at, shown_url(value) + " has a path or query: requests keep their own");
    else
        return upstream_address{{url->host, url->port, {}}, url->tls};
    return std::nullopt;
}

// Reads a URL or a list of them.
void read_url(compilation& c, const node& value, upstream_settings& into)
{
    constexpr std::size_t max_urls = 64;
    const auto items = one_or_list_items(c, value);
    if (items.size() > max_urls)
        return c.out.error(value.at, "an upstream has at most " + std::to_string(max_urls) + " URLs");
    std::vector<policy::endpoint> all;
    std::optional<bool> tls;
    for (const node& item : items) {
        auto one = read_one_url(c, item);
        if (!one)
            continue;
        if (std::find(all.begin(), all.end(), one->at) != all.end())
            c.out.error(item.at, shown_url(item) + " is already in the list");
        else if (tls.value_or(one->tls) != one->tls)
            c.out.error(item.at, shown_url(item) +
                                     (one->tls ? " is https, but the URLs before it are not"
                                               : " is not https, but the URLs before it are") +
                                     ": use one scheme for all");
        else {
            all.push_back(std::move(one->at));
            tls = one->tls;
        }
    }
    if (all.empty())
        return;
    into.addresses = std::move(all);
    if (*tls) {
        into.tls.emplace();
        into.tls->mark = value.at;
    }
}

template <std::string policy::upstream_tls::*Member>
void read_tls_file(compilation& c, const node& value, policy::upstream_tls& into)
{
    if (const auto name = read_text(c, value))
        if (auto path = read_file_name(c, value, *name))
            into.*Member = *std::move(path);
}

void read_server_name(compilation& c, const node& value, policy::upstream_tls& into)
{
    auto text = read_text(c, value);
    if (text && (!http::is_host(*text) || text->find(':') != std::string::npos))
        c.out.error(value.at, as_written(value) + " is not a host name or IPv4 address");
    else if (text)
        into.server_name = std::move(*text);
}

constexpr key<policy::upstream_tls> tls_keys[] = {
    {"ca", read_tls_file<&policy::upstream_tls::ca>},
    {"certificate", read_tls_file<&policy::upstream_tls::certificate>},
    {"key", read_tls_file<&policy::upstream_tls::key>},
    {"server_name", read_server_name},
};

// Runs after the URL, which determines whether TLS is used at all.
void read_tls(compilation& c, const node& value, upstream_settings& into)
{
    const auto& first = into.addresses.front();
    const bool has_address = first.is_unix() || !first.host.empty();
    if (has_address && !into.tls)
        c.out.error(value.at, "\"tls\" needs an https upstream");
    policy::upstream_tls tls = into.tls.value_or(policy::upstream_tls());
    tls.mark = value.at;
    if (!read_keys(c, value, tls_keys, tls))
        return;
    const bool has_certificate = value.find("certificate") != nullptr;
    if (has_certificate != (value.find("key") != nullptr))
        c.out.error(value.at,
                    has_certificate ? "\"certificate\" needs \"key\"" : "\"key\" needs \"certificate\"");
    if (into.tls)
        into.tls = std::move(tls);
}

void read_host(compilation& c, const node& value, upstream_settings& into)
{
    auto text = read_text(c, value);
    if (text && !http::is_host(*text))
        c.out.error(value.at, as_written(value) + " is not a host or host:port");
    else if (text)
        into.host = std::move(*text);
}

void read_authorization(compilation& c, const node& value, upstream_settings& into)
{
    into.strip_authorization = read_word(c, value, {"forward", "strip"}) == 1U;
}

void read_via(compilation& c, const node& value, upstream_settings& into)
{
    into.via = read_word(c, value, {"on", "off"}) != 1U;
}

void read_connections(compilation& c, const node& value, upstream_settings& into)
{
    if (const auto count = read_count(c, value, 0, 1'000'000))
        into.connections = static_cast<std::size_t>(*count);
}

// Returns false if the value is no claim.
bool read_source(compilation& c, const node& value, identity_header& into)
{
    if (value.is(node::kind::scalar) && value.text == "scopes") {
        into.from = identity_header::source::scopes;
    } else if (value.is(node::kind::scalar) && value.text == "client_id") {
        into.from = identity_header::source::client_id;
    } else {
        auto claim = read_claim(c, value);
        if (!claim)
            return false;
        into.claim = std::move(*claim);
    }
    return true;
}

constexpr key<identity_header> header_keys[] = {
    {"claim",
     [](compilation& c, const node& value, identity_header& into) {
         static_cast<void>(read_source(c, value, into));
     },
     true},
    {"encode",
     [](compilation& c, const node& value, identity_header& into) {
         using encoding = identity_header::encoding;
         constexpr encoding encodings[] = {encoding::base64url, encoding::percent, encoding::json};
         if (const auto word = read_word(c, value, {"base64url", "percent", "json"}))
             into.encode = encodings[*word];
     }},
    {"list",
     [](compilation& c, const node& value, identity_header& into) {
         using form = identity_header::list_form;
         constexpr form forms[] = {form::space, form::comma, form::json};
         if (const auto word = read_word(c, value, {"space", "comma", "json"}))
             into.list = forms[*word];
     }},
};

std::optional<identity_header> read_header(compilation& c, const node& entry)
{
    identity_header out;
    out.name = entry.key;
    if (!http::is_token(out.name)) {
        c.out.error(entry.key_at, in_quotes(out.name) + " is not a field name");
        return std::nullopt;
    }
    // Refuses the fields of HTTP itself, credentials, and fields that Scopegate sets or removes: a claim
    // there would change the meaning of the request.
    if (http::classify(out.name).id != http::field_id::other) {
        c.out.error(entry.key_at,
                    in_quotes(out.name) + " can't carry a claim: this field has another meaning");
        return std::nullopt;
    }
    if (!entry.is(node::kind::map))
        return read_source(c, entry, out) ? std::optional(std::move(out)) : std::nullopt;
    if (!read_keys(c, entry, header_keys, out))
        return std::nullopt;
    if (const node* list = entry.find("list");
        list != nullptr && out.encode == identity_header::encoding::json)
        c.out.error(list->key_at, "\"encode: json\" writes a list as JSON already; remove \"list\"");
    return out;
}

void read_headers(compilation& c, const node& value, upstream_settings& into)
{
    if (!expect(c, value, node::kind::map))
        return;
    into.headers.clear();
    for (const node& entry : value.items) {
        auto header = read_header(c, entry);
        if (!header)
            continue;
        const auto same =
            std::find_if(into.headers.begin(), into.headers.end(), [&](const identity_header& h) {
                return http::same_field_name(h.name, header->name);
            });
        if (same != into.headers.end())
            c.out.error(entry.key_at, in_quotes(entry.key) + " and " + in_quotes(same->name) +
                                          " are the same field to an upstream that reads \"_\" as \"-\"");
        else
            into.headers.push_back(std::move(*header));
    }
}

constexpr key<upstream_settings> upstream_keys[] = {
    {"url", read_url, true, true},
    {"host", read_host, false, true},
    {"authorization", read_authorization},
    {"headers", read_headers},
    {"connections", read_connections},
    {"via", read_via},
    {"tls", read_tls},
};

} // namespace

void compile_upstream(compilation& c, const node& value)
{
    if (value.is(node::kind::map))
        read_keys(c, value, upstream_keys, c.policy.upstream);
    else
        read_url(c, value, c.policy.upstream);
}

std::vector<section> upstream_sections()
{
    return {make_section("upstream", upstream_keys), make_section("upstream.tls", tls_keys),
            make_section("upstream.headers.*", header_keys)};
}

} // namespace scopegate::config
