#include "admin/page.hpp"

#include "base/json_writer.hpp"

#include <utility>

namespace scopegate::admin {

response page(const request& asked, http::status status, std::string body, std::string_view type)
{
    response answer(status, asked.version());
    answer.set(http::field::content_type, boost::core::string_view(type.data(), type.size()));
    answer.set(http::field::cache_control, "no-store");
    answer.keep_alive(asked.keep_alive());
    answer.body() = std::move(body);
    answer.prepare_payload();
    if (asked.method() == http::verb::head)
        answer.body().clear();
    return answer;
}

response problem(const request& asked, http::status status, std::string_view detail)
{
    const auto title = http::obsolete_reason(status);
    std::string body;
    json::writer(body)
        .open_object()
        .member("type", "about:blank")
        .member("title", std::string_view(title.data(), title.size()))
        .member("status", static_cast<unsigned>(status))
        .member("detail", detail)
        .close_object();
    return page(asked, status, body + "\n", "application/problem+json");
}

} // namespace scopegate::admin
