#include "gate/exchange.hpp"

#include "access/client_address.hpp"
#include "gate/forwarding.hpp"
#include "gate/worker.hpp"
#include "net/post.hpp"
#include "observe/http_date.hpp"
#include "responses/cors.hpp"

#include <algorithm>
#include <exception>
#include <tuple>
#include <utility>

namespace scopegate::gate {

namespace {

// Waits for an issuer's keys or introspection result, and resumes in the exchange's own worker.
class issuer_wait final {
public:
    issuer_wait(tokens::validator& validator, std::size_t issuer, std::string_view token,
                const net::address_bytes& client, net::asio::io_context& own) noexcept
        : validator_(validator), issuer_(issuer), token_(token), client_(tokens::network_of(client)),
          own_(own)
    {
    }
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting)
    {
        validator_.await(
            static_cast<int>(issuer_), token_,
            [this, awaiting](tokens::validator::awaited came) {
                came_ = std::move(came);
                net::post_with_retry(own_, [awaiting] { awaiting.resume(); });
            },
            client_);
    }
    [[nodiscard]] tokens::validator::awaited await_resume() noexcept { return std::move(came_); }

private:
    tokens::validator& validator_;
    std::size_t issuer_;
    std::string_view token_;
    tokens::client_network client_;
    net::asio::io_context& own_;
    tokens::validator::awaited came_;
};

// Returns path and query as the client spelled them. The authority of an absolute-form target is left out,
// because it is forwarded as Host, unless the target has no normalized form: that is forwarded whole. A
// target without a path has the path of `judged`: `/`, or `*` for OPTIONS (RFC 9112 section 3.2.4).
http::request_target target_as_sent(std::string_view sent, const http::request_target& judged) noexcept
{
    const auto authority = judged.authority;
    if (!authority.empty())
        sent.remove_prefix(sent.find("://") + 3 + authority.size());
    const auto query = std::min(sent.find('?'), sent.size());
    return {query == 0 ? judged.path : sent.substr(0, query), sent.substr(query), {}};
}

// Returns the name of the decision in the record.
observe::decision name_of(const access::outcome& decided) noexcept
{
    if (const auto* const permit = std::get_if<policy::permit>(&decided))
        return permit->observed() ? observe::decision::observed_permit : observe::decision::permit;
    const bool refused = std::holds_alternative<policy::denial>(decided);
    return refused ? observe::decision::denial : observe::decision::own_response;
}

// The well-formed id of the one X-Request-Id; empty without one.
std::string_view sent_request_id(const http::field_list& fields) noexcept
{
    std::string_view found;
    for (const auto& f : fields)
        if (f.id == http::field_id::x_request_id && !f.underscore) {
            if (!found.empty())
                return {};
            found = f.value;
        }
    return observe::is_request_id(found) ? found : std::string_view{};
}

} // namespace

exchange::exchange(const exchange_context& context, steady_time started) noexcept
    : c_(context), started_(started), evaluation_(c_.policy.policy, c_.policy.responses, c_.space.scratch)
{
}

net::task<void> exchange::run(wire::unread_request unread)
{
    has_head_ = unread.has_head;
    name_request();
    try {
        if (unread.why != reason::allowed) {
            policy::denial d;
            d.why = unread.why;
            co_return co_await refuse(std::move(d));
        }
        auto decided = evaluation_.start(asked(), authority(), observe::wall_now());
        while (const auto* const wanted = std::get_if<access::need>(&decided))
            decided = evaluation_.resume(co_await obtain(*wanted), observe::wall_now());
        if (evaluation_.found().verified)
            c_.at.scheduler().take_slot();

        decided_ = name_of(decided);
        if (auto* const refused = std::get_if<policy::denial>(&decided))
            co_return co_await refuse(std::move(*refused));
        if (auto* const own = std::get_if<responses::response>(&decided))
            co_return co_await give(std::move(*own));
        co_return co_await forward(std::get<policy::permit>(decided));
    } catch (const std::exception&) {
        fail();
        throw;
    }
}

// The id of a trusted proxy becomes ours. A client that could choose ours would hide its requests behind
// another's.
void exchange::name_request() noexcept
{
    const auto sent = has_head_ ? sent_request_id(c_.client.head().fields) : std::string_view{};
    const bool ours =
        !sent.empty() && access::is_trusted_proxy(c_.policy.policy, *c_.client.connection().peer);
    request_id_ = ours ? sent : observe::new_request_id(request_id_buffer_);
    client_request_id_ = ours ? std::string_view{} : sent;
}

access::question exchange::asked() const noexcept
{
    const auto& head = c_.client.head();
    const auto& facts = c_.client.facts();
    return {head.method, head.target, facts.host, &head.fields, facts.opens_websocket, c_.client.connection(),
            request_id_};
}

access::token_authority exchange::authority() const noexcept
{
    return {&c_.policy.validator, {}, c_.policy.shared.proofs.get(), c_.at.scheduler().slot_free()};
}

// Waits for what the decision needs, and notes for how long.
net::task<tokens::validator::awaited> exchange::obtain(const access::need& wanted)
{
    const auto began = c_.at.now();
    const auto note_wait = [this, began] {
        const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(c_.at.now() - began);
        decision_wait_ = decision_wait_.value_or(std::chrono::microseconds(0)) + waited;
    };
    if (wanted.of == access::need::kind::verification_slot) {
        co_await c_.at.scheduler().verification_slot();
        note_wait();
        co_return false;
    }
    // Verifying what an issuer's keys are missing for may have taken the slot already.
    if (evaluation_.found().verified)
        c_.at.scheduler().take_slot();
    const auto client =
        access::client_address(c_.policy.policy, *c_.client.connection().peer, c_.client.head().fields);
    issuer_wait wait(c_.policy.validator, wanted.issuer, evaluation_.found().taken->text,
                     client.value_or(net::address_bytes{}), c_.at.context());
    auto came = co_await wait;
    note_wait();
    co_return came;
}

// Judges a body whose length is announced; other bodies are counted as they come.
bool exchange::exceeds_body_limit(const policy::route_settings& settings) const noexcept
{
    return settings.body != 0 && c_.client.facts().body_length.value_or(0) > settings.body;
}

net::task<void> exchange::forward(policy::permit permit)
{
    const auto& v = evaluation_.found();
    const auto& settings = c_.policy.policy.settings_of(v.match.matched);
    if (exceeds_body_limit(settings)) {
        auto too_large = policy::refuse(v.match, failure(reason::body_too_large, cause::limits_body));
        co_return co_await refuse(std::move(too_large));
    }
    c_.client.limit_body(settings.body);
    // Observe mode changes nothing of what it would refuse.
    const bool as_it_came = permit.observed() || v.target.path.empty();
    const auto target = as_it_came ? target_as_sent(c_.client.head().target, v.target) : v.target;
    const auto nonce = nonce_lines(fresh_nonce(v.dpop));
    const forwarded_request request{settings, target, v.token.get(), request_id_,
                                    v.taken,  nonce,  v.target.path};
    forwarding way(permit, c_, request);
    const auto end = co_await way.run();
    bytes_in_ = end.bytes_in;
    if (!end.responded && end.why != reason::client_gone) {
        policy::denial failed;
        failed.why = end.why;
        failed.matched = v.match.matched;
        co_return co_await refuse(std::move(failed));
    }
    const auto* const observed = v.observed ? &*v.observed : nullptr;
    const auto unenforced = observed != nullptr ? observed->why : failure(reason::allowed);
    auto r = begin_record(end.status, end.why != reason::allowed ? end.why : unenforced);
    r.refusal = observed;
    r.upstream = end.upstream;
    r.bytes_out = end.bytes_out;
    this->end(r);
}

net::task<void> exchange::refuse(policy::denial d)
{
    const auto ours = refusal(d);
    auto r = record_of(ours, d.why);
    r.refusal = &d;
    end(r);
    co_await c_.at.scheduler().flush_point();
    co_await send(ours);
}

responses::response exchange::refusal(const policy::denial& d) const
{
    auto ours = c_.policy.responses.make(d, request_id_);
    if (const auto nonce = fresh_nonce(d.dpop); !nonce.empty())
        ours.add("DPoP-Nonce", nonce);
    responses::add_cors_fields(c_.policy.policy.cors, c_.client.head().fields, ours);
    return ours;
}

// Returns a nonce for the client's next proof if it must have one; otherwise empty. A client that has to
// prove something gets its nonce before it tries.
std::string exchange::fresh_nonce(bool dpop) const
{
    const auto& settings = c_.policy.policy.tokens.dpop;
    const auto& proofs = c_.policy.shared.proofs;
    const bool asked_for = settings.nonce && (dpop || settings.how == policy::dpop_settings::mode::require);
    return proofs && (asked_for || evaluation_.found().nonce) ? proofs->nonces.current(observe::wall_now())
                                                              : std::string();
}

// Returns the same as field lines of the upstream's response. The upstream decides whether an application of
// another origin may read the response; Scopegate adds that such an application may read the nonce too.
std::string exchange::nonce_lines(const std::string& nonce) const
{
    std::string lines;
    if (!nonce.empty())
        lines.append("DPoP-Nonce: ").append(nonce).append("\r\n");
    if (!nonce.empty() && !c_.policy.policy.cors.origins.empty())
        lines += "Access-Control-Expose-Headers: DPoP-Nonce\r\n";
    return lines;
}

net::task<void> exchange::give(responses::response ours)
{
    end(record_of(ours, ours.status == 405 ? reason::wrong_method : reason::allowed));
    co_await c_.at.scheduler().flush_point();
    co_await send(ours);
}

// The response must live until it is sent.
net::task<void> exchange::send(const responses::response& ours)
{
    const auto& settings = c_.policy.policy.settings_of(evaluation_.found().match.matched);
    return c_.client.respond(ours, settings.timeouts.body);
}

// Empty for a head that was refused before its end: its first fields may be the client's own, and those that
// the proxy added behind them are missing.
std::string_view exchange::forwarded_for(std::array<char, longest_address>& room) const noexcept
{
    static_assert(std::tuple_size_v<net::address_text_buffer> <= longest_address);
    if (!has_head_)
        return {};
    const auto address =
        access::forwarded_address(c_.policy.policy, *c_.client.connection().peer, c_.client.head().fields);
    if (!address)
        return {};
    net::address_text_buffer buffer;
    const auto text = net::address_text(*address, buffer);
    return {room.data(), text.copy(room.data(), room.size())};
}

std::string exchange::unverified() const
{
    const auto& claims = evaluation_.found().unverified_claims;
    return claims ? tokens::to_json(claims->all()) : std::string();
}

// Returns the normalized path, or the path as sent if it was refused; empty if none arrived. For the log.
std::string_view exchange::path() const noexcept
{
    if (const auto normalized = evaluation_.found().target.path; !normalized.empty())
        return normalized;
    const auto sent = has_head_ ? c_.client.head().target : std::string_view{};
    return sent.starts_with('/') ? sent.substr(0, sent.find_first_of("?#")) : std::string_view{};
}

observe::request_record exchange::begin_record(unsigned status, failure why) const noexcept
{
    const auto& v = evaluation_.found();
    observe::request_record r;
    r.why = why;
    r.decided = decided_;
    r.status = status;
    r.method = c_.client.head().method;
    r.match = &v.match;
    r.began = started_;
    r.ended = c_.at.now();
    r.decision_wait = decision_wait_;
    r.bytes_in = bytes_in_;
    r.details = this;
    return r;
}

void exchange::describe(observe::request_record& r) const
{
    r.request_id = request_id_;
    r.client_request_id = client_request_id_;
    r.client = c_.client.connection().peer->text;
    r.path = path();
    const auto& token = evaluation_.found().token;
    if (!token)
        return;
    r.effective = &token->scopes.effective;
    r.subject = token->subject;
    r.client_id = token->client_id;
    r.issuer = token->name_of_issuer(c_.policy.policy);
}

observe::request_record exchange::record_of(const responses::response& ours, failure why) const noexcept
{
    auto r = begin_record(ours.status, why);
    r.bytes_out = r.method == "HEAD" ? 0 : ours.body.size();
    return r;
}

void exchange::end(const observe::request_record& r) noexcept
{
    ended_ = true;
    observe::end_request(c_.policy.policy, r);
}

void exchange::fail() noexcept
{
    if (!ended_)
        end(begin_record(0, reason::internal_error));
}

} // namespace scopegate::gate
