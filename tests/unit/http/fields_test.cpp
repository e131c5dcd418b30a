#include "http/fields.hpp"

#include "http/chars.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <vector>

namespace scopegate::http {
namespace {

// The naive table that the fast lookup must agree with.
const std::vector<std::pair<std::string, field_id>> all_names = {
    {"host", field_id::host},
    {"content-length", field_id::content_length},
    {"transfer-encoding", field_id::transfer_encoding},
    {"connection", field_id::connection},
    {"keep-alive", field_id::keep_alive},
    {"proxy-connection", field_id::proxy_connection},
    {"te", field_id::te},
    {"trailer", field_id::trailer},
    {"upgrade", field_id::upgrade},
    {"expect", field_id::expect},
    {"http2-settings", field_id::http2_settings},
    {"authorization", field_id::authorization},
    {"proxy-authorization", field_id::proxy_authorization},
    {"proxy-authenticate", field_id::proxy_authenticate},
    {"cookie", field_id::cookie},
    {"dpop", field_id::dpop},
    {"forwarded", field_id::forwarded},
    {"x-forwarded-for", field_id::x_forwarded_for},
    {"x-forwarded-proto", field_id::x_forwarded_proto},
    {"x-forwarded-host", field_id::x_forwarded_host},
    {"x-forwarded-port", field_id::x_forwarded},
    {"x-forwarded-uri", field_id::x_forwarded},
    {"x-forwarded-for-original", field_id::x_forwarded},
    {"x-forwarded-client-certificate-chain-of-the-caller", field_id::client_certificate},
    {"x-forwarded-", field_id::x_forwarded},
    {"x-real-ip", field_id::x_real_ip},
    {"x-client-ip", field_id::x_client_ip},
    {"true-client-ip", field_id::true_client_ip},
    {"client-cert", field_id::client_cert},
    {"client-cert-chain", field_id::client_cert_chain},
    {"x-forwarded", field_id::x_forwarded},
    {"cf-pseudo-ipv4", field_id::x_forwarded},
    {"cf-visitor", field_id::x_forwarded},
    {"client-ip", field_id::x_forwarded},
    {"cloudfront-forwarded-proto", field_id::x_forwarded},
    {"do-connecting-ip", field_id::x_forwarded},
    {"fastly-client-ip", field_id::x_forwarded},
    {"fly-client-ip", field_id::x_forwarded},
    {"front-end-https", field_id::x_forwarded},
    {"http-client-ip", field_id::x_forwarded},
    {"incap-client-ip", field_id::x_forwarded},
    {"proxy-client-ip", field_id::x_forwarded},
    {"remote-addr", field_id::x_forwarded},
    {"x-appengine-user-ip", field_id::x_forwarded},
    {"x-arr-clientcert", field_id::client_certificate},
    {"x-arr-ssl", field_id::x_forwarded},
    {"x-azure-clientip", field_id::x_forwarded},
    {"x-azure-socketip", field_id::x_forwarded},
    {"x-client-dn", field_id::client_certificate},
    {"x-client-port", field_id::x_forwarded},
    {"x-client-verify", field_id::client_certificate},
    {"x-cluster-client-ip", field_id::x_forwarded},
    {"x-envoy-external-address", field_id::x_forwarded},
    {"x-envoy-original-dst-host", field_id::x_forwarded},
    {"x-envoy-original-path", field_id::x_forwarded},
    {"x-host", field_id::x_forwarded},
    {"x-http-host-override", field_id::x_forwarded},
    {"x-nf-client-connection-ip", field_id::x_forwarded},
    {"x-original-forwarded-for", field_id::x_forwarded},
    {"x-original-host", field_id::x_forwarded},
    {"x-original-proto", field_id::x_forwarded},
    {"x-original-remote-addr", field_id::x_forwarded},
    {"x-original-scheme", field_id::x_forwarded},
    {"x-originating-ip", field_id::x_forwarded},
    {"x-proxyuser-ip", field_id::x_forwarded},
    {"x-real-port", field_id::x_forwarded},
    {"x-remote-addr", field_id::x_forwarded},
    {"x-remote-ip", field_id::x_forwarded},
    {"x-scheme", field_id::x_forwarded},
    {"x-source-ip", field_id::x_forwarded},
    {"x-ssl-cert", field_id::client_certificate},
    {"x-sucuri-clientip", field_id::x_forwarded},
    {"x-true-client-ip", field_id::x_forwarded},
    {"x-url-scheme", field_id::x_forwarded},
    {"x-vercel-forwarded-for", field_id::x_forwarded},
    {"cf-connecting-ip", field_id::x_forwarded},
    {"cf-connecting-", field_id::x_forwarded},
    {"ssl-client-cert", field_id::client_certificate},
    {"wl-proxy-client-ip", field_id::x_forwarded},
    {"x-amzn-mtls-clientcert", field_id::client_certificate},
    {"x-client-cert", field_id::client_certificate},
    {"x-client-certificate-of-the-caller-in-full", field_id::client_certificate},
    {"x-ssl-client-s-dn", field_id::client_certificate},
    {"x-tls-client-cert", field_id::client_certificate},
    {"x-forwarded-client-cert", field_id::client_certificate},
    {"x-forwarded-tls-client-cert", field_id::client_certificate},
    {"x-forwarded-tls-client-cert-info", field_id::client_certificate},
    {"cf-client-cert-sha256", field_id::client_certificate},
    {"cloudfront-viewer-cert-pem", field_id::client_certificate},
    {"request-uri", field_id::x_rewrite_url},
    {"x-http-destinationurl", field_id::x_rewrite_url},
    {"x-original-method", field_id::x_rewrite_url},
    {"x-original-path", field_id::x_rewrite_url},
    {"x-original-uri", field_id::x_rewrite_url},
    {"x-override-url", field_id::x_rewrite_url},
    {"x-request-uri", field_id::x_rewrite_url},
    {"x-rewrite-path", field_id::x_rewrite_url},
    {"x-rewrite-uri", field_id::x_rewrite_url},
    {"x-waws-unencoded-url", field_id::x_rewrite_url},
    {"x-original-url", field_id::x_original_url},
    {"x-rewrite-url", field_id::x_rewrite_url},
    {"proxy", field_id::proxy},
    {"x-http-method-override", field_id::x_http_method_override},
    {"x-http-method", field_id::x_http_method},
    {"x-method-override", field_id::x_method_override},
    {"via", field_id::via},
    {"x-request-id", field_id::x_request_id},
    {"origin", field_id::origin},
    {"access-control-request-method", field_id::access_control_request_method},
    {"access-control-request-headers", field_id::access_control_request_headers},
    {"sec-websocket-protocol", field_id::sec_websocket_protocol},
    {"content-type", field_id::content_type},
    {"date", field_id::date},
    {"server", field_id::server},
};

std::string upper(std::string s)
{
    for (char& c : s)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return s;
}

// Returns every spelling of a name with `_` for some of its hyphens.
std::vector<std::string> spellings(const std::string& name)
{
    std::vector<std::string> out{name};
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] != '-')
            continue;
        for (std::size_t n = out.size(), k = 0; k < n; ++k) {
            out.push_back(out[k]);
            out.back()[i] = '_';
        }
    }
    return out;
}

TEST(classify, knows_every_name_in_every_spelling)
{
    for (const auto& [name, id] : all_names) {
        for (const auto& spelling : spellings(name)) {
            for (const auto& cased : {spelling, upper(spelling)}) {
                const auto got = classify(cased);
                EXPECT_EQ(static_cast<int>(got.id), static_cast<int>(id)) << cased;
                EXPECT_EQ(got.underscore, cased.find('_') != std::string::npos) << cased;
            }
        }
    }
}

TEST(classify, agrees_with_the_naive_table_on_near_misses)
{
    const auto naive = [](std::string s) {
        for (char& c : s)
            c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        for (const auto& [name, id] : all_names)
            if (s == name)
                return id;
        for (const auto* family : {"x-forwarded-client-cert", "x-forwarded-tls-client-cert", "cf-client-cert",
                                   "cloudfront-viewer-cert", "ssl-client-", "x-amzn-mtls-", "x-client-cert",
                                   "x-ssl-client-", "x-tls-client-"})
            if (s.starts_with(family))
                return field_id::client_certificate;
        for (const auto* family : {"x-forwarded-", "cf-connecting-", "wl-proxy-"})
            if (s.starts_with(family))
                return field_id::x_forwarded;
        return field_id::other;
    };
    std::size_t others = 0;
    for (const auto& entry : all_names) {
        const auto& name = entry.first;
        for (std::size_t i = 0; i <= name.size(); ++i) {
            for (int byte = 0; byte < 256; ++byte) {
                const auto c = static_cast<char>(byte);
                auto replaced = name, inserted = name;
                if (i < name.size())
                    replaced[i] = c;
                inserted.insert(i, 1, c);
                for (const auto& miss : {replaced, inserted, name.substr(0, i), name.substr(i)}) {
                    const auto got = classify(miss);
                    ASSERT_EQ(static_cast<int>(got.id), static_cast<int>(naive(miss))) << miss;
                    others += got.id == field_id::other;
                    ASSERT_FALSE(got.id == field_id::other && got.underscore) << miss;
                }
            }
        }
    }
    EXPECT_GT(others, 100'000U);
}

TEST(classify, accepts_names_of_any_length)
{
    EXPECT_EQ(classify("").id, field_id::other);
    EXPECT_EQ(classify(std::string(100'000, 'x')).id, field_id::other);
    EXPECT_EQ(classify("X-Forwarded-" + std::string(100'000, 'x')).id, field_id::x_forwarded);
}

TEST(read_name, ends_with_the_name_and_agrees_with_classify)
{
    const auto agrees = [](const std::string& name) {
        for (const auto* const rest : {"", ":", ": a", " : a", "\r\n", "\x80", ": a value of some length"}) {
            const auto got = read_name(name + rest);
            const auto known = classify(name);
            EXPECT_EQ(got.size, name.size()) << name << rest;
            EXPECT_EQ(static_cast<int>(got.known.id), static_cast<int>(known.id)) << name << rest;
            EXPECT_EQ(got.known.underscore, known.underscore) << name << rest;
        }
    };
    for (const auto& entry : all_names)
        for (const auto& spelling : spellings(entry.first))
            for (const auto& cased : {spelling, upper(spelling), spelling + "x"})
                agrees(cased);
    for (std::size_t size = 0; size < 70; ++size) {
        agrees(std::string(size, 'x'));
        agrees("x_forwarded-" + std::string(size, '_'));
    }
    for (int byte = 0; byte < 256; ++byte)
        for (const std::size_t before : {0U, 4U, 14U, 15U, 16U, 30U, 31U, 32U, 33U, 50U}) {
            const auto line =
                std::string(before, 'a') + static_cast<char>(byte) + "b: a value of some length";
            const bool tchar = is(char_class::tchar, static_cast<char>(byte));
            EXPECT_EQ(read_name(line).size, tchar ? before + 2 : before) << byte << " behind " << before;
        }
}

TEST(same_field_name, ignores_letter_case_and_reads_underscores_as_hyphens)
{
    EXPECT_TRUE(same_field_name("X-Auth-Subject", "x_AUTH-subject"));
    EXPECT_FALSE(same_field_name("X-Auth-Subject", "X-Auth-Subjec"));
    EXPECT_FALSE(same_field_name("X-Auth-Subject", "X-Auth-Subjects"));
    EXPECT_FALSE(same_field_name("X-Auth-Subject", "X.Auth.Subject"));
}

TEST(field_set, is_a_set)
{
    constexpr field_set some{field_id::host, field_id::server};
    EXPECT_TRUE(some.contains(field_id::host));
    EXPECT_TRUE(some.contains(field_id::server));
    EXPECT_FALSE(some.contains(field_id::other));
    EXPECT_TRUE((some | field_set{field_id::via}).contains(field_id::via));
    EXPECT_FALSE((some - field_set{field_id::host}).contains(field_id::host));
    EXPECT_TRUE((some - field_set{field_id::host}).contains(field_id::server));
}

} // namespace
} // namespace scopegate::http
