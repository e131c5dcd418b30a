#include "tokens/key_fetch.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "http/head_parser.hpp"
#include "tokens/discovery.hpp"
#include "tokens/issuer_access.hpp"

#include <charconv>
#include <exception>
#include <utility>

namespace scopegate::tokens {

namespace asio = boost::asio;

namespace {

// Returns the URL as it may be logged: its query may contain a key.
std::string without_query(const std::string& url)
{
    return url.substr(0, url.find('?'));
}

fetched_keys failed(std::string why, bool answered = false)
{
    fetched_keys f;
    f.answered = answered;
    f.text = std::move(why);
    return f;
}

// Returns what to do about the status of a server, if anything is known.
std::string_view hint_for(unsigned status, const policy::issuer_settings& issuer)
{
    const bool wants_token = (status == 401 || status == 403) && issuer.keys_token_file.empty();
    return wants_token ? "; if it wants a bearer token, name its file in keys_token_file" : "";
}

// Returns whether a response may be a forward proxy's own: only a tunnel tells its responses from the
// server's.
bool may_be_of_proxy(std::string_view url, const policy::issuer_settings& issuer)
{
    const auto to = parse_web_url(url);
    return to && !to->tls && issuer.proxies.of(*to) != nullptr;
}

fetched_keys fetched(net::http_response&& answer)
{
    fetched_keys f;
    f.ok = f.answered = true;
    f.text = std::move(answer.body);
    f.cache_control = std::move(answer.cache_control);
    return f;
}

} // namespace

key_fetch::key_fetch(const policy::issuer_settings& issuer)
    : issuer_(issuer),
      trusted_url_(issuer.keys.where == policy::key_location::kind::url ? issuer.keys.value : issuer.issuer),
      client_(access_to(issuer))
{
}

asio::awaitable<fetched_keys> key_fetch::run(bool awaited)
{
    fetched_keys outcome;
    try {
        outcome = co_await attempt(awaited);
    } catch (const std::exception& e) {
        outcome = failed(e.what());
    }
    if (!outcome.ok) {
        jwks_uri_.clear();
        if (!issuer_.ca_file.empty() || !issuer_.certificate_file.empty()) // their contents may have changed
            client_ = net::http_client(access_to(issuer_));
    }
    co_return outcome;
}

asio::awaitable<fetched_keys> key_fetch::attempt(bool awaited)
{
    if (issuer_.keys.where == policy::key_location::kind::url)
        co_return co_await get(issuer_.keys.value);
    const auto before = last_keys_;
    fetched_keys got;
    if (awaited && !jwks_uri_.empty()) {
        got = co_await get_keys();
        // After a failure the next attempt repeats the discovery.
        if (!got.answered || (got.ok && got.text != before))
            co_return got;
    }
    auto found = co_await discover();
    if (got.answered && (!found.ok || found.text == jwks_uri_))
        co_return got;
    if (found.ok)
        jwks_uri_ = std::move(found.text);
    else if (jwks_uri_.empty())
        co_return found;
    co_return co_await get_keys();
}

asio::awaitable<fetched_keys> key_fetch::get_keys()
{
    auto got = co_await get(jwks_uri_);
    got.refused = false; // the issuer has a discovery document, so it exists
    if (got.ok)
        last_keys_ = got.text;
    co_return got;
}

asio::awaitable<fetched_keys> key_fetch::discover()
{
    std::string why;
    auto detail = cause::none;
    bool refused = true;
    for (const auto& url : metadata_urls(issuer_.issuer)) {
        auto document = co_await get(url);
        if (document.ok) {
            auto uri = jwks_uri_of(document.text, issuer_);
            document.ok = uri.has_value();
            document.text = uri ? std::move(*uri) : url + ": " + uri.error().why;
        }
        if (document.ok)
            co_return document;
        why.append(why.empty() ? "" : "; ").append(document.text);
        detail = document.detail;
        refused = refused && document.refused;
        if (!document.answered) // the other URL is on the same host, and would wait for its timeout too
            break;
    }
    auto nothing =
        failed(why.empty() ? "the issuer is not a URL that keys can be discovered from" : std::move(why));
    nothing.detail = detail;
    nothing.refused = refused;
    co_return nothing;
}

asio::awaitable<fetched_keys> key_fetch::get(std::string url)
{
    net::http_request request(url);
    if (!issuer_.keys_token_file.empty() && may_have_token(url, trusted_url_)) {
        auto token = read_token_file(issuer_.keys_token_file);
        if (!token)
            co_return failed(issuer_.keys_token_file + ": " + token.error().why);
        request.authorization = bearer_authorization(*token);
    }
    auto answer = co_await client_.send(std::move(request));
    if (!answer) {
        auto without = failed(without_query(url) + ": " + answer.error().why);
        without.detail = answer.error().detail;
        co_return without;
    }
    if (answer->status != 200) {
        auto without = failed(without_query(url) + ": returned status " + std::to_string(answer->status) +
                                  std::string(hint_for(answer->status, issuer_)),
                              true);
        const bool none = answer->status == 400 || answer->status == 404 || answer->status == 410;
        without.refused = none && !may_be_of_proxy(url, issuer_);
        co_return without;
    }
    co_return fetched(std::move(*answer));
}

std::optional<std::chrono::seconds> max_age_of(std::string_view cache_control)
{
    std::optional<std::chrono::seconds> age;
    http::for_each_element(cache_control, [&](std::string_view directive) {
        constexpr std::string_view name = "max-age=";
        if (iequals(directive, "no-store") || iequals(directive, "no-cache"))
            age = std::chrono::seconds(0);
        if (age || !iequals(directive.substr(0, name.size()), name))
            return;
        unsigned seconds = 0;
        const auto digits = directive.substr(name.size());
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
        if (end == digits.data() + digits.size() && error == std::errc{})
            age = std::chrono::seconds(seconds);
    });
    return age;
}

} // namespace scopegate::tokens
