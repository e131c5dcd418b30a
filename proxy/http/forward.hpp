// Forwarding: which fields of a request reach the upstream, and which fields of a response reach the client.
// The choice is made per field. The kept raw lines are written as runs, so that nothing is copied or
// allocated. The calling code adds Scopegate's own fields behind them: framing, Connection, identity,
// X-Forwarded-*, Via, X-Request-Id.
#pragma once

#include "base/errc.hpp"
#include "http/head_parser.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace scopegate::http {

struct request_rules {
    bool peer_trusted = false;             // one of trusted_proxies: believed about the client
    bool websocket = false;                // request_framing::upgrade_websocket: Upgrade passes
    std::span<const std::string> identity; // the headers that Scopegate sets: dropped in any spelling
    // The only header in which a trusted peer states its client's certificate. Empty: any header of this
    // kind.
    std::string_view certificate;
    field_set also_drop; // what the calling code rewrites or withholds: authorization, cookie, host...
};

struct response_rules {
    bool websocket = false; // a 101 to a WebSocket handshake: Upgrade passes
    bool trailers = false;  // the trailer section will be passed on, and Trailer with it
    field_set also_drop;
};

// The connection options of a message that may be field names: all except `close`, `keep-alive` and
// `upgrade`.
class connection_names final {
public:
    static constexpr std::size_t max = 32; // no real sender lists more; each costs every field a comparison

    // Adds the options of one Connection field. Returns false if there are more than max in total.
    [[nodiscard]] bool read(std::string_view value);
    [[nodiscard]] bool contains(std::string_view field_name) const noexcept;

private:
    std::array<std::string_view, max> names_;
    std::size_t count_ = 0;
};

// Decides for each field whether it is forwarded. Refers to `fields` and to the spans of the rules and must
// not outlive them.
class forward_filter final {
public:
    // Makes the filter for a request. Fails with method_override if an override field names another method
    // than the request line. Fails with malformed_request if Connection has more than connection_names::max
    // options, or if a trusted peer's Connection names a field that such peers are trusted for. In that case
    // the client behind the proxy wrote the option: without X-Forwarded-For, the proxy itself would look like
    // the client.
    //
    // All other fields that Connection names are dropped (RFC 9110 section 7.6.1), Authorization and Cookie
    // included. The client could as well have omitted them, so the upstream never learns more than it would
    // then. The decision was made with these fields and stays as it is. Our own fields are added afterwards,
    // so Connection can't remove them. frame_request has refused options that name Host, Content-Length or
    // Transfer-Encoding.
    //
    // The filter also drops:
    // - the hop-by-hop fields, Content-Length, Transfer-Encoding, Expect and Trailer: the calling code writes
    //   the framing itself and has handled the expectation;
    // - `_` spellings of any known name, identity headers, X-Original-URL and other names for the target,
    //   Proxy, and the method overrides;
    // - from untrusted peers, Forwarded and all other statements of proxies about a client (http/fields.cpp,
    //   README);
    // - with `certificate`, all other statements about a client's certificate. The proxy overwrites the one
    //   that it is configured for, and its client could have made up the others.
    [[nodiscard]] static result<forward_filter> of_request(const request_head& head,
                                                           const request_rules& rules);

    // Makes the filter for a response. Drops hop-by-hop fields, the fields that Connection names,
    // Content-Length and Transfer-Encoding. Fails with upstream_bad_answer if there are more than
    // connection_names::max options.
    [[nodiscard]] static result<forward_filter> of_response(const field_list& fields,
                                                            const response_rules& rules);

    [[nodiscard]] bool keeps(const field& f) const noexcept;

private:
    forward_filter() = default;
    // Returns whether it is the configured certificate header, in any spelling.
    [[nodiscard]] bool is_certificate(const field& f) const noexcept;

    field_set drop_;
    bool drop_imitations_ = false; // known names in `_` spelling
    std::span<const std::string> identity_;
    std::string_view certificate_;
    bool certificate_passes_ = false;
    connection_names named_;
};

// Returns whether a field of a response's trailer section is passed on. Drops framing, hop-by-hop fields,
// credentials, Scopegate's identity headers, and fields that a recipient needs before the body (RFC 9110
// section 6.5.1).
[[nodiscard]] bool keeps_trailer(const field& f, std::span<const std::string> identity) noexcept;

// Calls sink(lines) for each maximal run of adjacent lines whose fields satisfy keep(field), in order.
template <class Keep, class Sink>
void for_each_run(const field_list& fields, Keep&& keep, Sink&& sink)
{
    std::string_view run;
    for (const auto& f : fields) {
        if (!keep(f))
            continue;
        if (!run.empty() && run.data() + run.size() == f.line.data()) {
            run = {run.data(), run.size() + f.line.size()};
            continue;
        }
        if (!run.empty())
            sink(run);
        run = f.line;
    }
    if (!run.empty())
        sink(run);
}

// Passes the raw lines of a request that are forwarded (CRLF included) to `sink`, as runs; see
// forward_filter. Does not call the sink if it fails. Allocates nothing.
template <class Sink>
[[nodiscard]] result<void> collect_forwarded(const request_head& head, const request_rules& rules,
                                             Sink&& sink)
{
    const auto filter = forward_filter::of_request(head, rules);
    if (filter.has_error())
        return filter.error();
    for_each_run(
        head.fields, [&filter](const field& f) { return filter->keeps(f); }, sink);
    return {};
}

// Does the same for a response.
template <class Sink>
[[nodiscard]] result<void> collect_forwarded(const response_head& head, const response_rules& rules,
                                             Sink&& sink)
{
    const auto filter = forward_filter::of_response(head.fields, rules);
    if (filter.has_error())
        return filter.error();
    for_each_run(
        head.fields, [&filter](const field& f) { return filter->keeps(f); }, sink);
    return {};
}

} // namespace scopegate::http
