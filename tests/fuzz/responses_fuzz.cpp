// Responses: whatever scopes, realm, claims and names a policy has, a response is one head that our own
// parser accepts. It has exactly the fields that belong there, a well-formed challenge, and a body of strict
// JSON.
#include "fuzz/fuzz.hpp"

#include "http/chars.hpp"
#include "http/framing.hpp"
#include "responses/cors.hpp"
#include "responses/metadata.hpp"
#include "responses/response_book.hpp"

#include <algorithm>

namespace responses = scopegate::responses;
namespace http = scopegate::http;
namespace json = scopegate::json;
namespace policy = scopegate::policy;
using scopegate::reason;
using scopegate::fuzz::check;

namespace {

// Takes names from the input: a byte states the length of each.
class names final {
public:
    explicit names(std::string_view from) : left_(from) {}
    std::string next()
    {
        if (left_.empty())
            return {};
        const std::size_t size = static_cast<unsigned char>(left_.front()) % 64U;
        std::string name(left_.substr(1, size));
        left_.remove_prefix(std::min(left_.size(), size + 1));
        return name;
    }

private:
    std::string_view left_;
};

void fill(policy::policy& p, names from)
{
    auto& issuer = p.issuers.emplace_back();
    issuer.audience = {from.next()};
    issuer.issuer = from.next();
    p.metadata.resource = from.next();
    p.metadata.name = from.next();
    p.cors.origins = {"https://app.example"};
    auto& route = p.routes.emplace_back();
    route.allow = "GET, HEAD";
    auto& needs = route.methods.emplace_back("GET", policy::requirement{}).second;
    needs.index = p.requirement_count++;
    needs.conditions.emplace_back(policy::acr_condition{{from.next(), from.next()}});
    needs.conditions.emplace_back(policy::max_age_condition{std::chrono::seconds(60)});
    needs.needs = policy::requirement::kind::scopes;
    needs.alternatives.resize(2);
    for (auto name = from.next(); !name.empty() && p.scopes.size() < 8; name = from.next()) {
        for (char& c : name) // bytes that are not UTF-8 would all be written as the same character
            c = static_cast<char>(c & 0x7F);
        if (!p.scopes.find(name)) {
            const auto id = p.scopes.add(name, from.next());
            auto& a = needs.alternatives[id % 2U];
            a.in_order.push_back(id);
            a.scopes.insert(id);
        }
    }
}

// Checks `Scheme name="value", name="value"`, the grammar of RFC 9110 section 11.6.1.
void check_challenge(std::string_view text)
{
    text.remove_prefix(std::min(text.find(' '), text.size()));
    for (std::string_view separator = " "; !text.empty(); separator = ", ") {
        check(text.starts_with(separator));
        text.remove_prefix(separator.size());
        const auto equals = text.find('=');
        check(equals != std::string_view::npos && http::is_token(text.substr(0, equals)));
        text.remove_prefix(equals + 1);
        check(text.starts_with('"'));
        std::size_t end = 1;
        while (end < text.size() && text[end] != '"')
            end += text[end] == '\\' ? 2 : 1;
        check(end < text.size());
        text.remove_prefix(end + 1);
    }
}

// Every field that one of our responses may have.
constexpr std::string_view ours[] = {"Content-Type",
                                     "Cache-Control",
                                     "WWW-Authenticate",
                                     "Allow",
                                     "Retry-After",
                                     "Vary",
                                     "Access-Control-Allow-Origin",
                                     "Access-Control-Allow-Credentials",
                                     "Access-Control-Allow-Methods",
                                     "Access-Control-Allow-Headers",
                                     "Access-Control-Max-Age",
                                     "Access-Control-Expose-Headers",
                                     "Date",
                                     "Content-Length",
                                     "Connection"};

void check_written(const responses::response& a, std::string_view bytes)
{
    std::size_t scanned = 0;
    const auto size = http::find_head_end(bytes, scanned, {0, 0}, false);
    check(size.has_value() && *size > 0);
    http::response_head head;
    check(http::parse_response_head(bytes.substr(0, *size), {0, 0}, head).has_value());
    check(head.status == a.status && !head.phrase.empty());
    const auto framing = http::frame_response(head, "GET");
    check(framing.has_value() && framing->keep_alive == !a.close);
    check(framing->body.length == a.body.size() && bytes.substr(*size) == a.body);
    // The head has our fields, Date and Content-Length (except in a 204), and Connection if it ends. No name
    // may have added a line.
    check(head.fields.size() ==
          responses::fields_of(a).size() + 1 + (a.status == 204 ? 0U : 1U) + (a.close ? 1U : 0U));
    for (const auto& f : head.fields) {
        check(std::count(std::begin(ours), std::end(ours), f.name) == 1);
        if (f.name == "WWW-Authenticate")
            check_challenge(f.value);
    }
    if (!a.body.empty())
        check(json::parse(a.body).has_value());
}

void check_answer(const responses::response& a)
{
    std::string whole, head_only;
    responses::write(a, false, true, "Thu, 01 Jan 1970 00:00:00 GMT", whole);
    responses::write(a, true, true, "Thu, 01 Jan 1970 00:00:00 GMT", head_only);
    check(whole == head_only + a.body);
    check_written(a, whole);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto in = scopegate::fuzz::split_settings(bytes, size);
    policy::policy p;
    fill(p, names(in.bytes));
    const responses::response_book book(p);
    policy::denial d;
    d.matched = &p.routes.front();
    d.needs = &d.matched->methods.front().second;
    d.alternative = in.has(0) ? 1 : 0;
    d.missing = d.needs->alternatives[d.alternative].scopes;
    d.why = static_cast<reason>(1U + (in.settings / 2U) % (scopegate::reason_count - 1U));
    check_answer(book.make(d, "id-1"));
    for (const auto* method : {"GET", "HEAD", "OPTIONS", "PUT"})
        check_answer(book.make_metadata(responses::metadata_well_known, method, "id-1"));

    http::request_head asked; // a preflight with fields that the client chose
    if (http::parse_field_lines(in.bytes, 0, asked.fields)) {
        asked.method = "OPTIONS";
        asked.target = "/";
        std::string scratch;
        if (responses::is_preflight(p, asked.method, asked.fields))
            if (const auto made = responses::respond_to_preflight(
                    p, asked.fields, http::normalize_target("/", "OPTIONS", p.paths, scratch));
                std::holds_alternative<responses::response>(made))
                check_answer(std::get<responses::response>(made));
        auto a = book.make(d, "id-1");
        responses::add_cors_fields(p.cors, asked.fields, a);
        check_answer(a);
    }
    return 0;
}
