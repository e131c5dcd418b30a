// The JSON Schema, which editors show, must know the same keys as the loader's tables.
#include "config/compile.hpp"
#include "config/load.hpp"

#include "base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace scopegate::config {
namespace {

using keys_by_path = std::map<std::string, std::set<std::string>>;

// Collects all properties of a schema by the path of their map.
class schema_walk final {
public:
    explicit schema_walk(const json::value& root) : root_(root) { walk(root, ""); }
    [[nodiscard]] const keys_by_path& found() const { return found_; }
    [[nodiscard]] const std::set<std::string>& undescribed() const { return undescribed_; }
    [[nodiscard]] const std::set<std::string>& open() const { return open_; }

private:
    void walk(const json::value& schema, const std::string& path)
    {
        if (const auto* target = schema.find("$ref"))
            walk(*json::path(target->if_string()->substr(1)).find(root_), path);
        for (const char* word : {"oneOf", "anyOf", "allOf"})
            if (const auto* list = schema.find(word))
                for (const auto& one : *list->if_array())
                    walk(one, path);
        if (const auto* properties = schema.find("properties")) {
            for (const auto& [name, value] : *properties->if_object()) {
                found_[path].insert(name);
                if (!described(value))
                    undescribed_.insert(path + ": " + name);
                walk(value, path.empty() ? name : path + "." + name);
            }
            const auto* more = schema.find("additionalProperties");
            const bool free_keys = more != nullptr && more->if_object() != nullptr; // beside the named ones
            if (!free_keys && (more == nullptr || more->if_bool() != false))
                open_.insert(path);
        }
        if (const auto* more = schema.find("additionalProperties");
            more != nullptr && more->if_object() != nullptr)
            walk(*more, path + ".*");
        if (const auto* items = schema.find("items"))
            walk(*items, path + "[]");
    }

    [[nodiscard]] bool described(const json::value& schema) const
    {
        if (schema.find("description") != nullptr)
            return true;
        const auto* target = schema.find("$ref");
        return target != nullptr && described(*json::path(target->if_string()->substr(1)).find(root_));
    }

    const json::value& root_;
    keys_by_path found_;
    std::set<std::string> undescribed_;
    std::set<std::string> open_;
};

json::value schema()
{
    const auto parsed = json::parse(schema_json());
    if (!parsed)
        throw std::logic_error("routes.schema.json is no JSON");
    return *parsed;
}

TEST(schema, has_the_same_keys_as_the_loader)
{
    keys_by_path loader;
    for (const auto& s : all_sections())
        loader[s.path].insert(s.keys.begin(), s.keys.end());
    const auto root = schema();
    EXPECT_EQ(schema_walk(root).found(), loader);
}

TEST(schema, describes_every_key_and_refuses_others)
{
    const auto root = schema();
    EXPECT_THAT(schema_walk(root).undescribed(), testing::IsEmpty());
    EXPECT_THAT(schema_walk(root).open(), testing::IsEmpty());
    EXPECT_EQ(*root.find("$schema")->if_string(), "https://json-schema.org/draft/2020-12/schema");
}

} // namespace
} // namespace scopegate::config
