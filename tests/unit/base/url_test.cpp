#include "base/url.hpp"

#include <gtest/gtest.h>

namespace {

using namespace scopegate;

struct row {
    const char* url;
    bool tls;
    const char* host;
    unsigned port;
    const char* target;
    bool is_protected;
    const char* why;
};

TEST(web_url, is_split_into_its_parts)
{
    const row rows[] = {
        {"https://example.com/keys", true, "example.com", 443, "/keys", true, "the usual one"},
        {"https://example.com", true, "example.com", 443, "/", true, "no path is the root"},
        {"HTTPS://example.com?x=1", true, "example.com", 443, "/?x=1", true, "a query without a path"},
        {"https://example.com:8443/a/b?c=d", true, "example.com", 8443, "/a/b?c=d", true,
         "a port and a query"},
        {"http://127.0.0.1:9000/keys", false, "127.0.0.1", 9000, "/keys", true, "plain http on loopback"},
        {"http://127.8.9.1/", false, "127.8.9.1", 80, "/", true, "all of 127/8 is loopback"},
        {"http://localhost:3000/", false, "localhost", 3000, "/", true, "loopback by name"},
        {"http://[::1]:9000/keys", false, "::1", 9000, "/keys", true, "loopback of IPv6"},
        {"http://example.com/keys", false, "example.com", 80, "/keys", false, "plain http elsewhere"},
        {"http://10.0.0.1/keys", false, "10.0.0.1", 80, "/keys", false, "a private address is not loopback"},
        {"http://localhost.example.com/", false, "localhost.example.com", 80, "/", false, "not localhost"},
        {"https://[2001:db8::1]/", true, "2001:db8::1", 443, "/", true, "an IPv6 literal"},
    };
    for (const auto& r : rows) {
        SCOPED_TRACE(std::string(r.url) + ": " + r.why);
        const auto url = parse_web_url(r.url);
        ASSERT_TRUE(url);
        EXPECT_EQ(url->tls, r.tls);
        EXPECT_EQ(url->host, r.host);
        EXPECT_EQ(url->port, r.port);
        EXPECT_EQ(url->target(), r.target);
        EXPECT_EQ(url->is_protected(), r.is_protected);
    }
}

TEST(web_url, must_be_absolute_and_http)
{
    for (const char* url : {"",
                            "example.com",
                            "/keys",
                            "ftp://example.com/",
                            "file:///etc/passwd",
                            "https:///keys",
                            "https://",
                            "https://example.com:0/",
                            "https://example.com:99999/",
                            "https://example.com:/",
                            "https://example.com:8x/",
                            "https://exa mple.com/",
                            "https://example.com/a b",
                            "https://example.com/\r\nX: y",
                            "https://[::1",
                            "https://[fe80::1%25eth0]/x y",
                            "https://[fe80::1%25eth0]/",
                            "https://[nonsense]/",
                            "https://example.com/{id}",
                            "https://example.com/a\\b",
                            "https://example.com~/",
                            "http://a/http://b c",
                            "x?http://example.com/",
                            "https://[::1]x/",
                            "https://exämple.com/"})
        EXPECT_FALSE(parse_web_url(url)) << url;
}

TEST(web_url, is_plain_without_user_information_and_fragment)
{
    EXPECT_TRUE(parse_web_url("https://example.com/a@b?c@d")->is_plain());
    const auto user = parse_web_url("https://user:p@ssword@example.com:8443/");
    EXPECT_TRUE(user->has_user && !user->is_plain());
    EXPECT_EQ(user->host, "example.com");
    EXPECT_EQ(user->authority, "example.com:8443") << "the Host header has no password";
    EXPECT_TRUE(parse_web_url("https://example.com/#fragment")->has_fragment);
    EXPECT_FALSE(parse_web_url("https://example.com/#")->is_plain());
}

// Boost.URL 1.81 reads the first one as the host 127.0.0.1 and a path.
TEST(web_url, is_not_loopback_because_it_begins_like_it)
{
    for (const char* url : {"http://127.0.0.1.example/", "http://127.0.0.1@example.com/", "http://[::2]/",
                            "http://[::ffff:127.0.0.1]/", "http://127.1/"})
        EXPECT_FALSE(parse_web_url(url)->loopback) << url;
}

TEST(url, is_split_without_a_check)
{
    const auto parts = split_url("x+y://us er@host:0/a/b?c?d#e#f");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->scheme, "x+y");
    EXPECT_EQ(parts->authority, "us er@host:0");
    EXPECT_EQ(parts->path, "/a/b");
    EXPECT_EQ(parts->query, "?c?d");
    EXPECT_EQ(parts->fragment, "#e#f");
    EXPECT_TRUE(split_url("://")) << "every part may be empty";
    for (const char* text : {"", "/a://b", "a?b=c://d", "a#b://c", "mailto:a"})
        EXPECT_FALSE(split_url(text)) << text;
}

TEST(web_url, has_a_host_field_as_it_was_written)
{
    EXPECT_EQ(parse_web_url("https://example.com:8443/x")->authority, "example.com:8443");
    EXPECT_EQ(parse_web_url("https://[::1]:8443/x")->authority, "[::1]:8443");
}

} // namespace
