// Strict JSON (RFC 8259) for what comes from outside: claims, key sets, metadata. Boost.JSON parses, through
// its basic_parser; the tree here is ours because its DOM loses duplicate members and the text of numbers.
// Refused: duplicate members (compared after unescaping) at any depth, invalid UTF-8, lone surrogates, what
// is behind the value, more than the limits. Values own their content and are immutable once parsed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace scopegate::json {

struct limits {
    std::size_t bytes = 64 * 1024;
    std::size_t depth = 16;
    bool duplicates_spoil_all = true; // otherwise only the object that has them: it becomes null
};

class value;
using array = std::vector<value>;
using member = std::pair<std::string, value>;
using object = std::vector<member>; // in the order of the text

class value final {
public:
    enum class kind { null, boolean, number, string, elements, members };

    value() noexcept; // null
    explicit value(bool b);
    explicit value(std::string s);
    explicit value(json::array a);
    explicit value(json::object o);
    static value number(std::string text); // text: a JSON number as written

    [[nodiscard]] kind type() const noexcept { return static_cast<kind>(content_.index()); }
    [[nodiscard]] bool is_null() const noexcept { return type() == kind::null; }
    // Null pointers where the kind is another.
    [[nodiscard]] const std::string* if_string() const noexcept;
    [[nodiscard]] const json::array* if_array() const noexcept;
    [[nodiscard]] const json::object* if_object() const noexcept;
    [[nodiscard]] std::optional<bool> if_bool() const noexcept;
    // A number's value as a double; nothing for another kind or what a double can't hold finitely.
    [[nodiscard]] std::optional<double> if_number() const noexcept;

    // The member of that name, or null where there is none or this is no object.
    [[nodiscard]] const value* find(std::string_view name) const noexcept;
    // A scalar as text: a string's characters, a number or boolean as written; nothing for null, arrays and
    // objects.
    [[nodiscard]] std::optional<std::string_view> scalar_text() const noexcept;

    // Same kind and content; numbers compare by their text.
    friend bool operator==(const value& a, const value& b) noexcept;

private:
    struct number_text {
        std::string text;
        friend bool operator==(const number_text&, const number_text&) = default;
    };
    // In the order of `kind`. One of them and not all side by side: tokens' claims are kept by the thousand.
    std::variant<std::monostate, bool, number_text, std::string, json::array, json::object> content_;
};

// The value of a whole text, or nothing where it is not strictly one value within the limits.
[[nodiscard]] std::optional<value> parse(std::string_view text, const limits& bounds = {});

// The value as compact JSON text.
[[nodiscard]] std::string serialize(const value& v);
// Appends s as a JSON string with its quotes; what is not UTF-8 becomes U+FFFD.
void append_quoted(std::string& out, std::string_view s);

// Where a claim lies. A leading `/` makes the name a JSON Pointer (RFC 6901), anything else is a top-level
// member.
class path final {
public:
    path() = default;
    explicit path(std::string name);
    [[nodiscard]] const value* find(const value& root) const noexcept; // null: not there
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    // The member of the root that it begins at; empty where it names nothing.
    [[nodiscard]] std::string_view first_step() const noexcept
    {
        return steps_.empty() ? std::string_view{} : std::string_view(steps_.front());
    }

private:
    std::string name_;
    std::vector<std::string> steps_; // unescaped reference tokens; one step for a top-level name
};

} // namespace scopegate::json
