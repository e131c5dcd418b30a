// Whatever routes.yaml says: it is a policy or errors, never both, and every error is of the file.
#include "config/load.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto result = scopegate::config::load_text(text, "/nonexistent/routes.yaml",
                                                     [](const std::string&) { return std::nullopt; });
    if ((result.policy == nullptr) == result.errors.empty())
        std::abort();
    for (const auto& e : result.errors)
        if (e.message.empty() || e.at.line < 0 || (e.at.line == 0) != (e.at.column == 0))
            std::abort();
    if (result.policy)
        for (const auto& r : result.policy->routes)
            if (result.policy->match(r.text, "GET").found ==
                    scopegate::policy::route_match::outcome::unlisted &&
                !result.policy->unlisted_authenticated)
                std::abort();
    return 0;
}
