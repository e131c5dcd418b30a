// Forwarding of a request's fields: no field that is hop-by-hop, frames the message or imitates one of our
// own fields passes, in any spelling. All others pass unchanged. This file repeats the names, so that a
// mistake in the sets is found.
#include "fuzz/fuzz.hpp"

#include "base/text.hpp"
#include "http/forward.hpp"
#include "support/field_lists.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace http = scopegate::http;
namespace test = scopegate::test;
using scopegate::iequals;
using scopegate::fuzz::check;

namespace {

constexpr std::array<std::string_view, 18> never = {"connection",
                                                    "keep-alive",
                                                    "proxy-connection",
                                                    "te",
                                                    "trailer",
                                                    "http2-settings",
                                                    "content-length",
                                                    "transfer-encoding",
                                                    "proxy-authenticate",
                                                    "x-original-url",
                                                    "x-rewrite-url",
                                                    "proxy",
                                                    "expect",
                                                    "x-method-override",
                                                    "x-http-method",
                                                    "x-http-method-override",
                                                    "x-auth-subject",
                                                    "remote-user"};
constexpr std::array<std::string_view, 6> of_trusted_peers = {
    "forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "client-cert", "client-cert-chain"};
const std::vector<std::string> identity = {"X-Auth-Subject", "Remote_User"};

std::string as_cgi_reads(std::string_view name)
{
    std::string out(name);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c == '_' ? '-' : scopegate::ascii_lower(c); });
    return out;
}

template <class Names>
bool is_one_of(std::string_view name, const Names& names)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

// The same for names in their usual spelling.
template <class Names>
bool is_listed(std::string_view name, const Names& names)
{
    return std::any_of(std::begin(names), std::end(names),
                       [name](std::string_view listed) { return iequals(listed, name); });
}

bool is_claimed_by_proxies(std::string_view name)
{
    constexpr std::array<std::string_view, 8> families = {"x-forwarded-",  "cf-connecting-", "ssl-client-",
                                                          "wl-proxy-",     "x-amzn-mtls-",   "x-client-cert",
                                                          "x-ssl-client-", "x-tls-client-"};
    return is_one_of(name, of_trusted_peers) || is_listed(name, test::proxy_claims) ||
           std::any_of(families.begin(), families.end(),
                       [name](std::string_view family) { return name.starts_with(family); });
}

bool is_named_by_connection(const http::field_list& fields, std::string_view name)
{
    bool named = false;
    for (const auto& f : fields)
        if (iequals(f.name, "connection"))
            http::for_each_element(f.value, [&](std::string_view option) {
                named = named || (iequals(option, name) && !iequals(option, "upgrade") &&
                                  !iequals(option, "keep-alive") && !iequals(option, "close"));
            });
    return named;
}

bool is_dropped(const http::request_head& head, const http::field& f, const http::request_rules& rules)
{
    const auto name = as_cgi_reads(f.name);
    return is_one_of(name, never) || is_listed(name, test::target_overrides) ||
           name == "proxy-authorization" || (name == "upgrade" && !rules.websocket) ||
           (!rules.peer_trusted && is_claimed_by_proxies(name)) ||
           is_named_by_connection(head.fields, f.name) || rules.also_drop.contains(f.id);
}

void check_request(std::string_view bytes, const http::request_rules& rules)
{
    http::request_head head;
    if (!http::parse_request_head(bytes, {}, head))
        return;
    std::string lines;
    const auto forwarded = http::collect_forwarded(head, rules, [&](std::string_view run) {
        check(!run.empty() && run.data() >= bytes.data() &&
              run.data() + run.size() <= bytes.data() + bytes.size());
        lines += run;
    });
    check(forwarded.has_value() || lines.empty());
    if (!forwarded)
        return;
    http::field_list kept;
    check(http::parse_field_lines(lines, 0, kept).has_value());
    auto next = kept.begin();
    for (const auto& f : head.fields) { // f.underscore: imitates a known name
        if (is_dropped(head, f, rules) || f.underscore)
            continue;
        check(next != kept.end() && next->line == f.line);
        ++next;
    }
    check(next == kept.end());
}

void check_response(std::string_view bytes, const http::response_rules& rules)
{
    http::response_head head;
    if (!http::parse_response_head(bytes, {}, head))
        return;
    std::string lines;
    if (!http::collect_forwarded(head, rules, [&](std::string_view run) { lines += run; }))
        return;
    http::field_list kept;
    check(http::parse_field_lines(lines, 0, kept).has_value() && kept.size() <= head.fields.size());
    for (const auto& f : kept) {
        for (const auto hop : {"connection", "keep-alive", "transfer-encoding", "content-length", "te"})
            check(!iequals(f.name, hop));
        check(!is_named_by_connection(head.fields, f.name));
    }
    for (const auto& f : head.fields)
        if (http::keeps_trailer(f, identity))
            check(!is_one_of(as_cgi_reads(f.name), never) &&
                  !is_one_of(as_cgi_reads(f.name), of_trusted_peers));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto in = scopegate::fuzz::split_settings(bytes, size);
    http::request_rules rules;
    rules.peer_trusted = in.has(1);
    rules.websocket = in.has(2);
    rules.identity = identity;
    if (in.has(3))
        rules.also_drop = {http::field_id::authorization, http::field_id::host};
    if (!in.has(0))
        check_request(in.bytes, rules);
    else
        check_response(in.bytes, {in.has(2), in.has(3), {}});
    return 0;
}
