#include "http/target_uri.hpp"

#include <gtest/gtest.h>

namespace scopegate::http {
namespace {

struct row {
    const char* sentence;
    target_uri target;
    const char* uri;
    bool fits;
};

TEST(target_uri, is_compared_after_syntax_and_scheme_based_normalization)
{
    const target_uri https{true, "api.example.com", {}, "/a/b"};
    const target_uri http{false, "api.example.com", {}, "/a/b"};
    const target_uri ported{true, "api.example.com:8443", {}, "/a/b"};
    const target_uri root{true, "api.example.com", {}, "/"};
    const target_uri v6{false, "[::1]:8080", {}, "/a/b"};
    const target_uri prefixed{true, "example.com", "/calendar", "/a"};
    const row rows[] = {
        {"the same", https, "https://api.example.com/a/b", true},
        {"scheme and host in any letter case", https, "HTTPS://API.Example.COM/a/b", true},
        {"the default port said", https, "https://api.example.com:443/a/b", true},
        {"a port that is only begun", https, "https://api.example.com:/a/b", true},
        {"the default port of http", http, "http://api.example.com:80/a/b", true},
        {"another port", https, "https://api.example.com:8443/a/b", false},
        {"the other scheme's default port", https, "https://api.example.com:80/a/b", false},
        {"a port of its own", ported, "https://api.example.com:8443/a/b", true},
        {"a port of its own left out", ported, "https://api.example.com/a/b", false},
        {"another scheme", https, "http://api.example.com/a/b", false},
        {"another scheme with the same port", https, "http://api.example.com:443/a/b", false},
        {"a scheme of neither", https, "wss://api.example.com/a/b", false},
        {"another host", https, "https://api.example.org/a/b", false},
        {"a longer host", https, "https://api.example.com.evil/a/b", false},
        {"a host behind user information", https, "https://api.example.com@evil/a/b", false},
        {"user information", https, "https://ann@api.example.com/a/b", false},
        {"the path's letter case counts", https, "https://api.example.com/A/b", false},
        {"triplets of unreserved characters", https, "https://api.example.com/%61/%62", true},
        {"a trailing slash is another path", https, "https://api.example.com/a/b/", false},
        {"a longer path", https, "https://api.example.com/a/b/c", false},
        {"a shorter path", https, "https://api.example.com/a", false},
        {"dot segments", https, "https://api.example.com/a/x/../b", false},
        {"an encoded slash", https, "https://api.example.com/a%2Fb", false},
        {"a query plays no part", https, "https://api.example.com/a/b?c=d", true},
        {"nor does a fragment", https, "https://api.example.com/a/b#c", true},
        {"no path for the root", root, "https://api.example.com", true},
        {"the root", root, "https://api.example.com/", true},
        {"an address in brackets", v6, "http://[::1]:8080/a/b", true},
        {"another one", v6, "http://[::2]:8080/a/b", false},
        {"only a path", https, "/a/b", false},
        {"no scheme", https, "//api.example.com/a/b", false},
        {"nothing", https, "", false},
        {"only a scheme", https, "https://", false},
        {"blanks", https, " https://api.example.com/a/b", false},
        {"a control", https, "https://api.example.com/a/b\n", false},
        {"with the prefix", prefixed, "https://example.com/calendar/a", true},
        {"without the prefix", prefixed, "https://example.com/a", false},
        {"another prefix", prefixed, "https://example.com/calendars/a", false},
        {"the prefix alone", prefixed, "https://example.com/calendar", false},
        {"nobody knows the host", {true, "", {}, "/a/b"}, "https:///a/b", false},
        {"a host that is a list", {true, "a, b", {}, "/a/b"}, "https://a, b/a/b", false},
    };
    std::string scratch;
    for (const auto& r : rows)
        EXPECT_EQ(names_target(r.uri, r.target, {}, scratch), r.fits) << r.sentence << ": " << r.uri;
}

} // namespace
} // namespace scopegate::http
