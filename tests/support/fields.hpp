// Makes field lists as the head parser does, from texts in a test.
#pragma once

#include "http/head_parser.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::test {

using field_texts = std::vector<std::pair<std::string_view, std::string_view>>;

// The texts must outlive the fields.
[[nodiscard]] inline http::field field_of(std::string_view name, std::string_view value)
{
    const auto known = http::classify(name);
    http::field f;
    f.name = name;
    f.value = value;
    f.id = known.id;
    f.underscore = known.underscore;
    return f;
}

[[nodiscard]] inline http::field_list fields_of(const field_texts& texts)
{
    http::field_list list;
    for (const auto& [name, value] : texts)
        list.push_back(field_of(name, value));
    return list;
}

} // namespace scopegate::test
