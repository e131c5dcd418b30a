// Writes compact JSON at the end of a text. Allocates nothing but that text, so that the access log can use
// it. Untrusted JSON is parsed by base/json.hpp.
#pragma once

#include "base/json.hpp"

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace scopegate::json {

// Puts the commas. The caller closes what it opened, and gives each member one value. The text is empty at
// first, or ends inside an object or array that an earlier writer left open.
class writer final {
public:
    explicit writer(std::string& out) noexcept : out_(out) {}

    writer& open_object() { return add('{'); }
    writer& open_array() { return add('['); }
    writer& close_object()
    {
        out_ += '}';
        return *this;
    }
    writer& close_array()
    {
        out_ += ']';
        return *this;
    }

    // Begins a member. The name needs no escaping: it stands in our code.
    writer& name(std::string_view name)
    {
        (raw() += '"').append(name).append("\":");
        return *this;
    }
    // Begins a member with any name.
    writer& escaped_name(std::string_view name)
    {
        append_quoted(raw(), name);
        out_ += ':';
        return *this;
    }

    // Adds a value: a text, an integer, true, false or null.
    writer& value(std::string_view text)
    {
        append_quoted(raw(), text);
        return *this;
    }
    writer& value(std::nullptr_t)
    {
        raw() += "null";
        return *this;
    }
    template <std::integral T>
    writer& value(T v)
    {
        if constexpr (std::is_same_v<T, bool>) {
            raw() += v ? "true" : "false";
        } else {
            char digits[20]; // of the longest 64-bit number
            const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
            raw().append(digits, static_cast<std::size_t>(end - digits));
        }
        return *this;
    }

    // Adds a member with such a value.
    template <class T>
    writer& member(std::string_view name, const T& v)
    {
        return this->name(name).value(v);
    }
    // Adds a member with an array of texts.
    template <class Texts>
    writer& member_list(std::string_view name, const Texts& texts)
    {
        return this->name(name).list(texts);
    }
    template <class Texts>
    writer& list(const Texts& texts)
    {
        open_array();
        for (const auto& text : texts)
            value(std::string_view(text));
        return close_array();
    }

    // Returns the text, to continue the last value.
    [[nodiscard]] std::string& text() noexcept { return out_; }
    // Puts a comma if one is due. Returns the text, to which the caller appends one value that is JSON
    // already.
    std::string& raw()
    {
        if (!out_.empty() && is_followed_by_comma(out_.back()))
            out_ += ',';
        return out_;
    }

private:
    // A text of JSON never ends with one of these after a whole value, because strings end with a quote.
    static constexpr bool is_followed_by_comma(char last) noexcept
    {
        return last != '{' && last != '[' && last != ':';
    }
    writer& add(char bracket)
    {
        raw() += bracket;
        return *this;
    }

    std::string& out_;
};

} // namespace scopegate::json
