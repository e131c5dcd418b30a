#include "admin/drain.hpp"

namespace scopegate::admin {

response drain_page(const request& asked, control::service& shown)
{
    // A browser sends the origin of the page that makes a POST. No page may drain, whatever host name it was
    // loaded from.
    if (asked["Scopegate-Command"] != "drain" || !asked["Origin"].empty())
        return problem(asked, http::status::forbidden, "send the header Scopegate-Command: drain");
    shown.leave();
    return page(asked, http::status::ok, "{\"draining\":true}\n");
}

} // namespace scopegate::admin
