// The beginning of each line of the log in JSON.
#pragma once

#include "base/json_writer.hpp"
#include "observe/http_date.hpp"

#include <string>
#include <string_view>

namespace scopegate::observe {

// Opens the line's object with its time, level and event. The caller adds members and closes it.
inline json::writer open_line(std::string& line, wall_time now, std::string_view severity,
                              std::string_view event)
{
    json::writer json(line);
    append_rfc3339(json.open_object().name("time").raw() += '"', now);
    line += '"';
    json.member("level", severity).member("event", event);
    return json;
}

} // namespace scopegate::observe
