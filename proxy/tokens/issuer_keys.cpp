#include "tokens/issuer_keys.hpp"

#include "observe/log.hpp"
#include "tokens/introspection_cache.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace scopegate::tokens {

using location = policy::key_location::kind;

issuer_keys::issuer_keys(const policy::issuer_settings& settings, std::atomic<std::uint64_t>& epoch)
    : settings_(settings), epoch_(epoch)
{
    if (settings_.keys.where == location::none && !settings_.hmac_secret.empty()) {
        keys_ = std::make_shared<const jose::jwk_set>(jose::jwk_set::from_secret(settings_.hmac_secret));
        up_to_date_ = true;
    }
}

bool issuer_keys::is_remote() const noexcept
{
    return settings_.fetches_keys();
}

std::shared_ptr<const jose::jwk_set> issuer_keys::present() const
{
    const std::lock_guard lock(mutex_);
    return keys_;
}

bool issuer_keys::up_to_date() const
{
    const std::lock_guard lock(mutex_);
    return up_to_date_;
}

namespace {

std::string digest_of(std::string_view kid)
{
    const auto digest = token_digest(kid);
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

} // namespace

void issuer_keys::note_absent(std::string_view kid)
{
    auto digest = digest_of(kid);
    const std::lock_guard lock(mutex_);
    if (!absent_kids_.insert(digest).second)
        return;
    absent_in_order_.push_back(std::move(digest));
    if (absent_in_order_.size() <= max_absent_kids)
        return;
    absent_kids_.erase(absent_in_order_.front());
    absent_in_order_.pop_front();
}

bool issuer_keys::has_failed() const
{
    const std::lock_guard lock(mutex_);
    return !failures_.empty();
}

bool issuer_keys::is_absent(std::string_view kid, wall_time now) const
{
    const auto digest = digest_of(kid);
    const std::lock_guard lock(mutex_);
    return up_to_date_ && now < confirmed_ + absent_for && absent_kids_.contains(digest);
}

bool issuer_keys::take(std::string_view text, wall_time now)
{
    {
        const std::lock_guard lock(mutex_);
        if (keys_ && text == text_) {
            up_to_date_ = true;
            confirmed_ = now;
            failures_.clear();
            return true;
        }
    }
    std::string why;
    auto keys = parse(text, why);
    if (!keys) {
        fail(why);
        return false;
    }
    const auto count = keys->size();
    replace(std::move(keys), std::string(text), now);
    observe::log_event(observe::level::info, "keys_loaded", {{"issuer", settings_.issuer}, {"keys", count}});
    return true;
}

bool issuer_keys::take_saved(std::string_view text, wall_time confirmed)
{
    std::string why;
    auto keys = parse(text, why);
    if (!keys) {
        warn("cached_keys_ignored", why);
        return false;
    }
    const auto count = keys->size();
    replace(std::move(keys), std::string(text), confirmed, false);
    observe::log_event(observe::level::info, "cached_keys_loaded",
                       {{"issuer", settings_.issuer}, {"keys", count}});
    return true;
}

// Returns the keys if any can be used. Otherwise returns null and sets `why`.
std::shared_ptr<const jose::jwk_set> issuer_keys::parse(std::string_view text, std::string& why)
{
    std::vector<std::string> unfit;
    std::shared_ptr<const jose::jwk_set> keys;
    try {
        auto parsed = jose::jwk_set::parse(text, unfit);
        if (!parsed) {
            why = parsed.error();
            return nullptr;
        }
        keys = std::make_shared<const jose::jwk_set>(std::move(*parsed));
    } catch (const std::exception& e) { // OpenSSL failed
        why = e.what();
        return nullptr;
    }
    report_unfit(unfit);
    if (!keys->empty())
        return keys;
    why = "the key set has no usable key";
    return nullptr;
}

// Logs one line per cause, with the first key and the number of keys. Nothing is logged again while a set is
// read repeatedly and its causes stay the same.
void issuer_keys::report_unfit(const std::vector<std::string>& unfit)
{
    constexpr std::string_view behind_name = " is ignored: ";
    std::map<std::string, std::size_t> causes;
    std::map<std::string, std::string_view> first;
    for (const auto& what : unfit) {
        const auto cause = what.substr(std::min(what.find(behind_name), what.size()));
        ++causes[cause];
        first.emplace(cause, what);
    }
    for (const auto& [cause, count] : causes)
        if (const auto told = unfit_.find(cause); told == unfit_.end() || told->second != count)
            observe::log_event(observe::level::warn, "key_passed_over",
                               {{"issuer", settings_.issuer}, {"why", first[cause]}, {"keys", count}});
    unfit_ = std::move(causes);
}

void issuer_keys::expire()
{
    {
        const std::lock_guard lock(mutex_);
        if (!keys_)
            return;
        keys_.reset();
        text_.clear();
        up_to_date_ = false;
        epoch_.fetch_add(1, std::memory_order_relaxed);
    }
    warn("keys_too_old",
         "no fetch succeeded within keys_max_age; tokens of this issuer are refused with 503");
}

std::optional<wall_time> issuer_keys::confirmed() const
{
    const std::lock_guard lock(mutex_);
    return keys_ ? std::optional(confirmed_) : std::nullopt;
}

void issuer_keys::fail(std::string_view why, cause detail)
{
    {
        const std::lock_guard lock(mutex_);
        up_to_date_ = false;
        if (!failures_.is_new(why))
            return;
    }
    if (detail == cause::none)
        return warn("keys_not_refreshed", why);
    observe::log_event(observe::level::warn, "keys_not_refreshed",
                       {{"issuer", settings_.issuer}, {"why", why}, {"cause", name(detail)}});
}

void issuer_keys::abandon()
{
    const std::lock_guard lock(mutex_);
    up_to_date_ = false;
}

void issuer_keys::inherit(const issuer_keys& earlier)
{
    std::shared_ptr<const jose::jwk_set> keys;
    std::string text;
    wall_time confirmed;
    {
        const std::lock_guard lock(earlier.mutex_);
        keys = earlier.keys_;
        text = earlier.text_;
        confirmed = earlier.confirmed_;
    }
    unfit_ = earlier.unfit_;
    if (keys)
        replace(std::move(keys), std::move(text), confirmed);
}

void issuer_keys::replace(std::shared_ptr<const jose::jwk_set> keys, std::string text, wall_time confirmed,
                          bool fresh)
{
    const std::lock_guard lock(mutex_);
    keys_.swap(keys);
    text_ = std::move(text);
    confirmed_ = confirmed;
    failures_.clear();
    absent_kids_.clear();
    absent_in_order_.clear();
    up_to_date_ = fresh;
    // Done under the lock: a thread that sees the new epoch and then takes the lock sees these keys.
    epoch_.fetch_add(1, std::memory_order_relaxed);
}

void issuer_keys::warn(std::string_view event, std::string_view why) const
{
    observe::log_event(observe::level::warn, event, {{"issuer", settings_.issuer}, {"why", why}});
}

} // namespace scopegate::tokens
