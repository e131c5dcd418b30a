// The two sides of an exchange on memory wires. Heads are texts of HTTP, because only a parser makes field
// lists; how long a body is, the test says.
#pragma once

#include "http/forward.hpp"
#include "support/memory_stream.hpp"
#include "wire/client.hpp"
#include "wire/upstream.hpp"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace scopegate::test {

class memory_client final : public memory_stream<wire::client_side> {
public:
    // `head`: a whole head. `body`, what came with it; `last`: it is all of the body.
    memory_client(memory_peer at, std::string head, const std::string& body, bool last)
        : memory_stream(std::move(at)), text_(std::move(head))
    {
        std::size_t scanned = 0;
        if (!http::read_request_head(text_, scanned, {}, head_) || head_.method.empty())
            throw std::invalid_argument(text_);
        facts_.host = "api.example.com";
        facts_.version = "2";
        facts_.has_body = !last || !body.empty();
        if (facts_.has_body)
            at_->begin_reading(wire::body_state::open);
        at_->hold(body, last);
    }

    [[nodiscard]] const http::request_head& head() const noexcept override { return head_; }
    [[nodiscard]] const wire::request_facts& facts() const noexcept override { return facts_; }
    [[nodiscard]] const access::client_connection& connection() const noexcept override
    {
        return connection_;
    }

    [[nodiscard]] net::task<void> respond(const responses::response& r,
                                          std::chrono::milliseconds pause) override
    {
        own_response = r;
        prepare("<own " + std::to_string(r.status) + ">");
        const auto sent = co_await wire::flush_all(*this, pause);
        was_cut = sent != wire::flush_result::done;
    }
    [[nodiscard]] result<void> begin_response(const wire::response_head& r) override
    {
        using kind = wire::response_body::kind;
        const auto length = r.body.how == kind::unknown ? "?" : std::string(r.body.length);
        at_->finished_ = false;
        return prepare_head(r, (length.empty() ? "" : " " + length) + (r.last ? " last" : ""));
    }
    [[nodiscard]] result<void> begin_tunnel(const wire::response_head& r) override
    {
        at_->begin_reading(wire::body_state::open, true);
        return prepare_head(r, "");
    }
    [[nodiscard]] result<void> begin_interim(const http::response_head& head) override
    {
        prepare("<" + std::to_string(head.status) + ">");
        return {};
    }
    void cut_response() noexcept override { was_cut = true; }

    // The test's to change, before the exchange begins.
    wire::request_facts& own_facts() noexcept { return facts_; }

    bool was_cut = false;
    std::optional<responses::response> own_response;

private:
    void prepare(std::string mark) { at_->mark(std::move(mark)); }
    [[nodiscard]] result<void> prepare_head(const wire::response_head& r, const std::string& framing)
    {
        at_->lines_.clear();
        const auto kept = http::collect_forwarded(r.head, r.rules, [this](auto run) { at_->lines_ += run; });
        if (!kept)
            return kept.error();
        at_->lines_ += r.own;
        prepare("<" + std::to_string(r.head.status) + framing + ">");
        return {};
    }

    std::string text_;
    http::request_head head_;
    wire::request_facts facts_;
    net::peer peer_{"192.0.2.7", *net::parse_address("192.0.2.7"), true};
    access::client_connection connection_{&peer_, false, {}};
};

class memory_upstream final : public memory_stream<wire::upstream_side> {
public:
    explicit memory_upstream(memory_peer at) : memory_stream(std::move(at)) {}

    [[nodiscard]] result<void> begin(const wire::forwarded_head& request,
                                     const http::head_limits& limits) override
    {
        limits_ = limits;
        text_.clear();
        responded_ = reusable_ = false;
        at_->unsent_.clear();
        at_->finished_ = false;
        at_->begin_reading(wire::body_state::complete);
        at_->lines_.clear();
        const auto kept =
            http::collect_forwarded(request.head, request.rules, [this](auto run) { at_->lines_ += run; });
        if (!kept)
            return kept.error();
        at_->lines_ += request.own;
        std::string line("<");
        line.append(request.head.method).append(" ").append(request.target.path).append(request.target.query);
        at_->mark(line + ">");
        return {};
    }

    [[nodiscard]] result<bool> take_head() override
    {
        std::size_t scanned = 0;
        const auto size = http::read_response_head(text_, scanned, limits_, head_);
        if (!size)
            return failure(reason::upstream_bad_answer, size.error().detail);
        return *size > 0;
    }
    [[nodiscard]] result<void> fill_head() override
    {
        if (at_->closed_ || at_->broken_)
            return failure(reason::upstream_bad_answer, cause::reset_connection);
        if (at_->queue_.empty())
            return {};
        auto next = at_->queue_.front();
        if (next.what != memory_wire::event::head)
            return failure(reason::upstream_bad_answer,
                           text_.empty() ? cause::closed_without_response : cause::cut_head);
        at_->queue_.pop_front();
        responded_ = true;
        text_ += next.text;
        at_->hold(next.behind, next.last);
        return {};
    }
    [[nodiscard]] bool has_responded() const noexcept override { return responded_; }
    [[nodiscard]] const http::response_head& head() const noexcept override { return head_; }

    // A body without Content-Length ends when the test says so.
    [[nodiscard]] result<wire::response_body> frame(std::string_view method, bool) override
    {
        const auto* const length = http::find(head_.fields, http::field_id::content_length);
        const auto* const options = http::find(head_.fields, http::field_id::connection);
        const bool none = method == "HEAD" || head_.status < 200 || head_.status == 204 ||
                          (length != nullptr && length->value == "0");
        reusable_ = options == nullptr;
        at_->begin_reading(none ? wire::body_state::complete : wire::body_state::open);
        wire::response_body body;
        if (!none)
            body.how =
                length != nullptr ? wire::response_body::kind::length : wire::response_body::kind::unknown;
        if (length != nullptr)
            body.length = length->value;
        return body;
    }
    [[nodiscard]] bool is_received_whole() const noexcept override
    {
        return at_->state_ == wire::body_state::complete || at_->last_;
    }
    void drop_head() noexcept override { text_.clear(); }
    void begin_tunnel() noexcept override
    {
        at_->begin_reading(wire::body_state::open, true);
        at_->finished_ = false;
    }

    [[nodiscard]] bool is_quiet(bool surely) noexcept override
    {
        return !at_->closed_ && !at_->ended_ && (at_->queue_.empty() || !(surely || at_->noticed_));
    }
    [[nodiscard]] bool is_reusable() const noexcept override
    {
        return reusable_ && at_->state_ == wire::body_state::complete && at_->queue_.empty() &&
               at_->finished_ && at_->unsent_.empty() && !at_->closed_;
    }
    void rest() noexcept override
    {
        text_ = {};
        rested = true;
    }
    [[nodiscard]] std::optional<std::chrono::seconds> announced_keep() const noexcept override
    {
        return keep;
    }

    std::optional<std::chrono::seconds> keep; // what the upstream has announced
    bool rested = false;

private:
    std::string text_; // of a head, as far as it has come
    http::response_head head_;
    http::head_limits limits_;
    bool responded_ = false, reusable_ = false;
};

} // namespace scopegate::test
