// `explain --online`: fetches keys and introspects tokens for one command, on its own io_context. Writes no
// file: the keys in `keys_cache` belong to the running proxy.
#pragma once

#include "policy/policy.hpp"
#include "tokens/validator.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string_view>

namespace scopegate::cli {

class online_authority final {
public:
    explicit online_authority(std::shared_ptr<const policy::policy> p);
    ~online_authority();
    online_authority(const online_authority&) = delete;
    online_authority& operator=(const online_authority&) = delete;

    [[nodiscard]] const std::shared_ptr<tokens::key_store>& keys() const noexcept { return keys_; }
    [[nodiscard]] const std::shared_ptr<tokens::introspector>& introspection() const noexcept
    {
        return introspection_;
    }

    // Waits for the keys of the issuer that the token names, at most as long as one fetch may take.
    void fetch_keys_for(std::string_view token);
    // Waits for the keys or the introspection result that an outcome of the validator asks for.
    [[nodiscard]] tokens::validator::awaited wait(tokens::validator& asking, int issuer,
                                                  std::string_view token);

private:
    void run_until(const std::function<bool()>& done);

    std::shared_ptr<const policy::policy> policy_;
    boost::asio::io_context control_;
    std::shared_ptr<tokens::key_store> keys_;
    std::shared_ptr<tokens::introspector> introspection_;
};

} // namespace scopegate::cli
