#include "http1/upstream_connection.hpp"

#include "http/keep_alive.hpp"
#include "http1/response_lines.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace scopegate::http1 {

namespace {

using http::body_kind;

// A 204 response has no length (RFC 9110 section 8.6). A client that believed one would wait for a body, or
// take the next response as the body.
constexpr unsigned no_content = 204;

failure bad_response(cause detail) noexcept
{
    return {reason::upstream_bad_answer, detail};
}

// Adds the received line if nothing had to change: then the line and the fields after it form one piece.
void add_request_line(net::gather& out, const http::request_head& head, const http::request_target& target)
{
    constexpr std::string_view version = " HTTP/1.1\r\n";
    const auto* const behind =
        head.target.data() + head.target.size(); // the version and CRLF follow in the parsed line
    if (target.path.data() == head.target.data() &&
        target.path.size() + target.query.size() == head.target.size() &&
        std::string_view(behind, version.size()) == version) {
        out.add({head.method.data(), static_cast<std::size_t>(behind - head.method.data()) + version.size()});
        return;
    }
    out.add(head.method);
    out.add(" ");
    out.add(target.path);
    out.add(target.query);
    out.add(version);
}

void append_length_line(std::string& out, std::uint64_t length)
{
    std::array<char, 20> digits{};
    auto* const end = std::to_chars(digits.data(), digits.data() + digits.size(), length).ptr;
    out.append("Content-Length: ").append(digits.data(), end).append("\r\n");
}

void append_framing_lines(std::string& out, const wire::forwarded_head& request)
{
    const auto& facts = request.facts;
    if (facts.body_length)
        append_length_line(out, *facts.body_length);
    else if (facts.has_body)
        out += "Transfer-Encoding: chunked\r\n";
    if (facts.opens_websocket)
        out += "Connection: Upgrade\r\n";
    if (facts.expects_continue)
        out += "Expect: 100-continue\r\n";
}

} // namespace

upstream_connection::upstream_connection(net::stream_ptr connection, net::buffer_pool& buffers,
                                         std::unique_ptr<connection_reports> reports)
    : message_stream(std::move(connection), {buffers, bytes_, out_}, false), buffers_(buffers),
      reports_(std::move(reports))
{
    buffers_.count(own_bytes);
}

upstream_connection::~upstream_connection()
{
    buffers_.uncount(own_bytes);
}

result<void> upstream_connection::begin(const wire::forwarded_head& request, const http::head_limits& limits)
{
    limits_ = limits;
    received_ = scanned_ = head_bytes_ = 0;
    responded_ = keep_alive_ = false;
    announced_keep_.reset();
    out_.clear();
    add_request_line(out_, request.head, request.target);
    bool fits = true;
    const auto kept = http::collect_forwarded(request.head, request.rules,
                                              [&](std::string_view run) { fits = fits && out_.add(run); });
    if (!kept)
        return kept.error();
    constexpr std::size_t own_pieces = 3;
    if (!fits ||
        !out_.has_room(own_pieces + body_writer::framing_pieces)) // no honest request looks like this
        return failure(reason::malformed_request, cause::scattered_headers);
    lines_.clear();
    append_framing_lines(lines_, request);
    out_.add(request.own);
    out_.add(lines_);
    out_.add("\r\n");
    io_.begin_writing(body_writer(request.facts.has_body && !request.facts.body_length));
    return {};
}

std::size_t upstream_connection::longest_head() const noexcept
{
    return std::max(limits_.bytes + 4096, net::buffer_pool::slice_bytes);
}

result<bool> upstream_connection::take_head()
{
    if (received_ == 0)
        return false;
    const auto size = http::read_response_head({bytes_.data(), received_}, scanned_, limits_, head_);
    if (!size)
        return bad_response(size.error().detail);
    head_bytes_ = *size;
    if (head_bytes_ == 0 && received_ == longest_head())
        return bad_response(cause::limits_headers);
    return head_bytes_ > 0;
}

result<void> upstream_connection::fill_head()
{
    make_room_for_head();
    const auto got = io_.connection().read_some(bytes_.bytes().subspan(received_));
    if (got.how == net::transfer::status::would_block) {
        if (received_ == 0)
            bytes_.reset();
        return {};
    }
    if (got.how != net::transfer::status::done) {
        const auto* const tls = io_.connection().tls();
        if (tls != nullptr && !tls->failure().empty())
            reports_->on_tls_failure(tls->failure());
        const auto why = ended_before_head(got.how);
        // While the request is incomplete, its client may be the reason: some servers close when a body is
        // too slow. A client must not be able to set addresses aside.
        if (!ever_responded_ && is_request_sent())
            reports_->on_end_without_response(why.detail);
        return why;
    }
    received_ += got.bytes;
    responded_ = true;
    if (!ever_responded_) {
        ever_responded_ = true;
        reports_->on_first_response();
    }
    return {};
}

// Takes a buffer for the first read, and a larger one when a head has filled it.
void upstream_connection::make_room_for_head()
{
    if (!bytes_) {
        bytes_ = buffers_.take_slice();
    } else if (received_ == bytes_.size()) {
        auto larger = buffers_.take(std::min(2 * bytes_.size(), longest_head()));
        std::copy_n(bytes_.data(), received_, larger.data());
        bytes_ = std::move(larger);
    }
}

failure upstream_connection::ended_before_head(net::transfer::status how) const noexcept
{
    const auto* const tls = io_.connection().tls();
    if (tls != nullptr && tls->fault() != cause::none)
        return bad_response(tls->fault());
    const bool reset = how == net::transfer::status::failed && (tls == nullptr || !tls->is_wire_ended());
    if (reset)
        return bad_response(cause::reset_connection);
    return bad_response(received_ > 0 ? cause::cut_head : cause::closed_without_response);
}

std::string_view upstream_connection::behind_head() const noexcept
{
    return {bytes_.data() + head_bytes_, received_ - head_bytes_};
}

result<wire::response_body> upstream_connection::frame(std::string_view method, bool keep_trailers)
{
    const auto framed = http::frame_response(head_, method);
    if (!framed)
        return framed.error();
    keep_alive_ = framed->keep_alive;
    announced_keep_ = http::keep_alive_timeout(head_.fields);
    auto rules = trailer_rules(limits_, true);
    rules.keep_trailers = keep_trailers;
    io_.begin_reading(framed->body, rules, behind_head());

    wire::response_body body;
    const auto kind = framed->body.kind;
    if (kind == body_kind::length)
        body.how = wire::response_body::kind::length;
    else if (kind != body_kind::none)
        body.how = wire::response_body::kind::unknown;
    if (kind != body_kind::chunked && head_.status != no_content)
        body.length = framed->length;
    return body;
}

bool upstream_connection::is_received_whole() const noexcept
{
    return io_.reader().ends_within(io_.received().size());
}

void upstream_connection::drop_head() noexcept
{
    const auto rest = behind_head();
    std::memmove(bytes_.data(), rest.data(), rest.size());
    received_ = rest.size();
    scanned_ = head_bytes_ = 0;
}

void upstream_connection::begin_tunnel() noexcept
{
    io_.begin_reading({body_kind::until_close, 0}, {}, behind_head());
    io_.begin_writing(body_writer(false));
}

// Input on an idle connection, whether its end or an unsolicited response, must not be mistaken for the next
// response. Under TLS it may also be a record without content (a session ticket).
bool upstream_connection::is_quiet(bool surely) noexcept
{
    auto& connection = io_.connection();
    if (!surely && !connection.read_pending())
        return true;
    if (connection.peek() != net::stream::peer_state::quiet)
        return false;
    connection.arm_read();
    return true;
}

bool upstream_connection::is_reusable() const noexcept
{
    return keep_alive_ && state() == wire::body_state::complete && io_.received().empty() &&
           !io_.reader().is_repaired() && is_request_sent();
}

bool upstream_connection::is_request_sent() const noexcept
{
    return io_.writer().is_finished() && out_.empty();
}

void upstream_connection::rest() noexcept
{
    constexpr std::size_t usual_fields = 64;
    io_.begin_reading({}, {}, {}); // the last response's trailers
    bytes_.reset();
    head_.fields.clear();
    if (head_.fields.capacity() > usual_fields)
        http::field_list().swap(head_.fields);
    if (lines_.capacity() > net::buffer_pool::min_bytes)
        std::string().swap(lines_);
}

} // namespace scopegate::http1
