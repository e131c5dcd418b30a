#include "http/readings.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <iterator>

namespace scopegate::http {

namespace {

constexpr auto npos = std::string_view::npos;

// Names with these endings are programs to servers, which pass them the rest of the path as PATH_INFO (RFC
// 3875 section 4.1.5): CGI, PHP, ASP, ASP.NET, JSP and ColdFusion.
constexpr std::string_view script_endings[] = {".php", ".phtml", ".phar", ".cgi",  ".fcgi", ".pl",   ".py",
                                               ".asp", ".aspx",  ".ashx", ".asmx", ".jsp",  ".jspx", ".do",
                                               ".cfm", ".svc",   ".axd",  ".pht",  ".php5", ".php7", ".php8"};

bool is_script(std::string_view segment) noexcept
{
    const auto dot = segment.rfind('.');
    if (dot == npos)
        return false;
    const auto ending = segment.substr(dot);
    return std::any_of(std::begin(script_endings), std::end(script_endings),
                       [ending](std::string_view known) { return iequals(ending, known); });
}

// Inside a folder, only scripts called `index`, `app` or `app_dev` count as routers of the rest of the path.
// Other names there are as likely resources.
bool is_front_controller(std::string_view segment) noexcept
{
    const auto name = segment.substr(0, segment.rfind('.'));
    return iequals(name, "index") || iequals(name, "app") || iequals(name, "app_dev");
}

} // namespace

bool is_directory_index(std::string_view segment) noexcept
{
    constexpr std::string_view endings[] = {".php", ".html", ".htm", ".aspx", ".asp", ".jsp", ".cgi"};
    const auto dot = std::min(segment.rfind('.'), segment.size());
    const auto name = segment.substr(0, dot), ending = segment.substr(dot);
    return (iequals(name, "index") || iequals(name, "default")) &&
           std::any_of(std::begin(endings), std::end(endings),
                       [ending](std::string_view known) { return iequals(ending, known); });
}

format_dots find_format(std::string_view path) noexcept
{
    const auto name = path.find_first_not_of('.', path.rfind('/') + 1);
    const auto first = path.find('.', name);
    return first == npos ? format_dots{} : format_dots{first, path.rfind('.')};
}

script_segment find_script(std::string_view path, std::size_t from) noexcept
{
    for (std::size_t begin = from;;) {
        const auto end = path.find('/', begin + 1);
        if (end == npos || end + 1 == path.size())
            return {};
        const auto segment = path.substr(begin + 1, end - begin - 1);
        if (is_script(segment))
            return {begin, end, begin == 0 || is_front_controller(segment)};
        begin = end;
    }
}

} // namespace scopegate::http
