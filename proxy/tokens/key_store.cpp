#include "tokens/key_store.hpp"

#include "base/url.hpp"
#include "tokens/issuer_keys.hpp"
#include "tokens/key_file.hpp"
#include "tokens/key_refresh.hpp"
#include "tokens/tenant_table.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <optional>
#include <utility>

namespace scopegate::tokens {

namespace asio = boost::asio;
using location = policy::key_location::kind;

namespace {

// Returns whether both are tenants of one pattern that share a key set.
bool share_keys(const policy::issuer_settings& a, const policy::issuer_settings& b)
{
    return a.keys.where != location::discover && a.pattern && a.pattern == b.pattern;
}

// Returns whether the keys of both are fetched in the same way, from the same URL.
bool same_access(const policy::issuer_settings& a, const policy::issuer_settings& b)
{
    const auto url = parse_web_url(a.keys.value);
    const auto* const by_a = url ? a.proxies.of(*url) : nullptr;
    const auto* const by_b = url ? b.proxies.of(*url) : nullptr;
    const bool same_proxy = by_a == nullptr || by_b == nullptr
                                ? by_a == by_b
                                : by_a->host == by_b->host && by_a->port == by_b->port &&
                                      by_a->credentials.reveal() == by_b->credentials.reveal();
    return same_proxy && a.certificate_file == b.certificate_file && a.key_file == b.key_file &&
           a.keys_token_file == b.keys_token_file && a.insecure_http == b.insecure_http;
}

} // namespace

bool same_key_source(const policy::issuer_settings& a, const policy::issuer_settings& b)
{
    return a.keys.where == b.keys.where && a.keys.value == b.keys.value && a.ca_file == b.ca_file &&
           (a.issuer == b.issuer || share_keys(a, b));
}

namespace {

// Returns for each issuer the index of the one that holds its keys. Listed tenants of one issuer with a
// common key set hold it once, unless their entries say that it is fetched in different ways.
std::vector<std::size_t> holders_of(const std::vector<policy::issuer_settings>& issuers)
{
    std::vector<std::size_t> out(issuers.size());
    for (std::size_t i = 0; i < issuers.size(); ++i) {
        const auto& mine = issuers[i];
        const auto shares = [&](const policy::issuer_settings& other) {
            return &other == &mine ||
                   (share_keys(mine, other) && same_key_source(mine, other) && same_access(mine, other));
        };
        const auto first = std::find_if(issuers.begin(), issuers.end(), shares);
        out[i] = static_cast<std::size_t>(first - issuers.begin());
    }
    return out;
}

// Holds the keys from files and secrets, which are available from construction.
class local_key_store : public key_store {
public:
    explicit local_key_store(std::shared_ptr<const policy::policy> p)
        : policy_(std::move(p)), holders_(holders_of(policy_->issuers))
    {
        for (const auto& issuer : policy_->issuers) {
            const auto index = keys_.size();
            auto& keys = keys_.emplace_back(issuer, epoch_);
            if (issuer.keys.where == location::file && holders_[index] == index)
                files_.emplace_back(keys).poll();
        }
    }

    [[nodiscard]] std::uint64_t epoch() const noexcept final
    {
        return epoch_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::shared_ptr<const jose::jwk_set> keys(std::size_t issuer) const override
    {
        return of(issuer).present();
    }
    [[nodiscard]] bool up_to_date(std::size_t issuer) const override { return of(issuer).up_to_date(); }
    [[nodiscard]] bool has_failed(std::size_t issuer) const override { return of(issuer).has_failed(); }
    [[nodiscard]] bool may_refresh(std::size_t) const override { return false; }
    void await_refresh(std::size_t, std::function<void()> done) override { done(); }
    void request_refresh(std::size_t) override {}
    void note_absent(std::size_t issuer, std::string_view kid) override
    {
        keys_.at(holders_.at(issuer)).note_absent(kid);
    }
    [[nodiscard]] bool is_absent(std::size_t issuer, std::string_view kid, wall_time now) const override
    {
        return of(issuer).is_absent(kid, now);
    }
    [[nodiscard]] std::vector<std::string> without_keys() const final
    {
        std::vector<std::string> lacking;
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            const auto& settings = policy_->issuers[i];
            if (settings.signs_tokens() && !settings.keys_per_tenant() && !of(i).present())
                lacking.push_back(settings.issuer);
        }
        return lacking;
    }
    void stop() override {}

protected:
    void inherit(const local_key_store& earlier)
    {
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            if (holders_[i] != i)
                continue;
            auto& mine = keys_[i];
            for (const auto& theirs : earlier.keys_)
                if (!mine.present() && same_key_source(mine.settings(), theirs.settings()))
                    mine.inherit(theirs);
        }
    }
    [[nodiscard]] const issuer_keys& of(std::size_t issuer) const { return keys_.at(holders_.at(issuer)); }

    std::shared_ptr<const policy::policy> policy_;
    const std::vector<std::size_t> holders_; // by issuer: the one that holds its keys
    std::atomic<std::uint64_t> epoch_{0};
    std::deque<issuer_keys> keys_; // by issuer
    std::deque<key_file> files_;
};

class live_key_store final : public local_key_store {
public:
    live_key_store(asio::io_context& control, std::shared_ptr<const policy::policy> p,
                   const key_store* previous, const key_timing& timing)
        : local_key_store(std::move(p)), control_(control), next_poll_(control),
          poll_interval_(timing.file_poll)
    {
        const auto& issuers = policy_->issuers;
        if (std::any_of(issuers.begin(), issuers.end(), [](const auto& i) { return i.keys_per_tenant(); }))
            tenants_ = std::make_unique<tenant_table>(control, *policy_, epoch_, timing);
        if (const auto* earlier = dynamic_cast<const local_key_store*>(previous))
            inherit(*earlier);
        if (const auto* earlier = dynamic_cast<const live_key_store*>(previous);
            earlier != nullptr && earlier->tenants_ && tenants_)
            tenants_->inherit(*earlier->tenants_);
        const auto folder = timing.cached ? policy_->keys_cache : std::string();
        for (auto& issuer : keys_) {
            const bool fetched = issuer.is_remote() && holders_[refreshes_.size()] == refreshes_.size() &&
                                 !issuer.settings().keys_per_tenant();
            refreshes_.push_back(fetched ? std::make_shared<key_refresh>(control, issuer, timing, folder,
                                                                         policy_->keys_max_age)
                                         : nullptr);
        }
    }

    void start_work()
    {
        for (const auto& refresh : refreshes_)
            if (refresh)
                refresh->start(shared_from_this());
        if (tenants_)
            tenants_->start_inherited(shared_from_this());
        if (!files_.empty())
            poll_later();
    }

    [[nodiscard]] std::shared_ptr<const jose::jwk_set> keys(std::size_t source) const override
    {
        const auto place = place_of(source);
        return place ? tenants_->keys(*place) : local_key_store::keys(source);
    }
    [[nodiscard]] bool up_to_date(std::size_t source) const override
    {
        const auto place = place_of(source);
        return place ? tenants_->up_to_date(*place) : local_key_store::up_to_date(source);
    }
    [[nodiscard]] bool has_failed(std::size_t source) const override
    {
        return place_of(source) ? !up_to_date(source) : local_key_store::has_failed(source);
    }
    void note_absent(std::size_t source, std::string_view kid) override
    {
        if (const auto place = place_of(source))
            tenants_->note_absent_key(*place, kid);
        else
            local_key_store::note_absent(source, kid);
    }
    [[nodiscard]] bool is_absent(std::size_t source, std::string_view kid, wall_time now) const override
    {
        const auto place = place_of(source);
        return place ? tenants_->is_absent_key(*place, kid, now)
                     : local_key_store::is_absent(source, kid, now);
    }
    [[nodiscard]] bool may_refresh(std::size_t source) const override
    {
        const auto refresh = refresh_of(source);
        return refresh && refresh->may_refresh();
    }

    [[nodiscard]] std::size_t places_of_tenants() const noexcept override
    {
        return tenants_ ? tenants_->places() : 0;
    }
    [[nodiscard]] tenant_keys tenant(std::string_view iss) const override
    {
        auto found = tenants_ ? tenants_->find(iss) : tenant_keys{};
        found.source += keys_.size();
        return found;
    }
    void await_tenant(std::size_t issuer, std::string iss, std::function<void()> done) override
    {
        asio::post(control_, [self = shared_from_this(), this, issuer, iss = std::move(iss),
                              done = std::move(done)]() mutable {
            if (tenants_)
                tenants_->await(issuer, iss, std::move(done), self);
            else
                done();
        });
    }
    void confirm_tenant(const tenant_keys& used) override
    {
        if (const auto place = place_of(used.source))
            tenants_->confirm(*place, used.keys.get(), shared_from_this());
    }

    void await_refresh(std::size_t issuer, std::function<void()> done) override
    {
        auto ask = [self = shared_from_this(), refresh = refresh_of(issuer),
                    done = std::move(done)]() mutable {
            if (refresh)
                refresh->await_next(std::move(done));
            else
                done();
        };
        asio::post(control_, std::move(ask));
    }

    // Anybody can forge a signature for free, so this starts no fetch if one is in flight or the cooldown
    // runs.
    void request_refresh(std::size_t issuer) override
    {
        if (const auto refresh = refresh_of(issuer); refresh && refresh->is_idle())
            await_refresh(issuer, [] {});
    }

    void stop() override
    {
        stopped_ = true;
        next_poll_.cancel();
        for (const auto& refresh : refreshes_)
            if (refresh)
                refresh->stop();
        if (tenants_)
            tenants_->stop();
        // The cancellations are posted. A loop that has just ended by itself must not take the store with it
        // before they run.
        asio::post(control_, [self = shared_from_this()] {});
    }

private:
    // Returns the place of a tenant, or nothing for an issuer.
    [[nodiscard]] std::optional<std::size_t> place_of(std::size_t source) const noexcept
    {
        return tenants_ && source >= keys_.size() ? std::optional(source - keys_.size()) : std::nullopt;
    }
    // Returns the loop that fetches these keys; null if none does.
    [[nodiscard]] std::shared_ptr<key_refresh> refresh_of(std::size_t source) const
    {
        const auto place = place_of(source);
        return place ? tenants_->refresh(*place) : refreshes_.at(holders_.at(source));
    }

    void poll_later()
    {
        next_poll_.expires_after(poll_interval_);
        next_poll_.async_wait([this, self = shared_from_this()](const boost::system::error_code& error) {
            if (error || stopped_)
                return;
            for (auto& file : files_)
                file.poll();
            poll_later();
        });
    }

    asio::io_context& control_;
    std::vector<std::shared_ptr<key_refresh>> refreshes_; // by issuer; null: not remote, or held elsewhere
    std::unique_ptr<tenant_table> tenants_; // null: no issuer has tenants with keys of their own
    asio::steady_timer next_poll_;
    std::chrono::milliseconds poll_interval_;
    bool stopped_ = false;
};

} // namespace

std::shared_ptr<key_store> key_store::start(asio::io_context& control,
                                            std::shared_ptr<const policy::policy> p,
                                            const key_store* previous, const key_timing& timing)
{
    auto store = std::make_shared<live_key_store>(control, std::move(p), previous, timing);
    store->start_work();
    return store;
}

std::shared_ptr<key_store> key_store::offline(std::shared_ptr<const policy::policy> p)
{
    return std::make_shared<local_key_store>(std::move(p));
}

} // namespace scopegate::tokens
