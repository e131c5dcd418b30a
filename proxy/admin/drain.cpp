#include "admin/drain.hpp"

namespace scopegate::admin {

response drain_page(const request& asked, control::service& shown)
{
    if (asked["Scopegate-Command"] != "drain")
        return problem(asked, http::status::forbidden, "send the field Scopegate-Command: drain");
    shown.leave();
    return page(asked, http::status::ok, "{\"draining\":true}\n");
}

} // namespace scopegate::admin
