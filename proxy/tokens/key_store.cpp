#include "tokens/key_store.hpp"

#include "tokens/issuer_keys.hpp"
#include "tokens/key_file.hpp"
#include "tokens/key_refresh.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <deque>
#include <utility>

namespace scopegate::tokens {

namespace asio = boost::asio;
using location = policy::key_location::kind;

namespace {

// Returns whether keys that were fetched for `a` are also valid for `b`.
bool same_source(const policy::issuer_settings& a, const policy::issuer_settings& b)
{
    return a.issuer == b.issuer && a.keys.where == b.keys.where && a.keys.value == b.keys.value &&
           a.ca_file == b.ca_file;
}

// Holds the keys from files and secrets, which are available from construction.
class local_key_store : public key_store {
public:
    explicit local_key_store(std::shared_ptr<const policy::policy> p) : policy_(std::move(p))
    {
        for (const auto& issuer : policy_->issuers) {
            auto& keys = keys_.emplace_back(issuer, epoch_);
            if (issuer.keys.where == location::file)
                files_.emplace_back(keys).poll();
        }
    }

    [[nodiscard]] std::uint64_t epoch() const noexcept final
    {
        return epoch_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::shared_ptr<const jose::jwk_set> keys(std::size_t issuer) const final
    {
        return keys_.at(issuer).present();
    }
    [[nodiscard]] bool up_to_date(std::size_t issuer) const final { return keys_.at(issuer).up_to_date(); }
    [[nodiscard]] bool has_failed(std::size_t issuer) const final { return keys_.at(issuer).has_failed(); }
    [[nodiscard]] bool may_refresh(std::size_t) const override { return false; }
    void await_refresh(std::size_t, std::function<void()> done) override { done(); }
    void request_refresh(std::size_t) override {}
    void note_absent(std::size_t issuer, std::string_view kid) final { keys_.at(issuer).note_absent(kid); }
    [[nodiscard]] bool is_absent(std::size_t issuer, std::string_view kid, wall_time now) const final
    {
        return keys_.at(issuer).is_absent(kid, now);
    }
    [[nodiscard]] std::vector<std::string> without_keys() const final
    {
        std::vector<std::string> lacking;
        for (const auto& issuer : keys_)
            if (issuer.settings().signs_tokens() && !issuer.present())
                lacking.push_back(issuer.settings().issuer);
        return lacking;
    }
    void stop() override {}

protected:
    void inherit(const local_key_store& earlier)
    {
        for (auto& mine : keys_)
            for (const auto& theirs : earlier.keys_)
                if (!mine.present() && same_source(mine.settings(), theirs.settings()))
                    mine.inherit(theirs);
    }

    std::shared_ptr<const policy::policy> policy_;
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
        if (const auto* earlier = dynamic_cast<const local_key_store*>(previous))
            inherit(*earlier);
        for (auto& issuer : keys_)
            refreshes_.push_back(issuer.is_remote() ? std::make_unique<key_refresh>(
                                                          control, issuer, timing,
                                                          timing.cached ? policy_->keys_cache : std::string(),
                                                          policy_->keys_max_age)
                                                    : nullptr);
    }

    void start_work()
    {
        for (const auto& refresh : refreshes_)
            if (refresh)
                refresh->start(shared_from_this());
        if (!files_.empty())
            poll_later();
    }

    [[nodiscard]] bool may_refresh(std::size_t issuer) const override
    {
        const auto& refresh = refreshes_.at(issuer);
        return refresh && refresh->may_refresh();
    }

    void await_refresh(std::size_t issuer, std::function<void()> done) override
    {
        auto ask = [self = shared_from_this(), refresh = refreshes_.at(issuer).get(),
                    done = std::move(done)]() mutable {
            if (refresh != nullptr)
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
        if (const auto& refresh = refreshes_.at(issuer); refresh && refresh->is_idle())
            await_refresh(issuer, [] {});
    }

    void stop() override
    {
        stopped_ = true;
        next_poll_.cancel();
        for (const auto& refresh : refreshes_)
            if (refresh)
                refresh->stop();
    }

private:
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
    std::vector<std::unique_ptr<key_refresh>> refreshes_; // by issuer; null: not remote
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
