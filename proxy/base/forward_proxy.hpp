// Forward proxies: the HTTP proxy through which a request leaves a network, and the hosts that are reached
// without it. Follows the environment variables that curl reads. Pure: net/ connects.
#pragma once

#include "base/secret.hpp"
#include "base/url.hpp"

#include <boost/system/result.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate {

struct forward_proxy {
    std::string host; // without brackets
    std::uint16_t port = 0;
    std::string authority; // host:port as messages show it
    secret credentials;    // user:password, decoded; empty: the proxy needs none
};

// Says why a text is not the URL of a usable proxy. Begins with a blank, and never contains a part of the
// text, which may be a password.
struct proxy_problem {
    std::string why;
};
[[noreturn]] void throw_exception_from_error(const proxy_problem& p, const boost::source_location& where);

// Parses `http://[user:password@]host[:port]`. User and password are percent-decoded. Fails for another
// scheme, and for a path, a query or a fragment.
[[nodiscard]] boost::system::result<forward_proxy, proxy_problem> parse_forward_proxy(std::string_view text);

// NO_PROXY: the hosts that are reached without a proxy, separated by commas or spaces. An entry is one of:
// - a name, which also covers its subdomains; a dot or `*.` at its beginning changes nothing;
// - an IP address or a CIDR block, which covers hosts that are written as addresses: no name is looked up;
// - one of these with a port, which covers only that port; an IPv6 address then has brackets;
// - `*`, which covers every host.
// Letter case and a dot at the end do not count. An entry of another form covers nothing.
class proxy_exceptions final {
public:
    proxy_exceptions() = default;
    explicit proxy_exceptions(std::string_view list);

    [[nodiscard]] bool cover(const web_url& url) const;

private:
    std::vector<std::string> entries_;
};

// Which proxy each URL is fetched through.
struct proxy_choice {
    std::optional<forward_proxy> https, http; // for URLs of that scheme
    proxy_exceptions direct;

    // Returns null for a URL that is fetched directly. Loopback hosts always are: a proxy has a loopback of
    // its own. The result lives as long as this object.
    [[nodiscard]] const forward_proxy* of(const web_url& url) const;
};

// The proxies of an environment: https_proxy and HTTPS_PROXY, http_proxy, no_proxy and NO_PROXY. As in curl,
// the name in lower case wins, an empty value counts as none, and HTTP_PROXY is not read: a CGI server sets
// it from a client's header `Proxy`. A value without a scheme is an http proxy.
struct environment_proxies {
    proxy_choice choice;
    std::string https_name, http_name; // of the variable that is set; empty: neither is
    // Why the variable's value can't be used, as in proxy_problem; empty: it can.
    std::string https_problem, http_problem;
};
[[nodiscard]] environment_proxies
proxies_of(const std::function<std::optional<std::string>(const std::string& name)>& environment);

} // namespace scopegate
