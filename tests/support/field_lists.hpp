// The fields in which proxies tell an API about a client, and those that frameworks take for another target.
// README lists each of them.
#pragma once

namespace scopegate::test {

// Believed from trusted proxies only: one field for each name, and some for each family of names.
inline constexpr const char* proxy_claims[] = {
    "X-Forwarded",
    "CF-Connecting-IP",
    "CF-Connecting-IPv6",
    "CF-Pseudo-IPv4",
    "CF-Visitor",
    "Client-IP",
    "CloudFront-Forwarded-Proto",
    "DO-Connecting-IP",
    "Fastly-Client-IP",
    "Fly-Client-IP",
    "Front-End-Https",
    "HTTP-Client-IP",
    "Incap-Client-IP",
    "Proxy-Client-IP",
    "Remote-Addr",
    "SSL-Client-Cert",
    "SSL-Client-Verify",
    "WL-Proxy-Client-IP",
    "WL-Proxy-SSL",
    "X-Amzn-Mtls-Clientcert",
    "X-Appengine-User-IP",
    "X-ARR-ClientCert",
    "X-ARR-SSL",
    "X-Azure-ClientIP",
    "X-Azure-SocketIP",
    "X-Client-Cert",
    "X-Client-Cert-Chain",
    "X-Client-Certificate",
    "X-Client-DN",
    "X-Client-Port",
    "X-Client-Verify",
    "X-Cluster-Client-IP",
    "X-Envoy-External-Address",
    "X-Envoy-Original-Dst-Host",
    "X-Envoy-Original-Path",
    "X-Host",
    "X-HTTP-Host-Override",
    "X-NF-Client-Connection-IP",
    "X-Original-Forwarded-For",
    "X-Original-Host",
    "X-Original-Proto",
    "X-Original-Remote-Addr",
    "X-Original-Scheme",
    "X-Originating-IP",
    "X-ProxyUser-IP",
    "X-Real-Port",
    "X-Remote-Addr",
    "X-Remote-IP",
    "X-Scheme",
    "X-Source-IP",
    "X-SSL-Cert",
    "X-SSL-Client-Cert",
    "X-SSL-Client-S-DN",
    "X-SSL-Client-Verify",
    "X-Sucuri-ClientIP",
    "X-TLS-Client-Cert",
    "X-True-Client-IP",
    "X-URL-Scheme",
    "X-Vercel-Forwarded-For",
};

// Never forwarded.
inline constexpr const char* target_overrides[] = {
    "Request-URI",    "X-HTTP-DestinationURL", "X-Original-Method", "X-Original-Path", "X-Original-URI",
    "X-Override-URL", "X-Request-URI",         "X-Rewrite-Path",    "X-Rewrite-URI",   "X-WAWS-Unencoded-URL",
};

} // namespace scopegate::test
