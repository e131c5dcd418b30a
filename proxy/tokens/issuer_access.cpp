#include "tokens/issuer_access.hpp"

#include "base/regular_file.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "tokens/token_source.hpp"

#include <algorithm>
#include <stdexcept>

namespace scopegate::tokens {

net::http_access access_to(const policy::issuer_settings& issuer)
{
    net::http_access access;
    access.ca_file = issuer.ca_file;
    access.certificate_file = issuer.certificate_file;
    access.key_file = issuer.key_file;
    access.plain_http = issuer.insecure_http;
    access.proxies = issuer.proxies;
    return access;
}

bool may_have_token(std::string_view url, std::string_view trusted)
{
    const auto to = parse_web_url(url), origin = parse_web_url(trusted);
    return to && origin && to->is_protected() && to->tls == origin->tls && to->port == origin->port &&
           iequals(to->host, origin->host);
}

void throw_exception_from_error(const token_file_problem& p, const boost::source_location&)
{
    throw std::runtime_error(p.why);
}

boost::system::result<secret, token_file_problem> read_token_file(const std::string& path)
{
    constexpr std::size_t largest = 64 * 1024;
    constexpr auto blanks = " \t\r\n";
    auto content = read_regular_file(path, largest);
    const wiped_at_end wiped(content.text);
    if (!content.problem.empty())
        return token_file_problem{content.problem};
    std::string_view text = content.text;
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    text = text.substr(0, text.find_last_not_of(blanks) + 1);
    if (!is_b64token(text))
        return token_file_problem{"it does not hold a bearer token and nothing else"};
    return secret(std::string(text));
}

std::string bearer_authorization(const secret& token)
{
    constexpr std::string_view scheme = "Bearer ";
    std::string out;
    out.reserve(scheme.size() + token.reveal().size());
    return out.append(scheme).append(token.reveal());
}

} // namespace scopegate::tokens
