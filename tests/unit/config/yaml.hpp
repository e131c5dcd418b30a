// Short configuration files for the tests of this folder.
#pragma once

#include "config/load.hpp"
#include "support/policy_from_yaml.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config::test {

using scopegate::test::policy_from_yaml;

inline std::optional<std::string> nothing_set(const std::string&)
{
    return std::nullopt;
}

inline loaded load(std::string_view text)
{
    return load_text(text, "routes.yaml", nothing_set);
}

// Returns errors as `line:column: message`.
inline std::vector<std::string> places(const std::vector<diagnostic>& list)
{
    std::vector<std::string> out;
    for (const auto& d : list)
        out.push_back(std::to_string(d.at.line) + ':' + std::to_string(d.at.column) + ": " + d.message);
    return out;
}
inline std::vector<std::string> errors(std::string_view text)
{
    return places(load(text).errors);
}
// Returns warnings in the same form, without advice and without the warning that nearly every short file
// causes.
inline std::vector<std::string> warnings(std::string_view text)
{
    auto list = load(text).warnings;
    std::erase_if(list, [](const diagnostic& d) {
        return d.kind == warning::hosts_not_listed || (d.kind && is_advice(*d.kind));
    });
    return places(list);
}
// Returns the warnings of that name, as `line:column: message`.
inline std::vector<std::string> warnings_named(warning kind, std::string_view text)
{
    auto list = load(text).warnings;
    std::erase_if(list, [kind](const diagnostic& d) { return d.kind != kind; });
    return places(list);
}

inline const std::string upstream = "upstream: http://127.0.0.1:3000\n";
inline const std::string issuers = "issuers: [{issuer: https://a.example, audience: https://api.example}]\n";
inline const std::string scopes = "scopes: {a: A, b: B, c: C}\n";
inline const std::string routes = "routes: {/x: {GET: public}}\n";

// A temporary folder, removed with all its contents.
class folder final {
public:
    folder()
    {
        auto pattern = (std::filesystem::temp_directory_path() / "scopegate-config-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    void write(const std::string& name, std::string_view text) const
    {
        std::ofstream(path_ / name, std::ios::binary) << text;
    }

private:
    std::filesystem::path path_;
};

} // namespace scopegate::config::test
