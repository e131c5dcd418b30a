// An authorization server on loopback with many tenants: `http://127.0.0.1:PORT/{tenant}/v2.0`. Each has a
// discovery document and a key set of its own.
#pragma once

#include "support/recording_upstream.hpp"

#include <algorithm>
#include <string>

namespace scopegate::test {

class tenant_server final {
public:
    [[nodiscard]] std::string pattern() const { return name_of("{tenant}"); }
    [[nodiscard]] std::string name_of(const std::string& tenant) const
    {
        return server_.url() + "/" + tenant + "/v2.0";
    }
    [[nodiscard]] std::string keys_url(const std::string& tenant) const
    {
        return server_.url() + "/" + tenant + "/keys";
    }

    // Serves this tenant. Its discovery document names `issuer`; if empty, the tenant's own name.
    void serve(const std::string& tenant, const std::string& key_set, std::string issuer = {})
    {
        if (issuer.empty())
            issuer = name_of(tenant);
        server_.answer("/" + tenant + "/v2.0/.well-known/openid-configuration",
                       ok(R"({"issuer":")" + issuer + R"(","jwks_uri":")" + keys_url(tenant) + "\"}"));
        server_.answer("/" + tenant + "/keys", ok(key_set));
    }
    // Responds with this status to a request for the tenant's keys. Its discovery document remains.
    void lose_keys(const std::string& tenant, const std::string& status)
    {
        serve(tenant, {});
        server_.answer("/" + tenant + "/keys", "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n");
    }
    // Responds with this status to every question about the tenant.
    void refuse(const std::string& tenant, const std::string& status = "404 Not Found")
    {
        for (const auto& path : {"/" + tenant + "/v2.0/.well-known/openid-configuration",
                                 "/.well-known/oauth-authorization-server/" + tenant + "/v2.0"})
            server_.answer(path, "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n");
    }
    // Does not respond to questions about the tenant until release().
    void hang(const std::string& tenant)
    {
        server_.on("/" + tenant + "/v2.0/.well-known/openid-configuration",
                   [](upstream_exchange& x) { static_cast<void>(x.wait_for_release()); });
    }
    void release() { server_.release(); }

    // Returns the number of discovery documents that were asked for, of this tenant or of all.
    [[nodiscard]] std::size_t discoveries(const std::string& tenant = {}) const
    {
        const auto all = server_.requests();
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const request& r) {
            return r.target.ends_with("/openid-configuration") &&
                   (tenant.empty() || r.target.starts_with("/" + tenant + "/"));
        }));
    }
    [[nodiscard]] std::size_t requests() const { return server_.requests().size(); }

private:
    recording_upstream server_;
};

} // namespace scopegate::test
