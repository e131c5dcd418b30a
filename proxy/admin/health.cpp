#include "admin/health.hpp"

#include "base/json_writer.hpp"

#include <utility>

namespace scopegate::admin {

response liveness_page(const request& asked, control::service&)
{
    return page(asked, http::status::ok, "{\"live\":true}\n");
}

response readiness_page(const request& asked, control::service& shown)
{
    const auto now = shown.ready();
    std::string body;
    json::writer(body)
        .open_object()
        .member("ready", now.ready)
        .member("draining", now.draining)
        .member_list("issuers_without_keys", now.without_keys)
        .close_object();
    body += '\n';
    return page(asked, now.ready ? http::status::ok : http::status::service_unavailable, std::move(body));
}

} // namespace scopegate::admin
