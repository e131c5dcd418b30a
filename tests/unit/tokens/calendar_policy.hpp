// The policy for these tests, built by hand: two issuers, a few scopes, two routes. Keys come without a
// network.
#pragma once

#include "policy/policy.hpp"
#include "support/token_maker.hpp"
#include "tokens/key_store.hpp"
#include "unit/policy/builder.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace scopegate::test {

inline constexpr wall_time now{std::chrono::seconds(1'800'000'000)};

// Issuer 0 allows any asymmetric algorithm and has keys at a URL. Issuer 1 allows only RS256 and at+jwt and
// has keys in a file. GET on /read and /write needs read:app and write:app.
inline std::shared_ptr<policy::policy> calendar_policy()
{
    const auto made = std::make_shared<policy::test::builder>();
    made->scopes({"read:app", "write:app", "read:app2"});
    made->route("/read", {{"GET", "read:app"}}).route("/write", {{"GET", "write:app"}});

    policy::issuer_settings first;
    first.issuer = "https://first.example/";
    first.audience = {"https://calendar.example"};
    first.keys = {policy::key_location::kind::url, "https://first.example/keys"};
    policy::issuer_settings second;
    second.issuer = "https://second.example";
    second.audience = {"calendar", "https://calendar.example"};
    second.keys = {policy::key_location::kind::file, "/nonexistent"};
    second.algorithms = {};
    second.algorithms.insert(jose::algorithm::rs256);
    second.access_token_only = true;
    second.require.emplace_back(json::path("token_use"), std::vector{json::value(std::string("access"))});
    made->get().issuers = {first, second};
    return {made, &made->get()};
}

// A key store with the keys that the test supplies.
class given_keys final : public tokens::key_store {
public:
    explicit given_keys(std::size_t issuers) : sets(issuers) {}

    [[nodiscard]] std::uint64_t epoch() const noexcept override { return epoch_; }
    [[nodiscard]] std::shared_ptr<const jose::jwk_set> keys(std::size_t issuer) const override
    {
        return sets[issuer];
    }
    [[nodiscard]] bool may_refresh(std::size_t) const override
    {
        if (const auto happens = when_asked) // a copy, since the call may replace it
            happens();
        return refreshable;
    }
    [[nodiscard]] bool up_to_date(std::size_t) const override { return fetched_well; }
    void await_refresh(std::size_t, std::function<void()> done) override { done(); }
    [[nodiscard]] bool has_failed(std::size_t) const override { return !fetched_well; }
    void request_refresh(std::size_t) override { ++requested; }
    void note_absent(std::size_t, std::string_view kid) override { absent.emplace(kid); }
    [[nodiscard]] bool is_absent(std::size_t, std::string_view kid, wall_time) const override
    {
        return fetched_well && absent.contains(std::string(kid));
    }
    [[nodiscard]] std::vector<std::string> without_keys() const override { return {}; }
    void stop() override {}

    void give(std::size_t issuer, std::shared_ptr<const jose::jwk_set> keys)
    {
        sets[issuer] = std::move(keys);
        ++epoch_;
    }

    std::vector<std::shared_ptr<const jose::jwk_set>> sets;
    bool refreshable = false;
    std::function<void()> when_asked; // whether a refresh is allowed
    bool fetched_well = true;
    int requested = 0; // refreshes that nobody waits for
    std::set<std::string> absent;

private:
    std::uint64_t epoch_ = 1;
};

} // namespace scopegate::test
