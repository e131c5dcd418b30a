#include "tokens/tenant_table.hpp"

#include "observe/http_date.hpp"
#include "observe/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace scopegate::tokens {

namespace asio = boost::asio;

namespace {

// Returns the settings of one tenant, as if the file listed it.
policy::issuer_settings settings_of(const policy::issuer_settings& issuer, const std::string& name)
{
    auto own = issuer;
    own.issuer = name;
    own.tenant = issuer.pattern->tenant_in(name).value_or(std::string_view{});
    if (issuer.key_pattern)
        own.keys.value = issuer.key_pattern->name_of(own.tenant);
    return own;
}

void report(const std::string& issuer, const fetched_keys& got)
{
    const std::string_view why = got.ok ? std::string_view("its key set is not usable") : got.text;
    constexpr auto warn = observe::level::warn;
    if (got.detail == cause::none)
        observe::log_repeated(warn, "tenant_not_discovered", {{"issuer", issuer}, {"why", why}});
    else
        observe::log_repeated(warn, "tenant_not_discovered",
                              {{"issuer", issuer}, {"why", why}, {"cause", name(got.detail)}});
}

} // namespace

struct tenant_table::tenant {
    tenant(const policy::issuer_settings& issuer, const std::string& name, std::atomic<std::uint64_t>& epoch)
        : settings(settings_of(issuer, name)), keys(settings, epoch), fetch(settings)
    {
    }

    const policy::issuer_settings settings;
    issuer_keys keys;
    key_fetch fetch;
    asio::cancellation_signal cancel;     // of the first fetch
    std::unique_ptr<key_refresh> refresh; // null until it is confirmed
    std::vector<std::function<void()>> waiting;
    std::size_t place = 0;
    bool fetching = true; // for the first time
    bool confirmed = false;
    steady::time_point fetched{};
    std::chrono::milliseconds due{0}; // how long after that its keys should be fetched again
};

tenant_table::tenant_table(asio::io_context& control, const policy::policy& p,
                           std::atomic<std::uint64_t>& epoch, const key_timing& timing)
    : control_(control), policy_(p), epoch_(epoch), timing_(timing),
      unconfirmed_for_(p.keys_max_age.count() == 0 ? timing.tenants.unconfirmed_for
                                                   : std::min<std::chrono::milliseconds>(
                                                         timing.tenants.unconfirmed_for, p.keys_max_age)),
      next_sweep_(control), tenants_(timing.tenants.confirmed + timing.tenants.unconfirmed),
      absent_(timing.tenants)
{
}

tenant_table::~tenant_table() = default;

std::shared_ptr<tenant_table::tenant> tenant_table::at(std::size_t place) const
{
    const std::lock_guard lock(mutex_);
    return tenants_.at(place);
}

std::shared_ptr<const jose::jwk_set> tenant_table::keys(std::size_t place) const
{
    const auto t = at(place);
    return t ? t->keys.present() : nullptr;
}

std::shared_ptr<key_refresh> tenant_table::refresh(std::size_t place) const
{
    const std::lock_guard lock(mutex_);
    const auto& t = tenants_.at(place);
    return t ? std::shared_ptr<key_refresh>(t, t->refresh.get()) : nullptr;
}

bool tenant_table::up_to_date(std::size_t place) const
{
    const auto t = at(place);
    return t && t->keys.up_to_date();
}

void tenant_table::note_absent_key(std::size_t place, std::string_view kid)
{
    if (const auto t = at(place))
        t->keys.note_absent(kid);
}

bool tenant_table::is_absent_key(std::size_t place, std::string_view kid, wall_time now) const
{
    const auto t = at(place);
    return t && t->keys.is_absent(kid, now);
}

// An unconfirmed tenant's keys are not fetched again, so they count for a short time only.
bool tenant_table::is_usable(const tenant& t, steady::time_point now) const
{
    return t.keys.present() && (t.confirmed || now - t.fetched < unconfirmed_for_);
}

// At most `fetches` at once, and one more each `per_fetch`.
bool tenant_table::may_fetch(steady::time_point now) const noexcept
{
    const auto burst = timing_.tenants.per_fetch * (static_cast<int>(timing_.tenants.fetches) - 1);
    return next_fetch_ <= now + burst;
}

std::shared_ptr<tenant_table::tenant> tenant_table::named(std::string_view name) const
{
    const auto found = by_name_.find(name);
    return found != by_name_.end() ? tenants_[found->second] : nullptr;
}

tenant_keys tenant_table::find(std::string_view name) const
{
    const auto now = steady::now();
    tenant_keys out;
    const std::lock_guard lock(mutex_);
    const auto known = named(name);
    if (known && is_usable(*known, now)) {
        out.source = known->place;
        out.keys = known->keys.present();
    } else if (known && known->confirmed) { // its own loop fetches them
        out.lacking = failure(reason::keys_unavailable, cause::keys_not_fetched);
    } else if (const auto why = absent_.why(name, now)) {
        out.lacking = *why;
    } else { // anybody can make up a tenant, so this is no reason for a warning
        out.may_come = (known && known->fetching) || may_fetch(now);
        out.lacking = failure(reason::key_pending, cause::too_many_new_tenants);
    }
    return out;
}

void tenant_table::await(std::size_t issuer, const std::string& name, std::function<void()> done,
                         const std::shared_ptr<const void>& owner)
{
    std::shared_ptr<tenant> fresh;
    {
        const auto now = steady::now();
        const std::lock_guard lock(mutex_);
        const auto known = named(name);
        if (known && known->fetching && !stopped_) {
            known->waiting.push_back(std::move(done));
            return;
        }
        const bool wanted = !stopped_ && policy_.issuers[issuer].is_named(name) &&
                            !(known && (known->confirmed || is_usable(*known, now))) &&
                            !absent_.why(name, now) && may_fetch(now);
        if (wanted) {
            if (known)
                erase(*known);
            fresh = std::make_shared<tenant>(policy_.issuers[issuer], name, epoch_);
            if (add(fresh)) {
                next_fetch_ = std::max(next_fetch_, now) + timing_.tenants.per_fetch;
                fresh->waiting.push_back(std::move(done));
            } else {
                fresh.reset();
            }
        }
    }
    if (!fresh)
        return done();
    auto ended = [this, owner, fresh](const std::exception_ptr&) { sweep_later(owner); };
    asio::co_spawn(
        control_, [this, fresh] { return fetch(fresh); },
        asio::bind_cancellation_slot(fresh->cancel.slot(), std::move(ended)));
}

// Finds a place, if need be that of the unconfirmed tenant that was fetched the longest ago.
std::optional<std::size_t> tenant_table::free_place()
{
    std::size_t unconfirmed = 0;
    std::optional<std::size_t> empty;
    const tenant* oldest = nullptr;
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
        const auto& t = tenants_[i];
        if (!t && !empty)
            empty = i;
        if (!t || t->confirmed)
            continue;
        ++unconfirmed;
        if (!t->fetching && (oldest == nullptr || t->fetched < oldest->fetched))
            oldest = t.get();
    }
    if (unconfirmed < timing_.tenants.unconfirmed)
        return empty;
    if (oldest == nullptr)
        return std::nullopt;
    const auto place = oldest->place;
    erase(*oldest);
    return place;
}

bool tenant_table::add(const std::shared_ptr<tenant>& t)
{
    const auto place = free_place();
    if (!place)
        return false;
    t->place = *place;
    by_name_[t->settings.issuer] = *place;
    tenants_[*place] = t;
    return true;
}

void tenant_table::erase(const tenant& t)
{
    const bool had_keys = t.keys.present() != nullptr;
    by_name_.erase(t.settings.issuer);
    tenants_[t.place].reset();
    // Workers may have cached its tokens though it was not confirmed, because the table was full.
    if (had_keys)
        epoch_.fetch_add(1, std::memory_order_relaxed);
}

// Drops the unconfirmed tenants whose time is over. Returns when that of the next one is.
std::optional<tenant_table::steady::time_point> tenant_table::drop_unusable(steady::time_point now)
{
    std::optional<steady::time_point> next;
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
        const auto t = tenants_[i];
        if (!t || t->confirmed || t->fetching)
            continue;
        if (const auto end = t->fetched + unconfirmed_for_; now >= end)
            erase(*t);
        else
            next = std::min(next.value_or(end), end);
    }
    return next;
}

void tenant_table::sweep_later(const std::shared_ptr<const void>& owner)
{
    if (sweeping_ || stopped_)
        return;
    const auto next = drop_unusable(steady::now());
    if (!next)
        return;
    sweeping_ = true;
    next_sweep_.expires_at(*next);
    next_sweep_.async_wait([this, owner](const boost::system::error_code& stopped) {
        sweeping_ = false;
        if (!stopped)
            sweep_later(owner);
    });
}

asio::awaitable<void> tenant_table::fetch(std::shared_ptr<tenant> t)
{
    const auto got = co_await t->fetch.run(false);
    settle(t, got);
}

void tenant_table::settle(const std::shared_ptr<tenant>& t, const fetched_keys& got)
{
    const bool usable = got.ok && t->keys.take(got.text, observe::wall_now());
    const auto why = got.refused ? failure(reason::unknown_issuer, cause::unknown_tenant)
                                 : failure(reason::keys_unavailable, cause::keys_not_fetched);
    std::vector<std::function<void()>> waiting;
    {
        const auto now = steady::now();
        const std::lock_guard lock(mutex_);
        t->fetching = false;
        t->fetched = now;
        t->due = wait_after(got, timing_, policy_.keys_max_age);
        waiting.swap(t->waiting);
        if (!usable && !stopped_) {
            erase(*t);
            absent_.note(t->settings.issuer, why, now);
        }
    }
    if (!usable && !stopped_)
        report(t->settings.issuer, got);
    for (const auto& done : waiting)
        done();
}

void tenant_table::confirm(std::size_t place, const jose::jwk_set* keys,
                           const std::shared_ptr<const void>& owner)
{
    std::shared_ptr<tenant> t;
    {
        const std::lock_guard lock(mutex_);
        t = tenants_.at(place);
        // Another tenant may have the place by now.
        if (!t || t->confirmed || t->keys.present().get() != keys || confirmed_ >= timing_.tenants.confirmed)
            return;
        t->confirmed = true;
        ++confirmed_;
    }
    asio::post(control_, [this, t, owner] {
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - t->fetched);
        refresh_later(t, std::max(t->due - since, std::chrono::milliseconds(1)), owner);
    });
}

void tenant_table::refresh_later(const std::shared_ptr<tenant>& t, std::chrono::milliseconds first_wait,
                                 const std::shared_ptr<const void>& owner)
{
    auto loop =
        std::make_unique<key_refresh>(control_, t->keys, timing_, std::string(), policy_.keys_max_age);
    {
        const std::lock_guard lock(mutex_);
        if (stopped_)
            return;
        t->refresh = std::move(loop);
    }
    using both = std::pair<std::shared_ptr<tenant>, std::shared_ptr<const void>>;
    t->refresh->start(std::make_shared<const both>(t, owner), first_wait);
}

void tenant_table::inherit(const tenant_table& earlier)
{
    std::vector<std::shared_ptr<tenant>> theirs;
    {
        const std::lock_guard lock(earlier.mutex_);
        for (const auto& t : earlier.tenants_)
            if (t && t->confirmed)
                theirs.push_back(t);
    }
    const std::lock_guard lock(mutex_);
    for (const auto& t : theirs) {
        const auto issuer = policy_.issuer_named(t->settings.issuer);
        if (!issuer || !policy_.issuers[*issuer].keys_per_tenant() || confirmed_ >= timing_.tenants.confirmed)
            continue;
        const auto mine = std::make_shared<tenant>(policy_.issuers[*issuer], t->settings.issuer, epoch_);
        if (!same_key_source(mine->settings, t->settings) || !t->keys.present())
            continue;
        mine->keys.inherit(t->keys);
        mine->fetching = false;
        mine->confirmed = true;
        if (add(mine))
            ++confirmed_;
    }
}

void tenant_table::start_inherited(const std::shared_ptr<const void>& owner)
{
    // Spread, so that a thousand tenants are not fetched in one instant. Keys that are due are not put off:
    // with frequent reloads they would never be fetched.
    const auto now = observe::wall_now();
    int started = 0;
    for (std::size_t i = 0; i < places(); ++i) {
        const auto t = at(i);
        if (!t)
            continue;
        const bool overdue = now - t->keys.confirmed().value_or(wall_time{}) >= timing_.refresh;
        const auto wait = timing_.tenants.reload_spread * started++ / static_cast<int>(confirmed_);
        refresh_later(t, overdue ? std::chrono::milliseconds(0) : wait, owner);
    }
}

void tenant_table::stop()
{
    std::vector<std::shared_ptr<tenant>> all;
    std::vector<std::function<void()>> waiting;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        next_sweep_.cancel();
        for (const auto& t : tenants_) {
            if (!t)
                continue;
            all.push_back(t);
            std::move(t->waiting.begin(), t->waiting.end(), std::back_inserter(waiting));
            t->waiting.clear();
        }
    }
    for (const auto& t : all) {
        if (t->refresh)
            t->refresh->stop();
        if (t->fetching) // after the end of its coroutine, the slot's handler would refer to nothing
            t->cancel.emit(asio::cancellation_type::terminal);
    }
    // The cancellations are posted, and must find their tenants.
    asio::post(control_, [all] {});
    for (const auto& done : waiting)
        done();
}

} // namespace scopegate::tokens
