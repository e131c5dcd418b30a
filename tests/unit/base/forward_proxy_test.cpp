// Forward proxies: their URLs, the environment that names them, and the hosts that they are not used for.
#include "base/forward_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace {

using namespace scopegate;
using testing::HasSubstr;
using testing::Not;

TEST(forward_proxy, is_an_http_url_with_perhaps_credentials)
{
    const struct {
        const char *sentence, *text, *authority, *credentials;
    } rows[] = {
        {"a host and a port", "http://proxy.internal:3128", "proxy.internal:3128", ""},
        {"a slash at the end", "http://proxy.internal:3128/", "proxy.internal:3128", ""},
        {"http's own port", "http://proxy.internal", "proxy.internal:80", ""},
        {"an IPv6 address", "http://[fd00::1]:3128", "[fd00::1]:3128", ""},
        {"a loopback host", "http://127.0.0.1:3128", "127.0.0.1:3128", ""},
        {"user and password", "http://ann:secret@proxy:3128", "proxy:3128", "ann:secret"},
        {"a user without a password", "http://ann@proxy:3128", "proxy:3128", "ann:"},
        {"encoded characters", "http://a%40b:p%3Ass%2F%25@proxy:3128", "proxy:3128", "a@b:p:ss/%"},
        {"an at sign in the password", "http://ann:p@ss@proxy:3128", "proxy:3128", "ann:p@ss"},
        {"no user before the at sign", "http://@proxy:3128", "proxy:3128", ""},
    };
    for (const auto& row : rows) {
        const auto proxy = parse_forward_proxy(row.text);
        ASSERT_TRUE(proxy) << row.sentence << proxy.error().why;
        EXPECT_EQ(proxy->authority, row.authority) << row.sentence;
        EXPECT_EQ(proxy->credentials.reveal(), row.credentials) << row.sentence;
    }
    EXPECT_EQ(parse_forward_proxy("http://[fd00::1]:3128")->host, "fd00::1");
}

TEST(forward_proxy, is_refused_in_another_form_without_a_word_of_it)
{
    const struct {
        const char *sentence, *text, *why;
    } rows[] = {
        {"TLS to the proxy", "https://s3cret:s3cret@proxy:3128", "TLS to the proxy itself"},
        {"SOCKS", "socks5h://s3cret@proxy:1080", "SOCKS"},
        {"SOCKS in capitals", "SOCKS5://proxy:1080", "SOCKS"},
        {"another scheme", "ftp://proxy:21", "is not the URL of a proxy"},
        {"no scheme", "proxy.internal:3128", "is not the URL of a proxy"},
        {"no host", "http://:3128", "is not the URL of a proxy"},
        {"a port that is none", "http://proxy:0", "is not the URL of a proxy"},
        {"a blank", "http://pro xy:3128", "is not the URL of a proxy"},
        {"a line break", "http://proxy:3128\r\nX: y", "is not the URL of a proxy"},
        {"a path", "http://proxy:3128/s3cret", "has a path"},
        {"a query", "http://proxy:3128?s3cret", "has a path or query"},
        {"an encoded line break in the password", "http://ann:s3cret%0D%0AX:y@proxy:3128",
         "user or password"},
        {"an encoded colon in the user's name", "http://a%3As3cret:x@proxy:3128", "user or password"},
        {"half a triplet", "http://ann:s3cret%4@proxy:3128", "user or password"},
        {"nothing", "", "is not the URL of a proxy"},
    };
    for (const auto& row : rows) {
        const auto proxy = parse_forward_proxy(row.text);
        ASSERT_FALSE(proxy) << row.sentence;
        EXPECT_THAT(proxy.error().why, HasSubstr(row.why)) << row.sentence;
        EXPECT_THAT(proxy.error().why, Not(HasSubstr("s3cret"))) << row.sentence;
    }
}

TEST(proxy_exceptions, are_names_addresses_and_blocks)
{
    const struct {
        const char *sentence, *list, *url;
        bool covered;
    } rows[] = {
        {"nothing", "", "https://idp.corp", false},
        {"only separators", " , ,\t", "https://idp.corp", false},
        {"the name itself", "idp.corp", "https://idp.corp", true},
        {"in another letter case", "IDP.corp", "https://idp.CORP", true},
        {"its subdomain", "corp", "https://idp.corp", true},
        {"a dot at the beginning", ".corp", "https://idp.corp", true},
        {"a dot at the beginning, and the domain itself", ".corp", "https://corp", true},
        {"an asterisk at the beginning", "*.corp", "https://a.idp.corp", true},
        {"dots at the end", "corp.", "https://idp.corp.", true},
        {"a dot at the end of the host only", "idp.corp", "https://idp.corp.", true},
        {"a name that only ends alike", "corp", "https://evilcorp", false},
        {"a longer name", "a.idp.corp", "https://idp.corp", false},
        {"a part within the name", "idp", "https://idp.corp", false},
        {"a list with commas", "a.test,idp.corp", "https://idp.corp", true},
        {"a list with blanks", "a.test idp.corp", "https://idp.corp", true},
        {"a list with both", "a.test, idp.corp ,b.test", "https://idp.corp", true},
        {"everything", "*", "https://idp.corp", true},
        {"everything within a list", "a.test, *", "https://192.0.2.1", true},
        {"an asterisk elsewhere", "idp.*", "https://idp.corp", false},
        {"only a dot", ".", "https://idp.corp", false},
        {"its port", "idp.corp:8443", "https://idp.corp:8443", true},
        {"the port of https", "idp.corp:443", "https://idp.corp", true},
        {"another port", "idp.corp:8443", "https://idp.corp", false},
        {"a port that is none", "idp.corp:x", "https://idp.corp", false},
        {"an empty port", "idp.corp:", "https://idp.corp", false},
        {"a URL, which is no entry", "https://idp.corp", "https://idp.corp", false},
        {"an address", "192.0.2.1", "https://192.0.2.1", true},
        {"an address with its port", "192.0.2.1:8443", "https://192.0.2.1:8443", true},
        {"the end of an address as a name", "2.1", "https://192.0.2.1", false},
        {"another address", "192.0.2.2", "https://192.0.2.1", false},
        {"a block", "192.0.2.0/24", "https://192.0.2.77", true},
        {"a block of odd bits", "192.0.2.64/27", "https://192.0.2.96", false},
        {"a block with bits beyond its prefix", "192.0.2.9/24", "https://192.0.2.77", true},
        {"all of IPv4", "0.0.0.0/0", "https://198.51.100.7", true},
        {"all of IPv4, and an IPv6 address", "0.0.0.0/0", "https://[2001:db8::1]", false},
        {"all of IPv6", "::/0", "https://[2001:db8::1]", true},
        {"all of IPv6, and an IPv4 address", "::/0", "https://192.0.2.1", false},
        {"a prefix that is too long", "192.0.2.0/33", "https://192.0.2.0", false},
        {"a prefix that is none", "192.0.2.0/x", "https://192.0.2.0", false},
        {"an empty prefix", "192.0.2.0/", "https://192.0.2.0", false},
        {"a block, and a name that nobody looks up", "192.0.2.0/24", "https://idp.corp", false},
        {"an IPv6 address", "2001:db8::1", "https://[2001:db8::1]", true},
        {"the same, spelled otherwise", "2001:DB8:0:0::1", "https://[2001:db8::1]", true},
        {"in brackets", "[2001:db8::1]", "https://[2001:db8::1]", true},
        {"in brackets with its port", "[2001:db8::1]:8443", "https://[2001:db8::1]:8443", true},
        {"in brackets with another port", "[2001:db8::1]:8443", "https://[2001:db8::1]", false},
        {"a block of IPv6", "2001:db8::/32", "https://[2001:db8:1::1]", true},
        {"an unclosed bracket", "[2001:db8::1", "https://[2001:db8::1]", false},
    };
    for (const auto& row : rows)
        EXPECT_EQ(proxy_exceptions(row.list).cover(*parse_web_url(row.url)), row.covered)
            << row.sentence << ": " << row.list << " and " << row.url;
}

environment_proxies proxies_in(const std::map<std::string, std::string>& variables)
{
    return proxies_of([&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found != variables.end() ? std::optional(found->second) : std::nullopt;
    });
}

// Returns the authority of the proxy for this URL, or `-`.
std::string proxy_for(const std::string& url, const std::map<std::string, std::string>& variables)
{
    const auto proxies = proxies_in(variables);
    const auto* proxy = proxies.choice.of(*parse_web_url(url));
    return proxy != nullptr ? proxy->authority : "-";
}

TEST(environment_proxies, are_those_that_curl_takes)
{
    const struct {
        const char* sentence;
        std::map<std::string, std::string> variables;
        const char *url, *proxy;
    } rows[] = {
        {"no variable", {}, "https://idp.test", "-"},
        {"in capitals", {{"HTTPS_PROXY", "http://p:1"}}, "https://idp.test", "p:1"},
        {"in lower case", {{"https_proxy", "http://p:1"}}, "https://idp.test", "p:1"},
        {"lower case wins",
         {{"HTTPS_PROXY", "http://p:1"}, {"https_proxy", "http://q:2"}},
         "https://idp.test",
         "q:2"},
        {"an empty value counts as none",
         {{"HTTPS_PROXY", "http://p:1"}, {"https_proxy", ""}},
         "https://idp.test",
         "p:1"},
        {"without a scheme", {{"HTTPS_PROXY", "p:1"}}, "https://idp.test", "p:1"},
        {"with credentials and without a scheme", {{"HTTPS_PROXY", "ann:x@p:1"}}, "https://idp.test", "p:1"},
        {"another scheme's variable", {{"http_proxy", "http://p:1"}}, "https://idp.test", "-"},
        {"plain http", {{"http_proxy", "http://p:1"}}, "http://idp.test", "p:1"},
        {"HTTP_PROXY, which a client could set", {{"HTTP_PROXY", "http://p:1"}}, "http://idp.test", "-"},
        {"an exception", {{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", ".test"}}, "https://idp.test", "-"},
        {"in lower case", {{"HTTPS_PROXY", "http://p:1"}, {"no_proxy", "idp.test"}}, "https://idp.test", "-"},
        {"another host's exception",
         {{"HTTPS_PROXY", "http://p:1"}, {"no_proxy", "a.test"}},
         "https://idp.test",
         "p:1"},
        {"localhost", {{"HTTPS_PROXY", "http://p:1"}}, "https://localhost:8443", "-"},
        {"a loopback address", {{"HTTPS_PROXY", "http://p:1"}}, "https://127.0.0.1", "-"},
        {"IPv6's loopback address", {{"HTTPS_PROXY", "http://p:1"}}, "https://[::1]", "-"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(proxy_for(row.url, row.variables), row.proxy) << row.sentence;
}

TEST(environment_proxies, name_the_variable_that_can_not_be_used)
{
    const auto bad = proxies_in({{"https_proxy", "socks5://p:1"}, {"http_proxy", "p:1/x"}});
    EXPECT_EQ(bad.https_name, "https_proxy");
    EXPECT_THAT(bad.https_problem, HasSubstr("SOCKS"));
    EXPECT_EQ(bad.http_name, "http_proxy");
    EXPECT_THAT(bad.http_problem, HasSubstr("has a path"));
    EXPECT_FALSE(bad.choice.https);
    const auto good = proxies_in({{"HTTPS_PROXY", "http://p:1"}});
    EXPECT_EQ(good.https_name, "HTTPS_PROXY");
    EXPECT_EQ(good.https_problem, "");
}

} // namespace
