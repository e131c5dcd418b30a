// Strict JSON (RFC 8259) for external input: claims, key sets, metadata. Boost.JSON parses, through its
// basic_parser. The tree is our own, because Boost's DOM loses duplicate members and the text of numbers.
// The parser refuses duplicate members (compared after unescaping) at any depth, invalid UTF-8, lone
// surrogates, text after the value, and input beyond the limits. Values own their content and are immutable
// once parsed.
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
    bool duplicates_spoil_all = true; // false: only the object that has them becomes null
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
    // Return null for a value of another kind.
    [[nodiscard]] const std::string* if_string() const noexcept;
    [[nodiscard]] const json::array* if_array() const noexcept;
    [[nodiscard]] const json::object* if_object() const noexcept;
    [[nodiscard]] std::optional<bool> if_bool() const noexcept;
    // Returns a number as a double. Returns nothing for another kind, or if a double can't represent it
    // finitely.
    [[nodiscard]] std::optional<double> if_number() const noexcept;

    // Returns the member of that name. Returns null if it is absent or this is not an object.
    [[nodiscard]] const value* find(std::string_view name) const noexcept;
    // Returns a scalar as text: the characters of a string, a number or boolean as written. Returns nothing
    // for null, arrays and objects.
    [[nodiscard]] std::optional<std::string_view> scalar_text() const noexcept;

    // Compares kind and content; numbers compare by their text.
    friend bool operator==(const value& a, const value& b) noexcept;

private:
    struct number_text {
        std::string text;
        friend bool operator==(const number_text&, const number_text&) = default;
    };
    // In the order of `kind`. A variant rather than separate members: thousands of tokens' claims are kept in
    // memory.
    std::variant<std::monostate, bool, number_text, std::string, json::array, json::object> content_;
};

// Parses `text`. Returns nothing unless it is exactly one strict value within the limits.
[[nodiscard]] std::optional<value> parse(std::string_view text, const limits& bounds = {});

// Returns the value as compact JSON text.
[[nodiscard]] std::string serialize(const value& v);
// Appends `s` as a JSON string with its quotes. Replaces invalid UTF-8 by U+FFFD.
void append_quoted(std::string& out, std::string_view s);

// The location of a claim. A name with a leading `/` is a JSON Pointer (RFC 6901); any other name is a
// top-level member.
class path final {
public:
    path() = default;
    explicit path(std::string name);
    [[nodiscard]] const value* find(const value& root) const noexcept; // null if absent
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    // Returns the names of the members on the way; a top-level name has one.
    [[nodiscard]] const std::vector<std::string>& steps() const noexcept { return steps_; }
    // Returns the root's member that the path begins at, or an empty name if the path is empty.
    [[nodiscard]] std::string_view first_step() const noexcept
    {
        return steps_.empty() ? std::string_view{} : std::string_view(steps_.front());
    }

private:
    std::string name_;
    std::vector<std::string> steps_; // unescaped reference tokens; a top-level name has one step
};

} // namespace scopegate::json
