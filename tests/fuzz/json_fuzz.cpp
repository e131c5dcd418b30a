// JSON: a value that is read, written and read again is the same. Boost.JSON accepts all that we accept. A
// pointer finds each member, and any bytes, quoted, are one string.
#include "fuzz/fuzz.hpp"

#include "base/json.hpp"

#include <boost/json/parse.hpp>

namespace json = scopegate::json;
using scopegate::fuzz::check;

namespace {

std::string as_pointer(std::string_view name)
{
    std::string out = "/";
    for (const char c : name)
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    return out;
}

void check_value(const json::value& v)
{
    if (const auto number = v.if_number())
        check(v.type() == json::value::kind::number && *number - *number == 0);
    check(v.scalar_text().has_value() ==
          (v.if_string() != nullptr || v.if_bool().has_value() || v.type() == json::value::kind::number));
    if (const auto* members = v.if_object())
        for (const auto& [name, value] : *members) {
            check(v.find(name) == &value);
            check(json::path(as_pointer(name)).find(v) == &value);
            check(name.starts_with('/') || json::path(name).find(v) == &value);
            check_value(value);
        }
    if (const auto* elements = v.if_array())
        for (const auto& element : *elements)
            check_value(element);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto text = scopegate::fuzz::text_of(bytes, size);
    std::string quoted;
    json::append_quoted(quoted, text);
    const auto string = json::parse(quoted);
    check(string.has_value() && string->if_string() != nullptr);
    std::string again;
    json::append_quoted(again, *string->if_string());
    check(again == quoted);

    const auto value = json::parse(text);
    if (!value)
        return 0;
    boost::json::error_code ec;
    (void)boost::json::parse(text, ec);
    check(!ec);
    const auto written = json::serialize(*value);
    const auto read = json::parse(written);
    check(read.has_value() && *read == *value && json::serialize(*read) == written);
    check_value(*value);
    return 0;
}
