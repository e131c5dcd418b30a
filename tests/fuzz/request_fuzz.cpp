// The head that the API gets, for any client and token: it is one request with the framing and target that
// were decided about. It contains our fields about the client and no others, and no token from the query or a
// cookie.
#include "fuzz/fuzz.hpp"

#include "gate/request_lines.hpp"
#include "gate/worker.hpp"
#include "http1/client_request.hpp"
#include "support/policy_from_yaml.hpp"
#include "tokens/places/places.hpp"

#include <algorithm>

#include <sys/socket.h>

using namespace scopegate;
using fuzz::check;

namespace {

constexpr std::string_view file = R"(
upstream:
  url: http://127.0.0.1:3000
  headers: {X-Auth-Subject: sub, X-Auth-Client: client_id, X-Auth-Scopes: scopes, X-Tenant: /tenant/id}
issuers: [{issuer: https://a.example/, audience: https://b.example, keys: https://a.example/keys}]
scopes: {a: A, b: B}
routes: {"/{all...}": {ANY: public}}
tokens: {from: [header, "cookie:t", "query:access_token", websocket]}
server: {trusted_proxies: [10.0.0.0/8]}
)";

// The data plane as far as a request's head needs it: no thread runs, and the test reads the sent bytes at
// the other end.
class data_plane final {
public:
    data_plane()
    {
        check(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_) == 0);
        stream_.reset(new net::stream(worker_.context(), ends_[0], times_));
        upstream_.emplace(stream_, buffers_, std::make_unique<no_reports>());
    }
    [[nodiscard]] const policy::policy& policy() const noexcept { return *policy_; }
    [[nodiscard]] http1::client_request client(gate::workspace& space, const net::peer& peer,
                                               const http::request_framing& framing)
    {
        return {stream_, peer, space, kept_, framing};
    }
    [[nodiscard]] gate::exchange_context context(gate::workspace& space, wire::client_side& client)
    {
        return {worker_, client, space, *snapshot_};
    }
    [[nodiscard]] wire::upstream_side& upstream() { return *upstream_; }
    [[nodiscard]] std::string sent()
    {
        check(upstream_->flush() == wire::flush_result::done);
        std::string bytes(64UL * 1024, '\0');
        const auto got = ::recv(ends_[1], bytes.data(), bytes.size(), MSG_DONTWAIT);
        check(got > 0);
        bytes.resize(static_cast<std::size_t>(got));
        return bytes;
    }

private:
    std::shared_ptr<const policy::policy> policy_ = test::policy_from_yaml(file);
    gate::shared_counters counters_;
    gate::shared_snapshot shared_{policy_, std::make_shared<const responses::response_book>(*policy_),
                                  tokens::key_store::offline(policy_)};
    gate::worker worker_{counters_, shared_};
    net::deadlines times_;
    net::buffer_pool buffers_;
    gate::snapshot_ptr snapshot_{new gate::snapshot({worker_.context(), times_, buffers_}, shared_)};
    int ends_[2] = {};
    net::stream_ptr stream_;
    struct no_reports final : http1::connection_reports {
        void on_tls_failure(const std::string&) override {}
        void on_first_response() override {}
        void on_end_without_response(cause) override {}
    };
    struct : wire::connection_end {
        [[nodiscard]] bool is_due() const noexcept override { return false; }
    } kept_;
    std::optional<http1::upstream_connection> upstream_;
};

std::string only(const http::field_list& fields, std::string_view name)
{
    std::string found;
    unsigned count = 0;
    for (const auto& f : fields)
        if (http::same_field_name(f.name, name))
            found = f.value, ++count;
    check(count == 1);
    return found;
}

std::string identity_of(const http::field_list& fields)
{
    std::string lines;
    for (const auto& f : fields)
        for (const auto* ours :
             {"X-Auth-Subject", "X-Auth-Client", "X-Auth-Scopes", "X-Auth-Issuer", "X-Tenant"})
            if (http::same_field_name(f.name, ours))
                lines += f.line;
    return lines;
}

void check_sent(std::string_view bytes, const gate::exchange_context& c,
                const gate::forwarded_request& request)
{
    const auto& facts = c.client.facts();
    std::size_t scanned = 0;
    const auto size = http::find_head_end(bytes, scanned, {0, 0}, true);
    check(size.has_value() && *size == bytes.size()); // one head and no bytes behind it
    http::request_head head;
    check(http::parse_request_head(bytes, {0, 0}, head).has_value());
    check(head.method == c.client.head().method && head.minor == 1);
    const auto query = head.target.substr(std::min(head.target.find('?'), head.target.size()));
    check(head.target.substr(0, head.target.size() - query.size()) == request.target.path);
    const auto framing = http::frame_request(head);
    check(framing.has_value() && (framing->body.kind != http::body_kind::none) == facts.has_body);
    check(framing->body.length == facts.body_length.value_or(0));
    check((framing->body.kind == http::body_kind::length) == facts.body_length.has_value());
    check(facts.host.empty() || framing->host == facts.host);
    check(framing->upgrade_websocket == facts.opens_websocket);
    check(identity_of(head.fields) == (request.token ? request.token->identity_lines : ""));
    check(only(head.fields, "X-Forwarded-For").ends_with(c.client.connection().peer->text));
    check(only(head.fields, "X-Request-Id") == request.request_id);
    const std::string_view via = facts.version == "1.0" ? "1.0 scopegate" : "1.1 scopegate";
    check(std::any_of(head.fields.begin(), head.fields.end(),
                      [via](const http::field& f) { return f.value == via; }));
    if (!request.taken || request.taken->from_header)
        return;
    check(only(head.fields, "Authorization") == "Bearer " + std::string(request.taken->text));
    tokens::places::for_each_parameter(query, [&](std::string_view part) {
        check(!tokens::places::is_alike(part.substr(0, part.find('=')), "access_token"));
    });
    for (const auto& f : head.fields)
        if (f.id == http::field_id::cookie)
            tokens::places::for_each_cookie(f.value, [&](std::string_view part) {
                check(!tokens::places::is_alike(part.substr(0, part.find('=')), "t"));
            });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static data_plane plane;
    static net::buffer_pool buffers;
    static gate::workspace space(buffers);
    const auto in = fuzz::split_settings(bytes, size);
    std::size_t scanned = 0;
    const auto head_size = http::find_head_end(in.bytes, scanned, {4096, 64}, true);
    if (!head_size || *head_size == 0 ||
        !http::parse_request_head(in.bytes.substr(0, *head_size), {0, 0}, space.request))
        return 0;
    const auto& head = space.request;
    const auto framing = http::frame_request(head);
    const auto target =
        http::normalize_target(head.target, head.method, plane.policy().paths, space.scratch.target);
    if (!framing || !target)
        return 0;
    const auto taken = tokens::take_token(
        plane.policy().tokens, {head.fields, target->query, framing->upgrade_websocket}, space.scratch.token);
    if (taken ? !tokens::is_b64token(taken->text) : taken.error() != reason::no_token)
        return 0;
    tokens::token_ptr token; // its claims are the bytes behind the head
    if (auto claims = json::parse(in.bytes.substr(*head_size)); claims && claims->if_object() && taken)
        token = tokens::interpret_claims(plane.policy(), 0, std::move(*claims));
    net::peer peer;
    peer.text = in.has(0) ? "10.1.2.3" : "192.0.2.1";
    peer.is_ip = true;
    peer.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 1, 2, 3};
    if (!in.has(0))
        peer.address[12] = 192;
    auto client = plane.client(space, peer, *framing);
    const auto context = plane.context(space, client);
    const gate::forwarded_request request{
        plane.policy().settings_of(nullptr),          *target, token.get(), "id-1",
        taken ? std::optional(*taken) : std::nullopt, {},      {}};
    if (gate::prepare_request(context, request, plane.upstream(), {}))
        check_sent(plane.sent(), context, request);
    return 0;
}
