#include "admin/drain.hpp"

namespace scopegate::admin {

response drain_page(const request& asked, control::service& shown)
{
    // A browser names the origin of the page that sends a POST: no page may, whatever name it was loaded by.
    if (asked["Scopegate-Command"] != "drain" || !asked["Origin"].empty())
        return problem(asked, http::status::forbidden, "send the field Scopegate-Command: drain");
    shown.leave();
    return page(asked, http::status::ok, "{\"draining\":true}\n");
}

} // namespace scopegate::admin
