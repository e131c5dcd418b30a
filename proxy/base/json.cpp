#include "base/json.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>

namespace scopegate::json {

namespace {

// Sorts the names of a large object. Otherwise a body of 10,000 members would cost 50 million comparisons.
bool has_duplicate(std::span<const std::string> names)
{
    constexpr std::size_t few = 16;
    if (names.size() <= few) {
        for (auto i = names.begin(); i != names.end(); ++i)
            if (std::find(std::next(i), names.end(), *i) != names.end())
                return true;
        return false;
    }
    std::vector<std::string_view> sorted(names.begin(), names.end());
    std::sort(sorted.begin(), sorted.end());
    return std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
}

// The handler of basic_parser. Finished values stay on a stack until the end of their array or object
// collects them.
class builder final {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    using error = boost::json::error_code;
    using text = boost::json::string_view;

    explicit builder(bool duplicates_spoil_all) : duplicates_spoil_all_(duplicates_spoil_all)
    {
        // Enough for the members of a token's claims and their inner values, without reallocation.
        constexpr std::size_t usual = 16;
        values_.reserve(usual);
        names_.reserve(usual);
    }

    bool on_document_begin(error&) { return true; }
    bool on_document_end(error&) { return true; }
    bool on_array_begin(error&) { return true; }
    bool on_object_begin(error&) { return true; }

    bool on_array_end(std::size_t n, error&)
    {
        const auto first = values_.end() - static_cast<std::ptrdiff_t>(n);
        json::array items(std::make_move_iterator(first), std::make_move_iterator(values_.end()));
        values_.erase(first, values_.end());
        values_.emplace_back(std::move(items));
        return true;
    }
    bool on_object_end(std::size_t n, error& ec)
    {
        const auto name = names_.end() - static_cast<std::ptrdiff_t>(n);
        const auto first = values_.end() - static_cast<std::ptrdiff_t>(n);
        const bool spoilt = has_duplicate({name, names_.end()});
        if (spoilt && duplicates_spoil_all_) {
            ec = boost::json::error::syntax;
            return false;
        }
        json::object members;
        members.reserve(n);
        for (std::size_t i = 0; i < n; ++i) {
            const auto at = static_cast<std::ptrdiff_t>(i);
            members.emplace_back(std::move(name[at]), std::move(first[at]));
        }
        names_.erase(name, names_.end());
        values_.erase(first, values_.end());
        values_.push_back(spoilt ? value() : value(std::move(members)));
        return true;
    }

    bool on_key_part(text part, std::size_t, error&) { return collect(part); }
    bool on_key(text part, std::size_t, error&)
    {
        names_.push_back(collected(part));
        return true;
    }
    bool on_string_part(text part, std::size_t, error&) { return collect(part); }
    bool on_string(text part, std::size_t, error&)
    {
        values_.emplace_back(collected(part));
        return true;
    }
    bool on_number_part(text part, error&) { return collect(part); }
    bool on_int64(std::int64_t, text part, error&) { return number(part); }
    bool on_uint64(std::uint64_t, text part, error&) { return number(part); }
    bool on_double(double, text part, error&) { return number(part); }
    bool on_bool(bool b, error&)
    {
        values_.emplace_back(b);
        return true;
    }
    bool on_null(error&)
    {
        values_.emplace_back();
        return true;
    }
    bool on_comment_part(text, error&) { return true; }
    bool on_comment(text, error&) { return true; }

    [[nodiscard]] value take() { return std::move(values_.back()); }

private:
    bool collect(text part)
    {
        parts_.append(part.data(), part.size());
        return true;
    }
    std::string collected(text last)
    {
        collect(last);
        return std::exchange(parts_, {});
    }
    bool number(text last)
    {
        values_.push_back(value::number(collected(last)));
        return true;
    }

    const bool duplicates_spoil_all_;
    std::vector<value> values_;
    std::vector<std::string> names_;
    std::string parts_; // of the string or number that is being read
};

bool same_members(const object& a, const object& b) noexcept
{
    // Names are unique within an object. So the sets are equal if the sizes are equal and `b` has each of a's
    // members.
    return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const member& m) {
               const auto other =
                   std::find_if(b.begin(), b.end(), [&](const member& o) { return o.first == m.first; });
               return other != b.end() && other->second == m.second;
           });
}

} // namespace

value::value() noexcept = default;
value::value(bool b) : content_(b) {}
value::value(std::string s) : content_(std::move(s)) {}
value::value(json::array a) : content_(std::move(a)) {}
value::value(json::object o) : content_(std::move(o)) {}

value value::number(std::string text)
{
    value v;
    v.content_ = number_text{std::move(text)};
    return v;
}

const std::string* value::if_string() const noexcept
{
    return std::get_if<std::string>(&content_);
}
const json::array* value::if_array() const noexcept
{
    return std::get_if<json::array>(&content_);
}
const json::object* value::if_object() const noexcept
{
    return std::get_if<json::object>(&content_);
}

std::optional<bool> value::if_bool() const noexcept
{
    const auto* b = std::get_if<bool>(&content_);
    return b != nullptr ? std::optional(*b) : std::nullopt;
}

std::optional<double> value::if_number() const noexcept
{
    const auto* number = std::get_if<number_text>(&content_);
    if (number == nullptr)
        return std::nullopt;
    double d = 0;
    const char* const end = number->text.data() + number->text.size();
    const auto [stop, error] = std::from_chars(number->text.data(), end, d);
    return error == std::errc() && stop == end ? std::optional(d) : std::nullopt;
}

const value* value::find(std::string_view name) const noexcept
{
    const auto* members = if_object();
    if (members == nullptr)
        return nullptr;
    for (const auto& [member_name, member_value] : *members)
        if (member_name == name)
            return &member_value;
    return nullptr;
}

std::optional<std::string_view> value::scalar_text() const noexcept
{
    if (const auto* text = if_string())
        return *text;
    if (const auto* number = std::get_if<number_text>(&content_))
        return number->text;
    if (const auto* b = std::get_if<bool>(&content_))
        return *b ? "true" : "false";
    return std::nullopt;
}

bool operator==(const value& a, const value& b) noexcept
{
    const auto *mine = a.if_object(), *theirs = b.if_object();
    return mine != nullptr && theirs != nullptr ? same_members(*mine, *theirs) : a.content_ == b.content_;
}

std::optional<value> parse(std::string_view text, const limits& bounds)
{
    if (text.size() > bounds.bytes)
        return std::nullopt;
    boost::json::parse_options strict;
    strict.max_depth = bounds.depth;
    boost::json::basic_parser<builder> parser(strict, bounds.duplicates_spoil_all);
    boost::json::error_code error;
    const auto used = parser.write_some(false, text.data(), text.size(), error);
    if (error || used != text.size())
        return std::nullopt;
    return parser.handler().take();
}

} // namespace scopegate::json
