#include "admin/health.hpp"

#include "base/json.hpp"

#include <utility>

namespace scopegate::admin {

response liveness_page(const request& asked, control::service&)
{
    return page(asked, http::status::ok, "{\"live\":true}\n");
}

response readiness_page(const request& asked, control::service& shown)
{
    const auto now = shown.ready();
    std::string body = std::string("{\"ready\":") + (now.ready ? "true" : "false") +
                       ",\"draining\":" + (now.draining ? "true" : "false") + ",\"issuers_without_keys\":[";
    for (std::size_t i = 0; i < now.without_keys.size(); ++i) {
        if (i > 0)
            body += ',';
        json::append_quoted(body, now.without_keys[i]);
    }
    body += "]}\n";
    return page(asked, now.ready ? http::status::ok : http::status::service_unavailable, std::move(body));
}

} // namespace scopegate::admin
