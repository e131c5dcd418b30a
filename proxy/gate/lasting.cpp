#include "gate/lasting.hpp"

#include "access/evaluation.hpp"
#include "gate/worker.hpp"
#include "http/websocket.hpp"
#include "net/post.hpp"
#include "observe/http_date.hpp"

#include <optional>
#include <utility>

namespace scopegate::gate {

lasting_end token_has_expired() noexcept
{
    return {reason::token_expired, http::policy_violation, "the access token has expired"};
}

lasting_end connection_is_too_old() noexcept
{
    return {reason::allowed, http::going_away, "the connection has reached its maximum age"};
}

lasting_end server_shuts_down() noexcept
{
    return {reason::allowed, http::going_away, "the server is shutting down"};
}

// 1001, not 1000: neither side has ended the conversation, and clients that see 1000 do not reconnect.
lasting_end tunnel_was_idle() noexcept
{
    return {reason::allowed, http::going_away, "nothing was sent for too long"};
}

lasting_end client_has_gone() noexcept
{
    return {reason::allowed, http::unexpected_condition, "the client has disconnected"};
}

lasting_end upstream_has_gone() noexcept
{
    return {reason::allowed, http::unexpected_condition, "the upstream has disconnected"};
}

lasting::lasting(worker& at, const lasting_permit& permitted, std::function<void(lasting_end)> end)
    : at_(at), method_(permitted.method), path_(permitted.path), token_(permitted.token),
      admission_(permitted.admission), since_(observe::wall_now()), judged_by_(permitted.snapshot),
      tunnel_(permitted.tunnel), client_(permitted.client), end_(std::move(end)),
      self_(std::make_shared<lasting*>(this))
{
    if (is_due(*at_.current_)) // a reload happened after the permit
        at_.lasting_.push_front(*this);
    else
        at_.lasting_.push_back(*this);
}

lasting::~lasting()
{
    *self_ = nullptr;
}

void lasting::judge(snapshot& now, const tokens::validator::awaited& came)
{
    judged_by_ = now.serial();
    if (now.shared.admission != admission_) {
        finish({reason::allowed, http::policy_violation, "the rules for connections have changed"});
        return;
    }
    const auto why = decide(now, came);
    if (why != reason::allowed)
        finish({why, http::policy_violation, "the policy has changed"});
}

void lasting::shut_down()
{
    if (tunnel_)
        finish(server_shuts_down());
}

reason lasting::decide(snapshot& now, const tokens::validator::awaited& came)
{
    access::access_scratch scratch;
    access::evaluation evaluated(now.policy, now.responses, scratch);
    const auto decided =
        evaluated.review({method_, path_, token_, since_, client_}, now.validator, observe::wall_now(), came);
    if (const auto* const wanted = std::get_if<access::need>(&decided)) {
        await(now, static_cast<int>(wanted->issuer));
        return reason::allowed;
    }
    const auto* const refused = std::get_if<policy::denial>(&decided);
    return refused == nullptr || is_undecided(refused->why) ? reason::allowed : reason(refused->why);
}

void lasting::await(snapshot& now, int issuer)
{
    now.validator.await(issuer, token_,
                        [self = self_, &own = at_.context(), &at = at_](tokens::validator::awaited came) {
                            net::post_with_retry(own, [self, &at, came] {
                                if (*self != nullptr)
                                    (*self)->judge(*at.current_, came);
                            });
                        });
}

// Must be the last action of its callers, because `end_` may destroy this object.
void lasting::finish(lasting_end how)
{
    if (const auto end = std::exchange(end_, nullptr))
        end(how);
}

} // namespace scopegate::gate
