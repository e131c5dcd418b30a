#include "config/key_place.hpp"

#include "base/secret.hpp"
#include "config/diagnostics.hpp"
#include "config/source_files.hpp"
#include "config/yaml_source.hpp"

namespace scopegate::config {

policy::source_mark place_of(const std::string& file, std::initializer_list<std::string_view> keys,
                             std::size_t item)
{
    auto content = read_regular_file(file, max_source_size);
    const wiped_at_end wiped(content.text);
    diagnostics ignored(file);
    const auto root = read_yaml(content.text, ignored);
    const node* value = root ? &*root : nullptr;
    for (const auto key : keys)
        value = value != nullptr ? value->find(key) : nullptr;
    if (value == nullptr)
        return {};
    return value->is(node::kind::list) && item < value->items.size() ? value->items[item].at : value->at;
}

} // namespace scopegate::config
