// For every valid file and every request, `explain` reports the proxy's decision with a matching response, in
// JSON that parses. All other readers of the decision (access log, responses, preflight) must cope with
// fields that it leaves out. Each byte of the input is one choice of the generator.
#include "fuzz/fuzz.hpp"

#include "access/authorities.hpp"
#include "access/explain.hpp"
#include "config/load.hpp"
#include "observe/access_log.hpp"
#include "responses/cors.hpp"

#include <algorithm>
#include <array>
#include <utility>

using namespace scopegate;
using fuzz::check;

namespace {

constexpr wall_time noon{std::chrono::seconds(1'800'000'000)};

class choices final {
public:
    explicit choices(std::string_view bytes) noexcept : left_(bytes) {}
    [[nodiscard]] bool empty() const noexcept { return left_.empty(); }
    unsigned below(std::size_t end) noexcept
    {
        if (left_.empty())
            return 0;
        const auto byte = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        return byte % static_cast<unsigned>(end);
    }
    bool one_in(unsigned n) noexcept { return below(n) == 1; }
    template <std::size_t N>
    std::string pick(const std::array<std::string_view, N>& from) noexcept
    {
        return std::string(from[below(N)]);
    }
    std::string bytes()
    {
        const std::size_t wanted = below(32); // takes a byte itself
        const auto size = std::min(wanted, left_.size());
        std::string out(left_.substr(0, size));
        left_.remove_prefix(size);
        return out;
    }

private:
    std::string_view left_;
};

constexpr std::array<std::string_view, 26> templates = {
    "/",
    "/a",
    "/a/",
    "/A",
    "/a/{id}",
    "/a/export",
    "/a/{id}/x",
    "/a/b/c",
    "/{all...}",
    "/{one}",
    "/files/{p...}",
    "/users/{user}",
    "/users/me",
    "/open",
    "/users/{user}/x/{id}",
    "/doc.json",
    "/%C3%A9tat",
    "/.well-known/oauth-protected-resource",
    "/users/{user}:x",
    "/users/{user}:{id}",
    "/users/{user}.json",
    "/a/v{id}-b",
    "/a/{user}-{id}",
    "/a/{id}-b",
    "/{one}.json",
    "/files/a({p-q})",
};
// Methods that a file can list, then others.
constexpr std::array<std::string_view, 13> methods = {"GET",    "POST",  "ANY",     "HEAD", "PUT",
                                                      "DELETE", "PATCH", "OPTIONS", "MINE", "CONNECT",
                                                      "TRACE",  "get",   "Post"};
constexpr std::size_t listable_methods = 9;
constexpr std::array<std::string_view, 10> needs = {
    "public",
    "authenticated",
    "read:a",
    "write:a",
    "[read:a, write:a]",
    "{any: [admin, [read:a, write:a]]}",
    "{scopes: read:a, mode: observe}",
    "{scopes: authenticated, max_age: 5m}",
    "{scopes: read:a, acr: [strong, stronger]}",
    "{scopes: {any: [read:a, write:a]}, max_age: 1h, acr: [strong]}",
};
// The generator makes one choice from each row.
constexpr std::array<std::array<std::string_view, 4>, 8> settings = {{
    {"mode: observe\n", "mode: observe\n", "", ""},
    {"unlisted: authenticated\n", "", "", ""},
    {"paths: {case: exact}\n", "paths: {encoded_slash: keep, semicolon: keep}\n", "", ""},
    {"metadata: off\n", "metadata: {resource: \"https://b.test/deep/er\"}\n", "", ""},
    {"tokens: {dpop: off}\n", "tokens: {dpop: require}\n",
     "tokens: {from: [header, \"cookie:t\", \"query:t\", websocket], dpop: {nonce: true}}\n", ""},
    {"limit: {permissions: permissions}\n",
     "limit: {roles: {claim: roles, allow: {viewer: [read:a], none: []}}}\n",
     "limit: {permissions: p, roles: {claim: roles, allow: {viewer: [read:a]}}, absent: all}\n", ""},
    {"cors: {origins: [\"https://app.test\"], credentials: true}\n", "cors: {origins: [\"*\"]}\n", "", ""},
    {"server: {external_url: \"https://a.test\"}\n", "server: {hosts: [b.test]}\n", "", ""},
}};

// Returns a requirement, with a condition on a parameter if the template has one.
std::string some_needs(choices& choose, std::string_view pattern)
{
    constexpr std::array<std::string_view, 4> claims = {"sub", "/x/y", "scope", "acr"};
    for (const std::string_view name : {"user", "id", "one"})
        if (choose.one_in(3) && pattern.find("{" + std::string(name) + "}") != std::string_view::npos)
            return "{scopes: " + std::string(choose.one_in(2) ? "authenticated" : "read:a") + ", where: {" +
                   std::string(name) + ": " + choose.pick(claims) + "}" +
                   (choose.one_in(2) ? ", mode: observe}" : "}");
    return choose.pick(needs);
}

std::string some_file(choices& choose)
{
    std::string out =
        "upstream: http://127.0.0.1:3000\n"
        "issuers:\n"
        "  - {issuer: \"https://i.test\", audience: \"https://a.test\", keys: \"https://i.test/k\"}\n"
        "  - {issuer: \"https://j.test\", audience: b, keys: \"https://j.test/k\", scope_claims: [scp]}\n"
        "scopes: {read:a: A, write:a: B, admin: {implies: [\"*:a\"]}}\n";
    for (const auto& row : settings)
        out += row[choose.below(row.size())];
    out += "routes:\n";
    std::array<bool, templates.size()> listed{};
    for (auto n = 1 + choose.below(5); n > 0; --n) {
        const auto at = choose.below(templates.size());
        if (std::exchange(listed[at], true))
            continue;
        out.append("  \"").append(templates[at]).append("\":\n");
        const auto first = choose.below(listable_methods);
        for (auto i = first; i < listable_methods && i <= first + choose.below(3); ++i)
            out.append("    ")
                .append(methods[i])
                .append(": ")
                .append(some_needs(choose, templates[at]))
                .append("\n");
    }
    return out;
}

std::string some_target(choices& choose)
{
    constexpr std::array<std::string_view, 38> parts = {
        "a",         "A",     "b",     "c",        "export",      "EXPORT",
        "x",         "users", "me",    "me.json",  "open",        "files",
        "..",        ".",     "",      "%2e",      "%2F",         "%41",
        "a;b",       "a%00",  "a%20",  "doc.json", "doc",         "%C3%A9tat",
        "%C3%89tat", "%",     "a\\b",  "ann",      ".well-known", "oauth-protected-resource",
        "7:x",       "7:8:x", "7%3Ax", "a-b",      "v1-b",        "a(1)",
        "1.json",    ":x",
    };
    if (choose.one_in(16))
        return choose.bytes();
    std::string out = choose.one_in(16) ? "http://a.test" : "";
    if (choose.one_in(32))
        return out + "*";
    for (auto n = 1 + choose.below(4); n > 0; --n)
        out.append("/").append(choose.pick(parts));
    if (choose.one_in(4))
        out.append("?").append(choose.one_in(2) ? "t=abc&t=d" : choose.bytes());
    return out;
}

std::string some_fields(choices& choose)
{
    constexpr std::array<std::string_view, 14> lines = {
        "Authorization: Bearer abc",
        "Authorization: DPoP abc",
        "Authorization: Basic abc",
        "Authorization: Bearer",
        "Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
        "Cookie: t=abc; t=def",
        "X-HTTP-Method-Override: DELETE",
        "X-HTTP-Method-Override: GET",
        "DPoP: abc",
        "Host: a.test",
        "Origin: https://app.test",
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: x-a, x-b",
        "Sec-WebSocket-Protocol: bearer, abc",
    };
    std::string out;
    for (auto n = choose.below(4); n > 0; --n)
        out.append(choose.one_in(16) ? "X: " + choose.bytes() : choose.pick(lines)).append("\r\n");
    return out;
}

tokens::token_ptr some_token(const policy::policy& p, choices& choose)
{
    constexpr std::array<std::string_view, 16> claims = {
        R"("scope":"read:a")",
        R"("scope":"read:a write:a undeclared")",
        R"("scp":["read:a","admin"])",
        R"("scope":7)",
        R"("sub":"ann")",
        R"("sub":"me.json")",
        R"("sub":null)",
        R"("acr":"strong")",
        R"("acr":["strong"])",
        R"("auth_time":1799999990)",
        R"("auth_time":"x")",
        R"("roles":["viewer"])",
        R"("permissions":["read:a"])",
        R"("x":{"y":"a"})",
        R"("client_id":"c")",
        R"("cnf":{"jkt":"abc"})",
    };
    if (!choose.one_in(2))
        return {};
    std::string text = "{";
    for (auto n = choose.below(5); n > 0; --n)
        text.append(text.size() > 1 ? "," : "").append(choose.pick(claims));
    auto parsed = json::parse(text + "}");
    return parsed ? tokens::interpret_claims(p, choose.below(p.issuers.size()), std::move(*parsed)) : nullptr;
}

bool are_among(const std::vector<std::string>& some, const std::vector<std::string>& all)
{
    return std::all_of(some.begin(), some.end(), [&](const std::string& one) {
        return std::find(all.begin(), all.end(), one) != all.end();
    });
}

void check_json(const access::explanation& e)
{
    const auto parsed = json::parse(access::to_json(e));
    check(parsed.has_value());
    check(parsed->find("decision")->scalar_text() == (e.allowed ? "allow" : "deny"));
    check(parsed->find("reason")->scalar_text() == name(e.why));
    check(parsed->find("steps")->if_array()->size() == e.steps.size());
    check(parsed->find("answer")->is_null() == !e.answer.has_value());
}

// The rest of the explanation fits the decision.
void check_facts(const access::explanation& e)
{
    check(!e.steps.empty());
    check(e.allowed == (e.why == reason::allowed) && !(e.allowed && e.observed));
    check((e.line > 0) == !e.file.empty() && (e.route.empty() || e.line > 0));
    check(e.alternatives.empty() || e.alternative <= e.alternatives.size());
    check(are_among(e.missing_scopes, e.required_scopes()));
    check(e.allowed || std::any_of(e.steps.begin(), e.steps.end(), [](const auto& s) { return !s.holds; }));
    check(e.allowed || (e.answer && e.answer->status == responses::row(e.why).status));
}

void check_log_line(const policy::policy& p, const access::findings& v, const policy::denial* refused,
                    const access::question& asked)
{
    observe::request_record r;
    r.request_id = "id-1";
    r.method = asked.method;
    r.match = &v.match;
    r.refusal = refused;
    r.why = r.refusal != nullptr ? r.refusal->why : scopegate::failure(reason::allowed);
    if (v.token)
        r.effective = &v.token->scopes.effective;
    std::string line;
    observe::append_request_line(p, r, {}, line);
    check(json::parse(line).has_value());
}

void ask(const policy::policy& p, const responses::response_book& book, choices& choose)
{
    const auto method = choose.one_in(16) ? std::string("M") : choose.pick(methods);
    const auto target = some_target(choose);
    const auto lines = some_fields(choose);
    http::field_list fields;
    if (!http::parse_field_lines(lines, 0, fields))
        fields.clear();
    access::token_authority authority;
    authority.given = some_token(p, choose);
    const access::question asked{method, target, "a.test", &fields, choose.one_in(8)};

    const auto e = access::explain(p, book, asked, authority, noon);
    check_facts(e);
    check_json(e);
    access::access_scratch scratch;
    access::evaluation machine(p, book, scratch);
    const auto decided = machine.start(asked, authority, noon);
    const auto& found = machine.found();
    const auto* denied = found.observed ? &*found.observed : std::get_if<policy::denial>(&decided);
    check_log_line(p, found, denied, asked);
    check(!std::holds_alternative<access::need>(decided));
    if (std::holds_alternative<responses::response>(decided)) {
        check(e.answer.has_value());
        return;
    }
    check(e.allowed == (denied == nullptr) && e.token_seen == (found.token != nullptr));
    check(e.allowed ? !e.answer : e.why == denied->why);
    check(e.observed == found.observed.has_value());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    choices choose(fuzz::text_of(bytes, size));
    const auto file = some_file(choose);
    const auto loaded =
        config::load_text(file, "/nonexistent/routes.yaml", [](const std::string&) { return std::nullopt; });
    if (!loaded.policy)
        return 0;
    const responses::response_book book(*loaded.policy);
    for (int n = 0; n < 8 && !choose.empty(); ++n)
        ask(*loaded.policy, book, choose);
    return 0;
}
