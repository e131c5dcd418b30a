#include "cli/presented_request.hpp"

#include "base/percent.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/commands.hpp"
#include "http/chars.hpp"
#include "http/framing.hpp"
#include "tokens/introspection.hpp"

#include <algorithm>

namespace scopegate::cli {

namespace {

// Replaces characters that would end the token in a cookie or a list of protocols with one that is invalid
// there. Otherwise a part of the token could pass for a token.
std::string in_one_piece(std::string_view token)
{
    std::string out(token);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c == ';' || c == ',' || c == '"' || c <= ' '; }, '?');
    return out;
}

std::string percent_encoded(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (http::is(http::char_class::unreserved, c))
            out += c;
        else
            append_triplet(out, c);
    }
    return out;
}

// Returns the authority of an absolute-form target. Empty for a mere path, which leaves the host open.
std::string_view host_of(std::string_view target) noexcept
{
    const auto parts = split_url(target);
    return parts ? parts->authority : std::string_view{};
}

} // namespace

presented_request::presented_request(std::string_view method, std::string_view target)
    : method_(method), target_(target)
{
}

void presented_request::add_header(std::string_view line)
{
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || line.find_first_of("\r\n") != std::string_view::npos ||
        !http::is_token(line.substr(0, colon)))
        throw usage_error("--header needs a name and a value, such as 'Origin: https://app.example'");
    add(line.substr(0, colon), line.substr(colon + 1));
}

void presented_request::set_peer(const std::string& address)
{
    const auto parsed = net::parse_address(address);
    if (!parsed)
        throw usage_error("--from needs an IP address, not '" + address + "'");
    auto& made = peer_.emplace();
    made.text = address;
    made.is_ip = true;
    made.address = *parsed;
}

void presented_request::add_token(const policy::token_settings& places, std::string_view token)
{
    if (places.header) {
        add("Authorization", "Bearer " + in_one_piece(token));
    } else if (!places.cookies.empty()) {
        add("Cookie", places.cookies.front() + "=" + in_one_piece(token));
    } else if (!places.queries.empty()) {
        target_ += target_.find('?') == std::string::npos ? '?' : '&';
        target_ += places.queries.front() + "=" + percent_encoded(token);
    } else if (places.websocket) {
        add("Connection", "Upgrade");
        add("Upgrade", "websocket");
        add("Sec-WebSocket-Protocol", "bearer, " + in_one_piece(token));
    }
}

void presented_request::add(std::string_view name, std::string_view value)
{
    lines_.append(name).append(": ").append(
        value.substr(std::min(value.find_first_not_of(" \t"), value.size())));
    lines_ += "\r\n";
}

result<access::question> presented_request::as_question()
{
    head_ = {};
    if (const auto parsed = http::parse_field_lines(lines_, 0, head_.fields); !parsed)
        throw usage_error("a --header is malformed (" + std::string(name(parsed.error().detail)) + ")");
    head_.method = method_;
    head_.target = target_;
    head_.minor = 1;
    auto framed_head = head_;
    const auto authority = host_of(target_);
    const bool names_host = http::find(head_.fields, http::field_id::host) != nullptr;
    if (!names_host) { // the proxy wants one, and here it may be left open
        auto& host = framed_head.fields.emplace_back();
        host.name = "Host";
        host.id = http::field_id::host;
        host.value = authority.empty() ? "localhost" : authority;
    }
    const auto framed = http::frame_request(framed_head);
    if (!framed)
        return framed.error();
    access::question asked;
    asked.method = method_;
    asked.target = target_;
    asked.host = names_host ? framed->host : authority;
    asked.fields = &head_.fields;
    if (peer_)
        asked.client.peer = &*peer_;
    asked.websocket = framed->upgrade_websocket;
    return asked;
}

std::optional<std::string> claimed_issuer(std::string_view token)
{
    const auto rest = token.substr(std::min(token.find('.'), token.size() - 1) + 1);
    const auto claims = tokens::object_in(rest.substr(0, rest.find('.')));
    const auto* iss = claims ? claims->find("iss") : nullptr;
    const auto* text = iss != nullptr ? iss->if_string() : nullptr;
    return text != nullptr ? std::optional(*text) : std::nullopt;
}

} // namespace scopegate::cli
