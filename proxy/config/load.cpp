#include "config/load.hpp"

#include "base/secret.hpp"
#include "config/compile.hpp"
#include "config/placeholders.hpp"
#include "config/yaml_source.hpp"

#include <cstdlib>

namespace scopegate::config {

namespace {

loaded finished(const diagnostics& out, const source_files& files,
                std::shared_ptr<const policy::policy> compiled, allowances allowed)
{
    loaded result;
    result.errors = out.errors();
    result.warnings = allowed.filter(out.warnings());
    result.allowed = std::move(allowed);
    result.files = files.names();
    if (result.errors.empty())
        result.policy = std::move(compiled);
    return result;
}

// The policy has copied what it needs. Secrets must not stay behind in freed memory.
void wipe_values(node& n) noexcept
{
    wipe(n.text);
    wipe(n.written);
    for (auto& item : n.items)
        wipe_values(item);
}

} // namespace

environment process_environment()
{
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

loaded load_text(std::string_view text, const std::string& path, const environment& env)
{
    diagnostics out(path);
    source_files files(path);
    auto compiled = std::make_shared<policy::policy>();
    compiled->file = path;
    auto allowed = allowances::read(text, out);
    if (auto root = read_yaml(text, out)) {
        replace_placeholders(*root, env, out);
        const auto proxies = proxies_of(env);
        compilation c{*compiled, out, files, proxies};
        compile(c, *root);
        wipe_values(*root);
    }
    return finished(out, files, std::move(compiled), std::move(allowed));
}

loaded load_file(const std::string& path, const environment& env)
{
    auto content = read_regular_file(path, max_source_size);
    const wiped_at_end wiped(content.text);
    if (content.problem.empty())
        return load_text(content.text, path, env);
    diagnostics out(path);
    out.error({}, "can't read the file: " + content.problem);
    return finished(out, source_files(path), nullptr, {});
}

} // namespace scopegate::config
