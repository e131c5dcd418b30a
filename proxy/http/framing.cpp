#include "http/framing.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "http/chars.hpp"
#include "http/host.hpp"

#include <limits>
#include <optional>

namespace scopegate::http {
namespace {

// Parses digits only, without leading zeros and below 2^63, so that a signed reader agrees too. Parsers
// disagree on the value of any other spelling.
std::optional<std::uint64_t> parse_length(std::string_view s) noexcept
{
    constexpr std::uint64_t max = std::numeric_limits<std::int64_t>::max();
    if (s.empty() || (s.size() > 1 && s.front() == '0'))
        return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : s) {
        if (!is(char_class::digit, c))
            return std::nullopt;
        const std::uint64_t digit = hex_value(c);
        if (value > (max - digit) / 10)
            return std::nullopt;
        value = value * 10 + digit;
    }
    return value;
}

// The fields that determine the length of a body, read the same way in both directions.
class length_fields final {
public:
    // Returns `none`, or the fault: the field is repeated, or its value is not a valid length. Ignores other
    // fields.
    [[nodiscard]] cause read(const field& f) noexcept
    {
        if (f.id == field_id::transfer_encoding) {
            if (coding_)
                return cause::repeated_transfer_encoding;
            coding_ = f.value;
        } else if (f.id == field_id::content_length) {
            if (length_)
                return cause::repeated_length;
            length_ = parse_length(f.value);
            return length_ ? cause::none : cause::bad_length;
        }
        return cause::none;
    }

    // Does the same for a response, where a repeated equal length counts as one length (RFC 9110 section
    // 8.6). Different lengths stay refused.
    [[nodiscard]] cause read_lenient(const field& f)
    {
        if (f.id != field_id::content_length)
            return read(f);
        if (f.value.empty())
            return cause::bad_length;
        auto wrong = cause::none;
        for_each_element(f.value, [&](std::string_view one) {
            const auto length = parse_length(one);
            if (!length)
                wrong = cause::bad_length;
            else if (length_ && *length_ != *length && wrong == cause::none)
                wrong = cause::repeated_length;
            repeats_length_ = repeats_length_ || length_;
            if (!length_) {
                length_ = length;
                length_text_ = one;
            }
        });
        // A list with empty members counts as repeated, too.
        repeats_length_ = repeats_length_ || length_text_.size() != f.value.size();
        return length_ || wrong != cause::none ? wrong : cause::bad_length;
    }

    // Returns a fault if both fields are present, or if a coding is present in HTTP/1.0, which defines none:
    // the classic request smuggling vectors.
    [[nodiscard]] cause ambiguity(int minor) const noexcept
    {
        if (coding_ && length_)
            return cause::length_and_chunked;
        return coding_ && minor == 0 ? cause::chunked_in_http_1_0 : cause::none;
    }
    [[nodiscard]] bool has_coding() const noexcept { return coding_.has_value(); }
    [[nodiscard]] bool repeats_length() const noexcept { return repeats_length_; }
    [[nodiscard]] std::string_view length_text() const noexcept { return length_text_; }
    // Accepts `chunked` alone. In any other list the last coding decides, and parsers disagree on which one
    // that is.
    [[nodiscard]] bool coding_known() const noexcept { return !coding_ || iequals(*coding_, "chunked"); }

    [[nodiscard]] body_framing framing(body_kind without) const noexcept
    {
        if (coding_)
            return {body_kind::chunked, 0};
        if (length_)
            return {body_kind::length, *length_};
        return {without, 0};
    }

private:
    std::optional<std::string_view> coding_;
    std::optional<std::uint64_t> length_;
    std::string_view length_text_; // of a response
    bool repeats_length_ = false;
};

// The options of the Connection fields.
struct connection_options {
    bool close = false;
    bool keep_alive = false;
    bool upgrade = false;
    bool names_framing = false; // Host, Content-Length or Transfer-Encoding, in any spelling

    void read(std::string_view value)
    {
        for_each_element(value, [this](std::string_view option) {
            close |= iequals(option, "close");
            keep_alive |= iequals(option, "keep-alive");
            upgrade |= iequals(option, "upgrade");
            names_framing |= same_field_name(option, "host") || same_field_name(option, "content-length") ||
                             same_field_name(option, "transfer-encoding");
        });
    }

    [[nodiscard]] bool persistent(int minor) const noexcept { return !close && (minor >= 1 || keep_alive); }
};

bool lists(std::string_view value, std::string_view wanted)
{
    bool found = false;
    for_each_element(value, [&](std::string_view element) { found |= iequals(element, wanted); });
    return found;
}

} // namespace

// Nearly every target begins with a slash, and is no URL.
std::optional<url_parts> absolute_form(std::string_view target) noexcept
{
    return target.starts_with('/') ? std::nullopt : split_url(target);
}

result<request_framing> frame_request(const request_head& head)
{
    request_framing out;
    length_fields lengths;
    connection_options options;
    bool has_host = false;
    std::size_t upgrades = 0;
    bool to_websocket = false;
    for (const auto& f : head.fields) {
        switch (f.id) {
        case field_id::content_length:
        case field_id::transfer_encoding:
            if (f.underscore) // sets no length and is never forwarded: the upstream can't read it as one
                break;
            if (const auto wrong = lengths.read(f); wrong != cause::none)
                return failure(reason::ambiguous_framing, wrong);
            break;
        case field_id::host:
            if (has_host)
                return failure(reason::bad_host, cause::repeated_host);
            if (f.underscore || !is_host(f.value))
                return failure(reason::bad_host, cause::bad_host_value);
            has_host = true;
            out.host = f.value;
            break;
        case field_id::connection:
            options.read(f.value);
            break;
        case field_id::expect:
            if (head.minor == 0) // ignored (RFC 9110 section 10.1.1)
                break;
            if (!iequals(f.value, "100-continue"))
                return failure(reason::unsupported_expectation, cause::unknown_expectation);
            out.expect_continue = true;
            break;
        case field_id::te:
            out.accepts_trailers |= lists(f.value, "trailers");
            break;
        case field_id::upgrade:
            ++upgrades;
            to_websocket = iequals(f.value, "websocket");
            break;
        default:
            break;
        }
    }
    // A hop that honors such an option would remove the field that the next hop frames the request by.
    if (options.names_framing)
        return failure(reason::ambiguous_framing, cause::connection_names_framing);
    if (const auto wrong = lengths.ambiguity(head.minor); wrong != cause::none)
        return failure(reason::ambiguous_framing, wrong);
    if (!lengths.coding_known())
        return failure(reason::unsupported_coding, cause::unknown_transfer_coding);
    if (!has_host && head.minor >= 1)
        return failure(reason::bad_host, cause::missing_host);
    // Any scheme counts. Target normalization may refuse such a target while observe mode still forwards it,
    // to an upstream that prefers its authority over Host (RFC 9112 section 3.2.2).
    if (const auto target = absolute_form(head.target)) {
        if (has_host && !same_authority(target->authority, out.host))
            return failure(reason::bad_host, cause::host_of_target_differs);
        if (!has_host && !is_host(target->authority))
            return failure(reason::bad_host, cause::bad_host_value);
        if (!has_host) // HTTP/1.0
            out.host = target->authority;
    }
    out.body = lengths.framing(body_kind::none);
    out.keep_alive = options.persistent(head.minor);
    const bool no_body =
        out.body.kind == body_kind::none || (out.body.kind == body_kind::length && out.body.length == 0);
    out.upgrade_websocket = head.method == "GET" && head.minor >= 1 && no_body && options.upgrade &&
                            upgrades == 1 && to_websocket;
    return out;
}

result<response_framing> frame_response(const response_head& head, std::string_view request_method)
{
    length_fields lengths;
    connection_options options;
    const auto refuse = [](cause why) { return failure(reason::upstream_bad_answer, why); };
    for (const auto& f : head.fields) {
        if (f.underscore) // No client reads it as the field that it imitates.
            continue;
        if (const auto wrong = lengths.read_lenient(f); wrong != cause::none)
            return refuse(wrong);
        if (f.id == field_id::connection)
            options.read(f.value);
    }
    if (const auto wrong = lengths.ambiguity(head.minor); wrong != cause::none)
        return refuse(wrong);
    if (!lengths.coding_known())
        return refuse(cause::unknown_transfer_coding);
    const bool bodiless_status = head.status < 200 || head.status == 204;
    response_framing out;
    out.keep_alive = options.persistent(head.minor) && !lengths.repeats_length();
    out.length = lengths.length_text();
    const auto framing = lengths.framing(body_kind::until_close);
    // A client could take its body for the final response, and the final response for that of another
    // request.
    if (head.status < 200 && (framing.length != 0 || lengths.has_coding()))
        return refuse(cause::interim_with_body);
    const bool empty = framing.kind == body_kind::length && framing.length == 0;
    const bool bodiless = bodiless_status || head.status == 304;
    if (bodiless || request_method == "HEAD") {
        const bool announces_none = empty || (bodiless && framing.kind == body_kind::until_close);
        out.keep_alive = out.keep_alive && announces_none;
        return out;
    }
    out.body = framing;
    const bool resets_form = head.status == 205 && framing.kind == body_kind::length; // has no content
    out.keep_alive = out.keep_alive && framing.kind != body_kind::until_close && (!resets_form || empty);
    return out;
}

} // namespace scopegate::http
