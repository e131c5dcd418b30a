#include "tokens/introspector.hpp"

#include "base/secret.hpp"
#include "jose/claims.hpp"
#include "observe/http_date.hpp"
#include "observe/log.hpp"
#include "tokens/fair_queue.hpp"
#include "tokens/introspection_cache.hpp"
#include "tokens/issuer_access.hpp"
#include "tokens/reported_causes.hpp"
#include "tokens/signed_introspection.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace scopegate::tokens {

namespace asio = boost::asio;
using steady = std::chrono::steady_clock;

namespace {

introspection_ptr unavailable(cause why)
{
    auto none = std::make_shared<introspection_result>();
    none->claims = failure(reason::introspection_unavailable, why);
    return none;
}

bool is_unavailable(const result<json::value>& claims)
{
    return !claims && claims.error() == reason::introspection_unavailable;
}

bool same_key(const std::optional<jose::signing_key>& a, const std::optional<jose::signing_key>& b)
{
    return a.has_value() == b.has_value() && (!a || a->public_jwk() == b->public_jwk());
}

// Returns whether all settings match on which a result depends, so that a result from one is valid for the
// other.
bool same_endpoint(const policy::issuer_settings& a, const policy::issuer_settings& b)
{
    const auto& x = *a.introspection;
    const auto& y = *b.introspection;
    return a.issuer == b.issuer && a.ca_file == b.ca_file && x.url == y.url && x.client_id == y.client_id &&
           x.client_secret.reveal() == y.client_secret.reveal() && same_key(x.client_key, y.client_key) &&
           x.by == y.by && x.cache == y.cache && x.signed_results == y.signed_results;
}

std::optional<wall_time> expiry_of(const json::value& claims)
{
    const auto* exp = claims.find("exp");
    return exp != nullptr ? jose::numeric_date(*exp) : std::nullopt;
}

class live_introspector final : public introspector {
public:
    live_introspector(asio::io_context& control, const policy::issuer_settings& issuer,
                      const introspection_bounds& bounds, std::function<wall_time()> now)
        : control_(control), bounds_(bounds), now_(std::move(now)),
          active_(bounds.results, bounds.result_bytes), inactive_(bounds.results, bounds.result_bytes),
          issuer_(issuer), client_(make_client())
    {
    }

    [[nodiscard]] const policy::issuer_settings& issuer() const noexcept { return issuer_; }

    // Takes over the settings of a reloaded policy, and reads the files that they name again: an authority
    // may have been withdrawn, or a certificate renewed in place. Calls in flight end as they began.
    void reload(const policy::issuer_settings& issuer)
    {
        issuer_ = issuer;
        client_ = make_client();
    }

    void ask(std::string_view token, std::function<void(introspection_ptr)> done,
             const client_network& client) override
    {
        if (auto known = find_or_enqueue(token, client, done))
            done(std::move(known));
    }

    bool discard(std::string_view token, const introspection_ptr& unusable) override
    {
        if (is_unavailable(unusable->claims) || now_() < unusable->received + bounds_.unusable)
            return false;
        const auto key = token_digest(token);
        const std::lock_guard lock(mutex_);
        active_.forget(key, unusable);
        inactive_.forget(key, unusable);
        return true;
    }

    void stop() override
    {
        decltype(calls_) abandoned;
        {
            const std::lock_guard lock(mutex_);
            stopped_ = true;
            abandoned.swap(calls_);
            waiting_bytes_ = 0;
            queue_.clear();
        }
        for (const auto& [key, waited_for] : abandoned)
            for (const auto& done : waited_for.waiting)
                done(unavailable(cause::introspection_not_asked));
    }

private:
    using waiters = std::vector<std::function<void(introspection_ptr)>>;
    // A token whose introspection is running or queued.
    struct call {
        secret token;
        steady::time_point since;
        waiters waiting;
        bool begun = false;
        // The lines of queue_ that hold this token. Several clients can present the same token.
        std::vector<client_network> lines;
    };

    // Returns the result if it is cached or can't be obtained. Otherwise keeps `done` and returns null.
    introspection_ptr find_or_enqueue(std::string_view token, const client_network& client,
                                      std::function<void(introspection_ptr)>& done)
    {
        const auto key = token_digest(token);
        const std::lock_guard lock(mutex_);
        const auto now = now_();
        if (auto known = active_.find(key, now))
            return known;
        if (auto known = inactive_.find(key, now))
            return known;
        const auto under_way = calls_.find(key);
        if (under_way != calls_.end()) {
            under_way->second.waiting.push_back(std::move(done));
            if (!under_way->second.begun)
                enqueue(under_way->second, key, client);
            return nullptr;
        }
        // Anybody can make up tokens for free. These bounds protect the endpoint and our memory from a flood.
        if (stopped_ || waiting_bytes_ + token.size() > bounds_.waiting_bytes ||
            (calls_.size() >= bounds_.waiting_tokens && !make_room_for(client)))
            return unavailable(stopped_ ? cause::introspection_not_asked : cause::introspection_queue_full);
        auto& fresh = calls_[key];
        fresh.token = secret(std::string(token));
        waiting_bytes_ += token.size();
        fresh.since = steady::now();
        fresh.waiting.push_back(std::move(done));
        enqueue(fresh, key, client);
        if (running_ < bounds_.calls) {
            ++running_;
            asio::post(control_, [self = shared_from_this(), this] { work(); });
        }
        return nullptr;
    }

    void enqueue(call& waiting, const token_key& key, const client_network& client)
    {
        auto& lines = waiting.lines;
        if (std::find(lines.begin(), lines.end(), client) != lines.end())
            return;
        lines.push_back(client);
        queue_.push(client, key);
    }

    // A client that floods loses its own tokens, never another client's. The newest token of the longest line
    // goes, unless another line holds it too.
    bool make_room_for(const client_network& client)
    {
        while (const auto line = queue_.evict_for(client)) {
            const auto found = calls_.find(line->token);
            if (found == calls_.end() || found->second.begun)
                continue;
            std::erase(found->second.lines, line->client);
            if (!found->second.lines.empty())
                continue;
            asio::post(control_, [lost = std::move(found->second.waiting)] {
                for (const auto& done : lost)
                    done(unavailable(cause::introspection_queue_full));
            });
            erase(found);
            return true;
        }
        return false;
    }

    void erase(std::map<token_key, call>::iterator ended)
    {
        waiting_bytes_ -= ended->second.token.reveal().size();
        calls_.erase(ended);
    }

    // Starts one of at most bounds_.calls coroutines that take tokens from the queue until it is empty.
    void work()
    {
        asio::co_spawn(
            control_, [self = shared_from_this(), this] { return empty_queue(); }, asio::detached);
    }

    asio::awaitable<void> empty_queue()
    {
        while (const auto key = next_in_queue()) {
            introspection_result answer;
            std::size_t bytes = 0;
            try {
                bytes = co_await run(*key, answer);
            } catch (const std::exception& e) {
                answer.claims = failure(reason::introspection_unavailable, cause::introspection_failed);
                complain(e.what());
            }
            settle(*key, std::make_shared<const introspection_result>(std::move(answer)), bytes);
        }
    }

    std::optional<token_key> next_in_queue()
    {
        const std::lock_guard lock(mutex_);
        while (const auto key = queue_.pop()) {
            const auto found = calls_.find(*key);
            if (found != calls_.end() && !std::exchange(found->second.begun, true))
                return key;
        }
        --running_;
        return std::nullopt;
    }

    // Introspects one token. Returns the size of the response's body.
    asio::awaitable<std::size_t> run(token_key key, introspection_result& into)
    {
        const auto asked = now_(); // the result may be as old as the request
        const auto token = still_wanted(key);
        if (!token) {
            into.claims = failure(reason::introspection_unavailable, cause::introspection_not_asked);
            co_return 0;
        }
        auto request = introspection_request(issuer_, token->reveal(), asked);
        const auto client = client_; // client_ may be replaced meanwhile
        const auto answer = co_await client->send(std::move(request));
        if (!answer || answer->status != 200) {
            into.claims = failure(reason::introspection_unavailable, answer ? cause::introspection_status
                                                                     : answer.error().detail == cause::none
                                                                         ? cause::introspection_failed
                                                                         : answer.error().detail);
            complain(answer ? "returned status " + std::to_string(answer->status) : answer.error().why);
            co_return 0;
        }
        const bool is_signed = issuer_.introspection->signed_results;
        into.claims = is_signed ? read_signed_introspection(answer->body) : read_introspection(answer->body);
        if (is_unavailable(into.claims)) {
            complain(is_signed ? "the response is not a signed introspection result (RFC 9701)"
                               : "the response is not a JSON object");
            co_return 0;
        }
        if (is_signed)
            into.signed_text = answer->body;
        into.until = asked + usable_for(into.claims);
        if (const auto expires = is_signed ? expiry_of_signed_introspection(answer->body) : std::nullopt)
            into.until = std::min(into.until, *expires);
        if (const auto expires = into.claims ? expiry_of(*into.claims) : std::nullopt)
            into.until = std::min(into.until, *expires); // the endpoint has to be asked again then
        into.received = now_();
        recover();
        co_return answer->body.size();
    }

    // Returns the token, or nothing if its waiters have left or have waited too long.
    std::optional<secret> still_wanted(const token_key& key)
    {
        const std::lock_guard lock(mutex_);
        const auto found = calls_.find(key);
        if (found == calls_.end() || steady::now() - found->second.since >= bounds_.time)
            return std::nullopt;
        return found->second.token;
    }

    [[nodiscard]] std::chrono::milliseconds usable_for(const result<json::value>& claims) const
    {
        const auto most = issuer_.introspection->cache;
        return claims ? most : std::min(most, bounds_.inactive);
    }

    void settle(const token_key& key, const introspection_ptr& answer, std::size_t bytes)
    {
        waiters waiting;
        {
            const std::lock_guard lock(mutex_);
            const auto found = calls_.find(key);
            if (found == calls_.end())
                return;
            waiting = std::move(found->second.waiting);
            erase(found);
            if (!is_unavailable(answer->claims))
                (answer->claims ? active_ : inactive_).insert(key, answer, bytes, now_());
        }
        for (const auto& done : waiting)
            done(answer);
    }

    // Logs each cause once until a call succeeds. An endpoint that fails on and off is reported only
    // occasionally.
    void complain(const std::string& why)
    {
        if (!issuer_.ca_file.empty() || !issuer_.certificate_file.empty()) // their contents may have changed
            client_ = make_client();
        if (steady::now() >= silent_until_ && failures_.is_new(why))
            observe::log_event(observe::level::warn, "introspection_failed",
                               {{"issuer", issuer_.issuer}, {"why", why}});
    }

    void recover()
    {
        if (!failures_.clear())
            return;
        silent_until_ = steady::now() + bounds_.silence;
        observe::log_event(observe::level::info, "introspection_works_again", {{"issuer", issuer_.issuer}});
    }

    [[nodiscard]] std::shared_ptr<net::http_client> make_client() const
    {
        net::http_limits limits;
        limits.time = bounds_.time;
        limits.body = json::limits{}.bytes; // the JSON parser would refuse more
        return std::make_shared<net::http_client>(access_to(issuer_), limits);
    }

    asio::io_context& control_;
    const introspection_bounds bounds_;
    const std::function<wall_time()> now_;

    std::mutex mutex_; // guards the members up to stopped_
    introspection_cache active_;
    introspection_cache inactive_; // separate, so that made-up tokens evict no active one
    std::map<token_key, call> calls_;
    std::size_t waiting_bytes_ = 0; // size of the tokens in calls_
    fair_queue queue_;              // tokens of calls_ that no work() has taken yet
    std::size_t running_ = 0;
    bool stopped_ = false;

    // Used on the control thread only.
    policy::issuer_settings issuer_;
    std::shared_ptr<net::http_client> client_;
    reported_causes failures_;
    steady::time_point silent_until_;
};

} // namespace

client_network network_of(std::array<std::uint8_t, 16> address) noexcept
{
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (!std::equal(mapped.begin(), mapped.end(), address.begin()))
        std::fill(address.begin() + 8, address.end(), std::uint8_t{0});
    return address;
}

std::shared_ptr<introspector> introspector::start(asio::io_context& control, const policy::policy& p,
                                                  std::shared_ptr<introspector> previous,
                                                  const introspection_bounds& bounds,
                                                  std::function<wall_time()> now)
{
    for (const auto& issuer : p.issuers) {
        if (!issuer.introspection)
            continue;
        auto* const earlier = dynamic_cast<live_introspector*>(previous.get());
        if (earlier != nullptr && same_endpoint(earlier->issuer(), issuer)) {
            earlier->reload(issuer);
            return previous;
        }
        return std::make_shared<live_introspector>(control, issuer, bounds,
                                                   now ? std::move(now) : observe::wall_now);
    }
    return nullptr;
}

} // namespace scopegate::tokens
