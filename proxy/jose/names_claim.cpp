#include "jose/names_claim.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::jose {

namespace {

using form = names_claim::form;

std::string_view without_spaces_around(std::string_view text) noexcept
{
    const auto begin = std::min(text.find_first_not_of(' '), text.size());
    return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

void add(std::string_view name, listed_names& into)
{
    if (!name.empty())
        into.names.push_back(name);
}

void add_split(std::string_view text, char separator, listed_names& into)
{
    while (!text.empty()) {
        const auto part = text.substr(0, text.find(separator));
        add(without_spaces_around(part), into);
        text.remove_prefix(std::min(text.size(), part.size() + 1));
    }
}

void add_text(std::string_view text, form as, listed_names& into)
{
    switch (as) {
    case form::space:
        return add_split(text, ' ', into);
    case form::comma:
        return add_split(text, ',', into);
    case form::text:
    case form::text_or_keys:
        return add(text, into);
    case form::list:
    case form::keys:
        into.odd = true;
    }
}

void add_items(const json::array& items, listed_names& into)
{
    for (const auto& item : items)
        if (const auto* text = item.if_string())
            add(*text, into);
        else
            into.odd = true;
}

// An issuer that writes `{"admin": false}` denies the role.
bool says_yes(const json::value& v) noexcept
{
    if (const auto* items = v.if_array())
        return !items->empty();
    if (const auto* members = v.if_object())
        return !members->empty();
    if (const auto* text = v.if_string())
        return !text->empty();
    return v.if_bool().value_or(v.if_number().value_or(0) != 0);
}

void add_keys(const json::object& members, listed_names& into)
{
    for (const auto& [key, value] : members)
        if (says_yes(value))
            add(key, into);
}

void add_names(const json::value& v, form as, listed_names& into)
{
    const auto* items = v.if_array();
    const auto* members = v.if_object();
    if (const auto* text = v.if_string())
        add_text(*text, as, into);
    else if (items != nullptr && as != form::keys)
        add_items(*items, into);
    else if (members != nullptr && (as == form::keys || as == form::text_or_keys))
        add_keys(*members, into);
    else
        into.odd = true;
}

// An object without the member has no names.
void add_each(const json::array& items, const names_claim& from, listed_names& into)
{
    for (const auto& item : items) {
        if (item.if_object() == nullptr)
            into.odd = true;
        else if (const auto* member = from.each->find(item); member != nullptr && !member->is_null())
            add_names(*member, from.as, into);
    }
}

std::vector<std::string> words_of(std::string_view scopes)
{
    listed_names split;
    add_split(scopes, ' ', split);
    return {split.names.begin(), split.names.end()};
}

json::value in_form(form as, std::string_view scopes)
{
    if (as == form::space)
        return json::value(std::string(scopes));
    if (as == form::keys) {
        json::object members;
        for (auto& word : words_of(scopes))
            if (std::none_of(members.begin(), members.end(), [&](const auto& m) { return m.first == word; }))
                members.emplace_back(std::move(word), json::value(true));
        return json::value(std::move(members));
    }
    json::array items;
    for (auto& word : words_of(scopes))
        items.emplace_back(std::move(word));
    return json::value(std::move(items));
}

// Wraps a value in objects, so that the path finds it.
json::value at_path(const json::path& path, json::value v)
{
    const auto& steps = path.steps();
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        json::object around;
        around.emplace_back(*step, std::move(v));
        v = json::value(std::move(around));
    }
    return v;
}

} // namespace

std::string names_claim::describe() const
{
    if (!each)
        return claim.name();
    const auto& member = each->name();
    return claim.name() + (member.starts_with('/') ? "[]" : "[].") + member;
}

listed_names names_in(const json::value& claims, const names_claim& from)
{
    listed_names out;
    const auto* found = from.claim.find(claims);
    if (found == nullptr || found->is_null())
        return out;
    out.present = true;
    if (!from.each)
        add_names(*found, from.as, out);
    else if (const auto* items = found->if_array())
        add_each(*items, from, out);
    else
        out.odd = true;
    return out;
}

json::value make_listing(const names_claim& from, std::string_view scopes)
{
    auto listing = in_form(from.as, scopes);
    if (!from.each)
        return listing;
    json::array items;
    items.push_back(at_path(*from.each, std::move(listing)));
    return json::value(std::move(items));
}

} // namespace scopegate::jose
