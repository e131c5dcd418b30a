// The origins that cors.origins covers: exact ones, names below a domain, and any port of a loopback host.
#include "policy/origins.hpp"

#include <gtest/gtest.h>

namespace scopegate::policy {
namespace {

struct row {
    const char* sentence;
    const char* listed;
    const char* origin;
    bool covered;
};

const row rows[] = {
    {"the same bytes", "https://app.example.com", "https://app.example.com", true},
    {"a port that is listed", "https://app.example.com:8443", "https://app.example.com:8443", true},
    {"another scheme", "https://app.example.com", "http://app.example.com", false},
    {"another port", "https://app.example.com", "https://app.example.com:8443", false},
    {"the default port, which browsers omit", "https://app.example.com", "https://app.example.com:443",
     false},
    {"capitals, which browsers do not send", "https://app.example.com", "https://APP.example.com", false},
    {"a final dot is another host", "https://app.example.com", "https://app.example.com.", false},
    {"a path", "https://app.example.com", "https://app.example.com/", false},
    {"user information", "https://app.example.com", "https://x@app.example.com", false},
    {"a star alone names nobody", "*", "https://app.example.com", false},
    {"null is nobody's", "null", "null", true}, // lists_origin refuses it
    {"nothing", "https://app.example.com", "", false},

    {"one label", "https://*.example.com", "https://app.example.com", true},
    {"several labels", "https://*.example.com", "https://a.b-c.d_1.example.com", true},
    {"an internationalized name", "https://*.example.com", "https://xn--bcher-kva.example.com", true},
    {"the bare domain", "https://*.example.com", "https://example.com", false},
    {"an empty label", "https://*.example.com", "https://.example.com", false},
    {"two dots in a row", "https://*.example.com", "https://a..example.com", false},
    {"a name that ends alike", "https://*.example.com", "https://evil-example.com", false},
    {"the domain in front of another", "https://*.example.com", "https://a.example.com.evil.com", false},
    {"another scheme below the domain", "https://*.example.com", "http://app.example.com", false},
    {"another port below the domain", "https://*.example.com", "https://app.example.com:8443", false},
    {"the default port below the domain", "https://*.example.com", "https://app.example.com:443", false},
    {"a final dot below the domain", "https://*.example.com", "https://app.example.com.", false},
    {"capitals in the label", "https://*.example.com", "https://App.example.com", false},
    {"capitals in the domain", "https://*.example.com", "https://app.Example.com", false},
    {"a host in user information", "https://*.example.com", "https://evil.com@app.example.com", false},
    {"a port and user information", "https://*.example.com", "https://evil.com:1@x.example.com", false},
    {"a path in front of the domain", "https://*.example.com", "https://evil.com/.example.com", false},
    {"a query in front of the domain", "https://*.example.com", "https://evil.com?.example.com", false},
    {"a backslash in front of the domain", "https://*.example.com", "https://evil.com\\.example.com", false},
    {"a triplet in the label", "https://*.example.com", "https://a%2Eb.example.com", false},
    {"bytes beyond ASCII in the label", "https://*.example.com", "https://b\xC3\xBC.example.com", false},
    {"a NUL is no label", "https://*.example.com", "https://\x01.example.com", false},
    {"the pattern itself", "https://*.example.com", "https://*.example.com", false},
    {"shorter than the pattern", "https://*.example.com", "https://", false},
    {"prefix and suffix may not overlap", "https://*.s.com", "https://.s.com", false},
    {"with a port of the pattern", "https://*.example.com:8443", "https://app.example.com:8443", true},
    {"without the port of the pattern", "https://*.example.com:8443", "https://app.example.com", false},
    {"an address in brackets", "https://*.example.com", "https://[::1].example.com", false},

    {"any port", "http://localhost:*", "http://localhost:5173", true},
    {"no port", "http://localhost:*", "http://localhost", true},
    {"the highest port", "http://localhost:*", "http://localhost:65535", true},
    {"a port beyond it", "http://localhost:*", "http://localhost:65536", false},
    {"an empty port", "http://localhost:*", "http://localhost:", false},
    {"port 0", "http://localhost:*", "http://localhost:0", false},
    {"a leading zero", "http://localhost:*", "http://localhost:080", false},
    {"no number", "http://localhost:*", "http://localhost:80a", false},
    {"more than a port", "http://localhost:*", "http://localhost:80/", false},
    {"user information before another host", "http://localhost:*", "http://localhost:80@evil.com", false},
    {"localhost in front of another domain", "http://localhost:*", "http://localhost.evil.com:80", false},
    {"https is another scheme", "http://localhost:*", "https://localhost:5173", false},
    {"another loopback host", "http://localhost:*", "http://127.0.0.1:5173", false},
    {"IPv6", "http://[::1]:*", "http://[::1]:5173", true},
    {"another IPv6 address", "http://[::1]:*", "http://[::2]:5173", false},
};

TEST(origins, cover_what_their_owner_lists)
{
    for (const auto& r : rows)
        EXPECT_EQ(covers_origin(r.listed, r.origin), r.covered)
            << r.sentence << ": " << r.listed << ' ' << r.origin;
}

TEST(origins, are_covered_by_any_entry_of_a_list)
{
    const std::vector<std::string> listed{"https://app.example.com", "https://*.example.org"};
    EXPECT_TRUE(lists_origin(listed, "https://app.example.com"));
    EXPECT_TRUE(lists_origin(listed, "https://a.example.org"));
    EXPECT_FALSE(lists_origin(listed, "https://a.example.com"));
    EXPECT_FALSE(lists_origin({}, "https://app.example.com"));
    EXPECT_FALSE(lists_origin({"*"}, "https://app.example.com")) << "anybody is nobody in particular";
    EXPECT_FALSE(lists_origin({"null"}, "null")) << "the origin of every sandboxed page";
}

} // namespace
} // namespace scopegate::policy
