#include "cli/online.hpp"

#include "cli/presented_request.hpp"
#include "tokens/introspection.hpp"
#include "tokens/key_store.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace scopegate::cli {

namespace {

using namespace std::chrono_literals;

// Slightly more than a discovery document and a key set may take together (net::http_limits).
constexpr auto timeout = 12s;

tokens::key_timing for_one_command()
{
    tokens::key_timing timing;
    timing.cached = false;
    timing.first_retry = timing.longest_retry = timeout; // one attempt, and one message if it fails
    return timing;
}

} // namespace

online_authority::online_authority(std::shared_ptr<const policy::policy> p)
    : policy_(std::move(p)), keys_(tokens::key_store::start(control_, policy_, nullptr, for_one_command())),
      introspection_(tokens::introspector::start(control_, *policy_))
{
}

online_authority::~online_authority()
{
    keys_->stop();
    if (introspection_)
        introspection_->stop();
    control_.restart();
    control_.poll();
}

void online_authority::run_until(const std::function<bool()>& done)
{
    const auto end = std::chrono::steady_clock::now() + timeout;
    while (!done() && std::chrono::steady_clock::now() < end) {
        control_.restart();
        control_.run_one_for(50ms);
    }
}

void online_authority::fetch_keys_for(std::string_view token)
{
    const auto index = issuer_in(*policy_, token);
    // The keys of a tenant are waited for like a new key.
    if (!index || !policy_->issuers[*index].signs_tokens() || policy_->issuers[*index].keys_per_tenant())
        return;
    run_until([&] { return keys_->keys(*index) != nullptr || keys_->has_failed(*index); });
}

tokens::validator::awaited online_authority::wait(tokens::validator& asking, int issuer,
                                                  std::string_view token)
{
    std::optional<tokens::validator::awaited> came;
    asking.await(issuer, token, [&came](tokens::validator::awaited what) { came.emplace(std::move(what)); });
    run_until([&] { return came.has_value(); });
    // The callback must not outlive this frame: stop() ends an unfinished fetch.
    if (!came) {
        keys_->stop();
        if (introspection_)
            introspection_->stop();
        control_.restart();
        control_.poll();
    }
    return came ? *came : tokens::validator::awaited(true);
}

} // namespace scopegate::cli
