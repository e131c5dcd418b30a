// Forwards a permitted request to the upstream and passes the response back, over one connection or, by the
// retry rule, another one. The constructor requires a permit.
#pragma once

#include "gate/client_watch.hpp"
#include "gate/exchange_context.hpp"
#include "gate/forwarded_request.hpp"
#include "gate/upload.hpp"
#include "net/task.hpp"
#include "policy/decide.hpp"
#include "upstream/addresses.hpp"
#include "upstream/limit.hpp"
#include "upstream/retry.hpp"
#include "wire/upstream.hpp"

namespace scopegate::gate {

class forwarding final {
public:
    forwarding(policy::permit permit, const exchange_context& context, const forwarded_request& request);
    ~forwarding();

    // Forwards the request. The caller responds with `why` unless `responded` is set or the client is gone.
    [[nodiscard]] net::task<forward_result> run();

private:
    [[nodiscard]] net::task<result<void>> take_slot(upstream::slot& slot);
    // Sends the request on one connection and passes the response on. Returns whether the retry rule allows
    // another attempt.
    [[nodiscard]] net::task<bool> attempt(bool reused);

    const exchange_context& c_;
    const forwarded_request& request_;
    forward_result result_;
    upload upload_;
    client_watch watch_;
    upstream::choice choice_;
    wire::upstream_ptr upstream_;
};

} // namespace scopegate::gate
