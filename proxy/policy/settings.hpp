// The compiled settings of routes.yaml besides routes and scopes: plain values with production defaults,
// without YAML.
#pragma once

#include "base/forward_proxy.hpp"
#include "base/json.hpp"
#include "base/secret.hpp"
#include "http/target.hpp"
#include "jose/algorithm.hpp"
#include "jose/names_claim.hpp"
#include "jose/sign.hpp"
#include "policy/network.hpp"
#include "policy/requirement.hpp"
#include "policy/tenants.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::policy {

// Mode and group of a listener's unix socket. A client needs the permission to write.
struct socket_access {
    unsigned mode = 0660;
    std::string group; // a name or a number; empty: the process's own
    bool operator==(const socket_access&) const = default;
};

// host:port, [v6]:port or unix:/path.
struct endpoint {
    std::string host;       // without brackets; empty for a unix socket
    std::uint16_t port = 0; // 0: any free port, for tests; the log names it
    std::string unix_path;  // absolute
    socket_access access{}; // of a listener's unix socket
    [[nodiscard]] bool is_unix() const noexcept { return !unix_path.empty(); }
    bool operator==(const endpoint&) const = default;
};
// Returns an endpoint as a URL has it: `api:3000`, `[::1]:3000`, `unix:/run/api.sock`.
[[nodiscard]] std::string to_text(const endpoint& e);

struct key_location {
    enum class kind : std::uint8_t { none, discover, url, file }; // none: a secret instead
    kind where = kind::discover;
    std::string value; // the URL, or the file's absolute path
};

struct introspection_settings { // RFC 7662, for opaque tokens
    // client_secret_basic and client_secret_post (RFC 6749 section 2.3.1), private_key_jwt (RFC 7523
    // section 2.2)
    enum class auth : std::uint8_t { basic, post, private_key_jwt };
    std::string url; // https, or http on a loopback host
    std::string client_id;
    secret client_secret;                        // for basic and post
    std::optional<jose::signing_key> client_key; // for private_key_jwt; its kid is empty if the file has none
    auth by = auth::basic;
    // Maximum lifetime of a result; 0: only for the requests that waited for it.
    std::chrono::milliseconds cache{30'000};
    bool also_jwts = false;      // also: jwt. JWTs are verified with the issuer's keys, and introspected too
    bool signed_results = false; // signed: true. Only signed results count (RFC 9701)
};

struct issuer_settings {
    // Compared byte for byte with `iss`. With `tenants: any`, the pattern as written.
    std::string issuer;
    // One of these must be in a token.
    std::vector<std::string> audience;
    // With metadata.resources: those that no resource has, which count on routes outside of them.
    std::vector<std::string> own_audience;
    key_location keys;
    secret hmac_secret; // for HS256/384/512
    json::path audience_claim{"aud"};
    // Claims that must have exactly one of these values.
    std::vector<std::pair<json::path, std::vector<json::value>>> require;
    jose::algorithm_set algorithms = jose::asymmetric_algorithms();
    std::chrono::seconds clock_skew{30};
    std::vector<jose::names_claim> scope_claims{jose::names_claim(json::path("scope")),
                                                jose::names_claim(json::path("scp"))};
    bool access_token_only = false;         // token_type: at+jwt (RFC 9068)
    std::string ca_file;                    // absolute; empty: the system's
    std::string certificate_file, key_file; // ours for the issuer's server; absolute; empty: none
    source_mark certificate_mark;
    std::string keys_token_file; // absolute; its content is sent as a bearer token; empty: none
    bool insecure_http = false;  // keys may come by plain http from hosts that are not loopback
    proxy_choice proxies;
    std::optional<introspection_settings> introspection;
    // The scopes that its tokens can have at most, with what these imply (grants). Empty: all.
    std::optional<scope_set> grants;
    // With `tenants`: the pattern that the name was written as, and the tenant; empty for `tenants: any`.
    std::optional<tenant_pattern> pattern;
    std::string tenant;
    std::optional<tenant_pattern> key_pattern; // with `tenants: any`: of a key URL that has the placeholder
    source_mark mark;

    // Returns whether its tokens may be JWTs. An issuer that is only introspected has neither keys nor a
    // secret, and may lack an audience.
    [[nodiscard]] bool signs_tokens() const noexcept
    {
        return keys.where != key_location::kind::none || !hmac_secret.empty();
    }
    // Returns whether its keys come over the network.
    [[nodiscard]] bool fetches_keys() const noexcept
    {
        return keys.where == key_location::kind::discover || keys.where == key_location::kind::url;
    }
    // Returns the URLs of this issuer that the file tells, to be fetched: where its keys are or are
    // discovered, and its introspection endpoint.
    [[nodiscard]] std::vector<std::string> fetched_urls() const;
    // Returns whether it stands for all tenants of its pattern.
    [[nodiscard]] bool any_tenant() const noexcept { return pattern && tenant.empty(); }
    // Returns whether each tenant has keys of its own, which are fetched when a token first names the tenant.
    [[nodiscard]] bool keys_per_tenant() const noexcept
    {
        return any_tenant() && (keys.where == key_location::kind::discover || key_pattern);
    }
    // Returns whether tokens with this `iss` are this issuer's.
    [[nodiscard]] bool is_named(std::string_view iss) const noexcept
    {
        return any_tenant() ? pattern->tenant_in(iss).has_value() : iss == issuer;
    }
};

struct timeouts {
    using ms = std::chrono::milliseconds;
    ms headers{10'000}, idle{75'000}, body{30'000}, stream{3'600'000};
    ms upstream_connect{2'000}, upstream_response{60'000};
    std::optional<ms> response_pause; // within a response's body; empty: upstream_response
    std::optional<ms> half_closed;    // for a client that has closed its side; empty: no separate timeout
    ms linger{30'000}, linger_read{5'000};
    ms drain_delay{5'000}, drain{20'000};

    [[nodiscard]] ms longest_pause() const noexcept { return response_pause.value_or(upstream_response); }
    bool operator==(const timeouts&) const = default;
};

// The settings that a route may have of its own, with the server's values for what the route does not set.
// Only upstream_response, response_pause, body, stream and half_closed of the timeouts ever differ.
struct route_settings {
    struct timeouts timeouts;
    std::uint64_t body = 0;           // bytes; 0: no limit
    bool strip_authorization = false; // authorization: strip
    bool operator==(const route_settings&) const = default;
};

// Returns the settings in which a route differs from the server, as routes.yaml writes them: `timeouts:
// {stream: 2h}, body: 1GiB`. Empty if it has none of its own. For check and explain.
[[nodiscard]] std::string describe(const route_settings& own, const route_settings& of_server);

// `limits.memory`: the memory that the process may use for connection buffers, TLS, caches and log queues.
struct memory_limit {
    enum class kind : std::uint8_t { automatic, none, bytes }; // automatic: 75 % of the cgroup's maximum
    kind how = kind::automatic;
    std::uint64_t bytes = 0; // for kind::bytes
};

struct size_limits { // bytes; 0: no limit
    std::size_t headers = 32 * 1024;
    std::size_t header_count = 100;
    std::uint64_t body = 0;
    std::size_t connections = 20'000;
    std::size_t connections_per_client = 0;      // open at a time, by address
    std::size_t connection_requests = 0;         // served on one connection
    std::size_t lingering = 1'000;               // lingering connections, over all workers
    std::chrono::milliseconds connection_age{0}; // after this, a connection ends with its next response
    memory_limit memory;
};

// Files are absolute paths; empty: not given.
struct server_tls {
    std::string certificate, key;
    std::string client_ca;                // clients must have a certificate of one of its authorities
    bool tickets = true;                  // clients may resume their sessions
    std::vector<std::string> ticket_keys; // the first encrypts; empty: random keys of this process
    source_mark mark;
};

// The header in which trusted_proxies send the certificate of their client.
struct client_cert_header {
    // rfc9440: Client-Cert (RFC 9440). xfcc: X-Forwarded-Client-Cert of Envoy. pem_percent: PEM,
    // percent-encoded. base64: DER in base64.
    enum class form : std::uint8_t { rfc9440, xfcc, pem_percent, base64 };
    std::string name = "Client-Cert"; // without `_`
    form how = form::rfc9440;
    bool alone = false; // the file names it: all other headers of this kind are dropped
};

struct upstream_tls {
    std::string ca; // empty: the system's
    std::string certificate, key;
    std::string server_name; // a host name or an address; empty: that of the URL
    source_mark mark;
};

// The URL of Scopegate as clients see it, if another proxy is in front.
struct external_url {
    bool tls = false;
    std::string authority; // host, or host:port, as written
    std::string prefix;    // path prefix that the other proxy removes: `/calendar`; may be empty
};

// A name of this server: the authority of URLs that lead to it, with their scheme and path prefix.
struct own_authority {
    std::string authority;   // host, or host:port
    std::optional<bool> tls; // their scheme; empty: the request's
    std::string prefix;      // path prefix that a proxy in front removes; may be empty
};

struct server_settings {
    std::vector<endpoint> listen{endpoint{"0.0.0.0", 8080, {}}};
    std::optional<endpoint> admin = endpoint{"127.0.0.1", 9901, {}};
    std::optional<endpoint> health;
    unsigned workers = 0; // 0: auto, one per core that the cgroup grants
    size_limits limits;
    struct timeouts timeouts;
    std::optional<server_tls> tls; // empty: plain HTTP
    std::vector<network> trusted_proxies;
    client_cert_header client_cert; // of trusted_proxies
    bool proxy_protocol = false;    // connections of trusted_proxies begin with a PROXY header
    std::optional<struct external_url> external_url;
    // In lower case. Unless it is empty, a request with another Host is refused.
    std::vector<std::string> hosts;
    // All names of the server: hosts, external_url, an explicit metadata.resource and those of
    // metadata.resources. Empty if unknown.
    std::vector<own_authority> authorities;
    bool core_dumps = false; // whether a crash may write the process's memory to a file
};

// Names the token's issuer if the policy trusts several: each of them can issue tokens for the same subject.
inline constexpr std::string_view issuer_header = "X-Auth-Issuer";

struct identity_header {
    enum class source : std::uint8_t { claim, scopes, client_id };
    // none: the text itself. json: the whole value as JSON text. The others encode the text, or each item of
    // a list that is joined.
    enum class encoding : std::uint8_t { none, base64url, percent, json };
    // How a list is written. Except for `space`, a claim that is one text counts as a list of one.
    enum class list_form : std::uint8_t { space, comma, json };
    std::string name;
    source from = source::claim;
    json::path claim; // for source::claim
    encoding encode = encoding::none;
    list_form list = list_form::space;
};

struct upstream_settings {
    // One for each URL, to which requests go in turn. Never empty; without a host in tests that need none.
    std::vector<endpoint> addresses = std::vector<endpoint>(1);
    std::optional<upstream_tls> tls;  // set for https, which then holds for all URLs
    std::string host;                 // replaces Host; empty: as received
    bool strip_authorization = false; // authorization: strip
    bool via = true;                  // via: off: requests carry no Via of ours
    std::vector<identity_header> headers{
        {.name = "X-Auth-Subject", .claim = json::path{"sub"}},
        {.name = "X-Auth-Client", .from = identity_header::source::client_id, .claim = {}},
        {.name = "X-Auth-Scopes", .from = identity_header::source::scopes, .claim = {}},
    };
    // Concurrent requests over all workers, without tunnels; 0: no limit.
    std::size_t connections = 0;

    // Returns the URLs: `http://api:3000`, `unix:/run/api.sock`.
    [[nodiscard]] std::vector<std::string> urls() const;
    // Returns the Host of requests to the first URL that come without one.
    [[nodiscard]] std::string own_host() const;
    // Returns the name for SNI and the certificate of a URL, given its index.
    [[nodiscard]] const std::string& server_name(std::size_t url) const
    {
        return tls && !tls->server_name.empty() ? tls->server_name : addresses.at(url).host;
    }
};

struct dpop_settings { // RFC 9449
    // off: tokens of the scheme DPoP are not accepted; require: only these are.
    enum class mode : std::uint8_t { off, allow, require };
    mode how = mode::allow;
    bool nonce = false;     // a proof must contain a nonce of ours
    bool as_bearer = false; // forward: bearer: the upstream gets a bearer token and no proof
};

struct token_settings {                    // tokens.from: the places where a token may be (tokens/places/)
    bool header = true;                    // Authorization
    std::vector<std::string> headers;      // other header fields, by name
    std::vector<std::string> cookies;      // by name
    std::vector<std::string> queries;      // parameters, by name
    bool websocket = false;                // Sec-WebSocket-Protocol: bearer, TOKEN
    std::vector<std::string> subprotocols; // Sec-WebSocket-Protocol: PREFIXTOKEN, by prefix
    dpop_settings dpop;
};

struct cors_settings {
    // Byte for byte as browsers send them, or patterns (policy/origins.hpp); `*` alone: any. Empty: no CORS.
    std::vector<std::string> origins;
    bool credentials = false;          // lets browsers send cookies; never with `*`
    std::string expose_headers;        // what scripts may read besides; separated by commas, may be empty
    std::chrono::seconds max_age{600}; // how long a browser may cache the response to a preflight
};

// One of several resources behind this server: the routes below a prefix. Only tokens for one of its
// audiences count there, and there is a document about it.
struct protected_resource {
    std::string prefix; // `/mcp-a`, as in a normalized path
    std::string resource, name;
    std::vector<std::string> audience; // never empty; not shared with another resource
    source_mark mark;
};

inline constexpr std::size_t max_resources = 63; // besides the server's own: a token has a bit for each

struct metadata_settings {                     // RFC 9728
    std::string resource;                      // an https URL; empty: no document
    std::string name;                          // resource_name; may be empty
    std::vector<protected_resource> resources; // requirement::resource is an index, plus 1
};

struct log_settings {
    enum class level : std::uint8_t { debug, info, warn, error };
    enum class requests : std::uint8_t { all, denied, off };
    level at = level::info;
    requests which = requests::denied;
    // Which lines contain the request's path. Paths that match no template are the likely place of mistyped
    // secrets.
    enum class path_lines : std::uint8_t { none, unmatched, all };
    path_lines paths = path_lines::none;
    bool unverified = false; // log the content of refused tokens even if no trusted issuer signed them
    // Refusals logged per second, by reason and route; further ones are only counted. 0: no limit.
    std::size_t burst = 1'000;
};

} // namespace scopegate::policy
