#include "upstream/addresses.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::upstream {

namespace {

std::chrono::seconds aside_for(unsigned failures) noexcept
{
    constexpr unsigned most_doublings = 5; // 32 s are beyond the bound
    const auto doubled = addresses::min_backoff * (1U << std::min(failures - 1, most_doublings));
    return std::min<std::chrono::seconds>(doubled, addresses::max_backoff);
}

bool contains(const std::vector<net::stream_endpoint>& found, const address& a) noexcept
{
    return a.endpoint && std::find(found.begin(), found.end(), *a.endpoint) != found.end();
}

} // namespace

void address::close_idle() noexcept
{
    for (const auto& one : idle)
        one.connection->close();
    idle.clear();
}

bool choice::has_tried(const address& a) const noexcept
{
    return at.get() == &a ||
           std::any_of(tried.begin(), tried.end(), [&](const address_ptr& t) { return t.get() == &a; });
}

addresses::addresses(const std::vector<listed_address>& urls, std::size_t start)
    : urls_(urls.size()), last_((start + urls.size() - 1) % urls.size())
{
    for (std::size_t i = 0; i < urls.size(); ++i)
        all_.emplace_back(new address(i, urls[i]));
}

void addresses::choose(choice& of, steady_time now) noexcept
{
    if (all_.size() == 1)
        of.at = all_.front();
    else
        static_cast<void>(choose_in_turn(of, now, std::nullopt)); // it has tried none
}

bool addresses::choose_other(choice& of, steady_time now) noexcept
{
    if (!has_other(of))
        return false;
    auto before = of.at;
    static_cast<void>(choose_in_turn(of, now, std::nullopt));
    of.tried[of.tried_count++] = std::move(before);
    return true;
}

bool addresses::has_other(const choice& of) const noexcept
{
    return all_.size() > 1 && of.tried_count < of.tried.size() &&
           std::any_of(all_.begin(), all_.end(), [&](const address_ptr& a) { return !is_excluded(of, *a); });
}

bool addresses::replace_removed(choice& of, steady_time now) noexcept
{
    return choose_in_turn(of, now, of.at->url);
}

bool addresses::is_excluded(const choice& of, const address& a) noexcept
{
    return a.url == of.unresolved || of.has_tried(a);
}

// Each choice moves the turn on, so that the share of an address that is set aside goes to all others. Only
// the first choice of a request is a trial: if it moved on from one trial to the next, it would run out of
// attempts while other addresses work.
bool addresses::choose_in_turn(choice& of, steady_time now, std::optional<std::size_t> url) noexcept
{
    std::optional<std::size_t> aside; // the first that is set aside
    for (std::size_t i = 0; i < all_.size(); ++i) {
        const auto index = (last_ + 1 + i) % all_.size();
        auto& one = *all_[index];
        if (is_excluded(of, one) || (url && one.url != *url))
            continue;
        const bool due = one.failures_ > 0 && now >= one.aside_until_ && !of.at;
        if (one.failures_ > 0 && !due) {
            aside = aside.value_or(index);
            continue;
        }
        if (due) { // if nothing comes of this trial, the next one is as far away as after a failure
            one.on_trial_ = true;
            one.aside_until_ = now + aside_for(one.failures_);
        }
        last_ = index;
        of.at = all_[index];
        of.is_trial = due;
        of.is_used = false;
        return true;
    }
    if (!aside)
        return false;
    last_ = *aside;
    of.at = all_[last_];
    of.is_trial = of.is_used = false;
    return true;
}

// Requests that were under way when the address failed will fail too. They count as one failure.
bool addresses::set_aside(address& failed, steady_time now) noexcept
{
    if (all_.size() == 1 || !failed.listed_ || (failed.failures_ > 0 && !failed.on_trial_))
        return false;
    failed.on_trial_ = false;
    ++failed.failures_;
    failed.aside_until_ = now + aside_for(failed.failures_);
    if (failed.failures_ > 1 || now < failed.silent_until_)
        return false;
    failed.silent_until_ = now + min_backoff;
    failed.reported_ = true;
    return true;
}

bool addresses::restore(address& works) noexcept
{
    works.failures_ = 0;
    works.on_trial_ = false;
    return std::exchange(works.reported_, false);
}

void addresses::update(std::size_t url, const std::vector<net::stream_endpoint>& found)
{
    std::vector<address_ptr> next, removed;
    std::size_t of_url = 0;
    for (const auto& one : all_) {
        const bool stays = one->url != url || contains(found, *one);
        of_url += stays && one->url == url ? 1 : 0;
        (stays ? next : removed).push_back(one);
    }
    const auto is_known = [&](const net::stream_endpoint& e) {
        return std::any_of(next.begin(), next.end(),
                           [&](const address_ptr& a) { return a->url == url && a->endpoint == e; });
    };
    for (const auto& endpoint : found)
        if (of_url < max_per_name && !is_known(endpoint)) {
            next.emplace_back(new address(url, {endpoint, net::to_text(endpoint)}));
            ++of_url;
        }
    all_.swap(next);
    last_ %= all_.size();
    for (const auto& one : removed) {
        one->listed_ = false;
        one->close_idle();
    }
}

} // namespace scopegate::upstream
