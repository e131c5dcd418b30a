// Responses of an issuer's endpoints: a token is active only if the response states so explicitly. Keys come
// only from protected addresses of the intended issuer.
#include "fuzz/fuzz.hpp"

#include "base/url.hpp"
#include "jose/claims.hpp"
#include "tokens/discovery.hpp"
#include "tokens/introspection.hpp"

namespace json = scopegate::json;
namespace tokens = scopegate::tokens;
using scopegate::reason;
using scopegate::fuzz::check;

namespace {

const std::string issuer = "https://a.example/";
const scopegate::wall_time now{std::chrono::seconds(1'700'000'000)};

void check_introspection(std::string_view body)
{
    const auto result = tokens::read_introspection(body);
    const auto parsed = json::parse(body);
    const auto* active = parsed ? parsed->find("active") : nullptr;
    check(result.has_value() == (active != nullptr && active->if_bool() == true));
    const bool unavailable = !result && result.error() == reason::introspection_unavailable;
    check(unavailable == (!parsed || parsed->if_object() == nullptr));
    if (!result)
        return;
    check(*result == *parsed);
    const json::path aud("aud");
    const std::vector<std::pair<json::path, std::vector<json::value>>> required;
    const scopegate::jose::claim_rules rules{issuer, aud, {}, required};
    if (!scopegate::jose::check_introspected(*result, rules, now))
        return;
    if (const auto* exp = result->find("exp"))
        check(exp->if_number().value() > 1'700'000'000 - 30.0);
    if (const auto* iss = result->find("iss"))
        check(iss->if_string() != nullptr && *iss->if_string() == issuer);
}

void check_discovery(std::string_view document)
{
    scopegate::policy::issuer_settings settings;
    settings.issuer = issuer;
    const auto uri = tokens::jwks_uri_of(document, settings);
    if (!uri) {
        check(!uri.error().why.empty());
        return;
    }
    const auto url = scopegate::parse_web_url(*uri);
    check(url.has_value() && url->is_plain() && url->is_protected() &&
          json::parse(document, {1024 * 1024, 16})->find("issuer") != nullptr);
}

void check_request(std::string_view token)
{
    scopegate::policy::issuer_settings issuing;
    auto& settings = issuing.introspection.emplace();
    settings.url = "https://a.example/introspect";
    settings.client_id = "id";
    settings.client_secret = scopegate::secret(std::string(token));
    const auto request = tokens::introspection_request(issuing, token, now);
    for (const char c : request.form)
        check(c > ' ' && c < 0x7F);
    check(request.form.ends_with("&token_type_hint=access_token") &&
          request.form.find('&') == request.form.rfind('&'));
    (void)tokens::form_of(token);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto text = scopegate::fuzz::text_of(bytes, size);
    check_introspection(text);
    check_discovery(text);
    check_request(text);
    for (const auto& url : tokens::metadata_urls(text))
        check(scopegate::parse_web_url(url).has_value());
    return 0;
}
