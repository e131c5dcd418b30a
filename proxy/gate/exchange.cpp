#include "gate/exchange.hpp"

#include "access/client_address.hpp"
#include "gate/forwarding.hpp"
#include "gate/worker.hpp"
#include "net/post.hpp"
#include "observe/access_log.hpp"
#include "observe/http_date.hpp"
#include "responses/cors.hpp"

#include <algorithm>
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
                net::post_surely(own_, [awaiting] { awaiting.resume(); });
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

// Path and query just as the client spelled them. `authority`: of an absolute-form target that has a
// normalised form; it goes on as Host, and not as part of the path. Any other target goes on whole.
// Without a path, the judged one is meant: `/`, or `*` for OPTIONS (RFC 9112 section 3.2.4).
http::request_target target_as_sent(std::string_view sent, const http::request_target& judged) noexcept
{
    const auto authority = judged.authority;
    if (!authority.empty())
        sent.remove_prefix(sent.find("://") + 3 + authority.size());
    const auto query = std::min(sent.find('?'), sent.size());
    return {query == 0 ? judged.path : sent.substr(0, query), sent.substr(query), {}};
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

bool exchange_context::ends_connection() const noexcept
{
    return last_request || at.leaving() || (connection_end != net::no_deadline && at.now() >= connection_end);
}

exchange::exchange(const exchange_context& context, steady_time started) noexcept
    : c_(context), started_(started), evaluation_(c_.policy.policy, c_.policy.answers, c_.space.scratch)
{
}

net::task<disposition> exchange::run()
{
    has_head_ = true;
    name_request();
    if (const auto unreadable = read_framing())
        co_return co_await refuse_unread(*unreadable);

    auto decided = evaluation_.start(asked(), authority(), observe::wall_now());
    while (const auto* const wanted = std::get_if<access::need>(&decided)) {
        const auto came = co_await obtain(*wanted);
        decided = evaluation_.resume(came, observe::wall_now());
    }
    if (evaluation_.found().verified)
        c_.at.scheduler().take_slot();

    if (auto* const refused = std::get_if<policy::denial>(&decided))
        co_return co_await refuse(std::move(*refused));
    if (auto* const own = std::get_if<responses::response>(&decided))
        co_return co_await give(std::move(*own));
    co_return co_await forward(std::get<policy::permit>(decided));
}

// The id of a trusted proxy becomes ours. A client that could choose ours would hide its requests behind
// another's.
void exchange::name_request() noexcept
{
    const auto sent = has_head_ ? sent_request_id(c_.space.request.fields) : std::string_view{};
    const bool ours = !sent.empty() && access::is_trusted_proxy(c_.policy.policy, c_.peer);
    request_id_ = ours ? sent : observe::new_request_id(request_id_buffer_);
    client_request_id_ = ours ? std::string_view{} : sent;
}

std::optional<failure> exchange::read_framing()
{
    const auto framed = http::frame_request(c_.space.request);
    if (!framed)
        return framed.error();
    framing_ = *framed;
    const auto most = c_.policy.policy.server.limits.body;
    if (most != 0 && framing_.body.kind == http::body_kind::length && framing_.body.length > most)
        return failure(reason::body_too_large, cause::limits_body);
    return std::nullopt;
}

access::question exchange::asked() const noexcept
{
    const auto& head = c_.space.request;
    const auto* const tls = c_.downstream.tls();
    const access::client_connection client{&c_.peer, tls != nullptr,
                                           tls != nullptr ? std::string_view(tls->peer_certificate())
                                                          : std::string_view{}};
    return {head.method, head.target, framing_.host, &head.fields, framing_.upgrade_websocket,
            client,      request_id_};
}

access::token_authority exchange::authority() const noexcept
{
    return {&c_.policy.validator, {}, c_.policy.shared.proofs.get(), c_.at.scheduler().slot_free()};
}

net::task<tokens::validator::awaited> exchange::obtain(const access::need& wanted)
{
    if (wanted.of == access::need::kind::verification_slot) {
        co_await c_.at.scheduler().verification_slot();
        co_return false;
    }
    // Verifying what an issuer's keys are missing for may have taken the slot already.
    if (evaluation_.found().verified)
        c_.at.scheduler().take_slot();
    const auto client = access::client_address(c_.policy.policy, c_.peer, c_.space.request.fields);
    issuer_wait wait(c_.policy.validator, wanted.issuer, evaluation_.found().taken->text,
                     client.value_or(net::address_bytes{}), c_.at.context());
    co_return co_await wait;
}

net::task<disposition> exchange::forward(policy::permit permit)
{
    const auto& v = evaluation_.found();
    // Observe mode changes nothing of what it would refuse.
    const bool as_it_came = permit.observed() || v.target.path.empty();
    const auto target = as_it_came ? target_as_sent(c_.space.request.target, v.target) : v.target;
    const auto nonce = nonce_lines(fresh_nonce(v.dpop));
    const forwarded_request request{framing_, target, v.token.get(), request_id_,
                                    v.taken,  nonce,  v.target.path};
    forwarding way(permit, c_, request);
    const auto end = co_await way.run();
    if (!end.responded && end.why != reason::client_gone) {
        policy::denial failed;
        failed.why = end.why;
        failed.matched = v.match.matched;
        co_return co_await refuse(std::move(failed));
    }
    const auto* const observed = v.observed ? &*v.observed : nullptr;
    const auto unenforced = observed != nullptr ? observed->why : failure(reason::allowed);
    record(end.status, end.why != reason::allowed ? end.why : unenforced, observed, permit.observed(),
           end.upstream);
    co_return end.then;
}

net::task<disposition> exchange::refuse(policy::denial d)
{
    const bool keep = framing_.keep_alive && !c_.ends_connection() && skip_body();
    compose_refusal(d, keep);
    const auto& row = responses::row(d.why);
    record(row.status, d.why, &d, false, std::nullopt);
    co_return co_await send_response(row.close || !keep);
}

void exchange::compose_refusal(const policy::denial& d, bool keep_alive)
{
    auto said = c_.policy.answers.make(d, request_id_);
    if (const auto nonce = fresh_nonce(d.dpop); !nonce.empty())
        said.add("DPoP-Nonce", nonce);
    responses::share(c_.policy.policy.cors, c_.space.request.fields, said);
    compose(said, keep_alive);
}

void exchange::compose(const responses::response& ours, bool keep_alive)
{
    auto& out = c_.space.lines;
    out.clear();
    std::optional<responses::response> told; // a client of HTTP/1.0 that is not told waits for the end
    if (keep_alive && !ours.close && c_.space.request.minor == 0)
        told.emplace(ours).add("Connection", "keep-alive");
    responses::write(told ? *told : ours, c_.space.request.method == "HEAD", keep_alive,
                     observe::http_date(observe::wall_now()), out);
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

// The same as lines of the API's answer. Whether an application of another origin may read it is the API's to
// say; that it may read this of it too, ours.
std::string exchange::nonce_lines(const std::string& nonce) const
{
    std::string lines;
    if (!nonce.empty())
        lines.append("DPoP-Nonce: ").append(nonce).append("\r\n");
    if (!nonce.empty() && !c_.policy.policy.cors.origins.empty())
        lines += "Access-Control-Expose-Headers: DPoP-Nonce\r\n";
    return lines;
}

net::task<disposition> exchange::refuse_unread(failure why)
{
    framing_ = {};
    if (request_id_.empty())
        name_request();
    policy::denial d;
    d.why = why;
    co_return co_await refuse(std::move(d));
}

net::task<disposition> exchange::give(responses::response ours)
{
    const bool keep = framing_.keep_alive && !c_.ends_connection() && skip_body();
    compose(ours, keep);
    const auto why = ours.status == 405 ? reason::wrong_method : reason::allowed;
    record(ours.status, why, nullptr, false, std::nullopt);
    co_return co_await send_response(!keep);
}

net::task<disposition> exchange::send_response(bool close)
{
    auto& out = c_.space.to_downstream;
    out.clear();
    out.add(c_.space.lines);
    co_await c_.at.scheduler().flush_point();
    if (!out.send_now(c_.downstream)) {
        const auto sent = co_await out.send(c_.downstream, c_.policy.policy.server.timeouts.body);
        if (sent != net::transfer::status::done)
            co_return disposition::close;
    }
    co_return close ? disposition::linger : disposition::keep_alive;
}

// A refused request's body must not be taken for the next request: it is passed over where it has come whole,
// otherwise the connection ends.
bool exchange::skip_body() noexcept
{
    switch (framing_.body.kind) {
    case http::body_kind::none:
        return true;
    case http::body_kind::length:
        if (framing_.body.length > c_.space.received.size())
            return false;
        c_.space.received.remove_prefix(static_cast<std::size_t>(framing_.body.length));
        return true;
    case http::body_kind::chunked:
    case http::body_kind::until_close:
        return false;
    }
    return false;
}

// The first fields of a head that is refused half-way may be the client's own, and those that the proxy put
// behind them are missing.
std::optional<net::address_bytes> exchange::address_from_proxies() const noexcept
{
    return has_head_ ? access::forwarded_address(c_.policy.policy, c_.peer, c_.space.request.fields)
                     : std::nullopt;
}

// For the log: the normalised path, or as it was sent where it was refused; empty where none came.
std::string_view exchange::path() const noexcept
{
    if (const auto normalized = evaluation_.found().target.path; !normalized.empty())
        return normalized;
    const auto sent = has_head_ ? c_.space.request.target : std::string_view{};
    return sent.starts_with('/') ? sent.substr(0, sent.find_first_of("?#")) : std::string_view{};
}

void exchange::record(unsigned status, failure why, const policy::denial* refusal, bool observed,
                      std::optional<std::chrono::microseconds> upstream)
{
    const auto& v = evaluation_.found();
    const auto& p = c_.policy.policy;
    if (!observe::is_logged(p.log.which, why))
        return;
    observe::request_record r;
    r.when = observe::wall_now();
    r.request_id = request_id_;
    r.client_request_id = client_request_id_;
    r.client = c_.peer.text;
    net::address_text_buffer address;
    if (const auto forwarded = address_from_proxies())
        r.forwarded_for = net::address_text(*forwarded, address);
    r.method = c_.space.request.method;
    r.path = path();
    r.match = &v.match;
    r.status = status;
    r.why = why;
    const auto said = v.said ? tokens::to_json(v.said->all()) : std::string();
    r.unverified = said;
    r.refusal = refusal;
    r.duration =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started_);
    r.upstream = upstream;
    r.observed = observed;
    if (v.token) {
        r.effective = &v.token->scopes.effective;
        r.subject = v.token->subject;
        r.client_id = v.token->client_id;
        r.issuer = p.issuers[v.token->issuer].issuer;
    }
    observe::log_request(p, r);
}

} // namespace scopegate::gate
