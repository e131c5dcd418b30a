// Step 7, what goes on: which fields of a request reach the upstream and which of an answer reach the caller,
// decided per field and written as runs of the raw lines, so that nothing is copied or allocated. What
// Scopegate says itself (framing, Connection, identity, X-Forwarded-*, Via, X-Request-Id) is added by the
// caller, behind these.
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
    bool peer_trusted = false;             // one of trusted_proxies: what it says of the caller is passed on
    bool websocket = false;                // request_framing::upgrade_websocket: Upgrade passes
    std::span<const std::string> identity; // the headers that Scopegate sets: dropped in any spelling
    field_set also_drop; // what the caller writes anew or keeps back: authorization, cookie, host...
};

struct response_rules {
    bool websocket = false; // a 101 to a WebSocket handshake: Upgrade passes
    bool trailers = false;  // the trailer section will be passed on: so is Trailer
    field_set also_drop;
};

// The connection options of a message that may be field names: everything but `close`, `keep-alive` and
// `upgrade`.
class connection_names final {
public:
    static constexpr std::size_t max = 32; // nobody names more; so many cost each field a comparison

    // Adds the options of one Connection field. False: more than max.
    [[nodiscard]] bool read(std::string_view value);
    [[nodiscard]] bool contains(std::string_view field_name) const noexcept;

private:
    std::array<std::string_view, max> names_;
    std::size_t count_ = 0;
};

// Says of each field whether it is forwarded. Refers to `fields` and to the rules' spans: must not outlive
// them.
class forward_filter final {
public:
    // Of a request. Fails with method_override (an override field names another method than `method`) or
    // malformed_request: more than connection_names::max options, or one from a trusted peer that names what
    // such a peer is believed for. There the caller behind the proxy speaks: with X-Forwarded-For named away,
    // the proxy itself would look like the caller.
    //
    // Everything else that Connection names is dropped as RFC 9110 section 7.6.1 has it, Authorization and
    // Cookie included. The caller could as well have left these out, so that the upstream is never told more
    // than it would be then; the decision was made with them and is not changed by it. What we add is added
    // afterwards and can't be named away; options that name Host, Content-Length or Transfer-Encoding were
    // refused by frame_request.
    //
    // Dropped: the hop-by-hop fields, Content-Length, Transfer-Encoding, Expect and Trailer (the caller
    // frames the request anew, and has answered the expectation), `_` spellings of any known name, identity
    // headers, X-Original-URL and other names for the target, Proxy, the method overrides, and from untrusted
    // peers Forwarded and all else that proxies say of a client (http/fields.cpp, README).
    [[nodiscard]] static result<forward_filter> of_request(const request_head& head,
                                                           const request_rules& rules);

    // Of an answer: hop-by-hop fields, what Connection names, Content-Length and Transfer-Encoding are
    // dropped. Fails with upstream_bad_answer (more than connection_names::max options).
    [[nodiscard]] static result<forward_filter> of_response(const field_list& fields,
                                                            const response_rules& rules);

    [[nodiscard]] bool keeps(const field& f) const noexcept;

private:
    forward_filter() = default;

    field_set drop_;
    bool drop_imitations_ = false; // known names in `_` spelling
    std::span<const std::string> identity_;
    connection_names named_;
};

// Whether a field of an answer's trailer section is passed on: no framing, no hop-by-hop field, no
// credentials, nothing that decides about the head it comes too late for (RFC 9110 section 6.5.1), and none
// of Scopegate's identity headers.
[[nodiscard]] bool keeps_trailer(const field& f, std::span<const std::string> identity) noexcept;

// Calls sink(lines) with each longest run of adjacent lines of fields that keep(field) is true for, in order.
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

// The raw lines (CRLF included) of a request that are forwarded, as runs; see forward_filter. The sink is not
// called where it fails. Allocates nothing.
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

// The same of an answer.
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
