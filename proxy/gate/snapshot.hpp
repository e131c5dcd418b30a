// One policy snapshot as the data plane uses it: what all workers share, and what each worker makes of it for
// itself. An exchange pins the snapshot that it started with. The last owner of an old snapshot frees it.
#pragma once

#include "base/memory_budget.hpp"
#include "net/tls.hpp"
#include "policy/policy.hpp"
#include "responses/response_book.hpp"
#include "tokens/identity.hpp"
#include "tokens/introspector.hpp"
#include "tokens/key_store.hpp"
#include "tokens/proof_memory.hpp"
#include "tokens/validator.hpp"
#include "upstream/http1_connector.hpp"
#include "upstream/limit.hpp"
#include "upstream/pool.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace scopegate::gate {

// Immutable except for the key store, the introspector, the memory of proofs and the limits, which are
// thread-safe.
struct shared_snapshot {
    std::shared_ptr<const policy::policy> policy;
    std::shared_ptr<const responses::response_book> responses;
    std::shared_ptr<tokens::key_store> keys;
    std::shared_ptr<tokens::introspector> introspection{}; // null: no issuer introspects
    std::shared_ptr<tokens::proof_memory> proofs{};        // one per process; null: no DPoP proof is accepted
    std::shared_ptr<upstream::slot_limits>
        upstream_limits{}; // one per process; null without upstream.connections
    std::shared_ptr<const net::tls_context> server_tls{};   // null: clients connect without TLS
    std::shared_ptr<const net::tls_context> upstream_tls{}; // null: the upstream is reached without TLS
    std::size_t token_cache_bytes = 64UL * 1024 * 1024;     // maximum for cached claims in each worker
    // Changes with the rules that admit connections. A connection that began under another value ends.
    std::uint64_t admission = 0;
};

// Confined to one worker's thread, because its reference counter is.
class snapshot final : public boost::intrusive_ref_counter<snapshot, boost::thread_unsafe_counter> {
public:
    // `connects` makes the connections to the upstream; null: a connector that follows the policy.
    snapshot(const upstream::worker_resources& own, const shared_snapshot& s,
             memory_account* account = nullptr, std::unique_ptr<upstream::connector> connects = nullptr)
        : shared(s), policy(*s.policy), responses(*s.responses),
          validator(s.policy, s.keys, s.token_cache_bytes, s.introspection, account),
          upstream(connects ? std::move(connects) : connector_of(own, s), addresses_of(s),
                   s.policy->server.timeouts.upstream_connect),
          identity_names(tokens::identity_names(*s.policy)), upstream_host(policy.upstream.own_host())
    {
    }

    // Returns a number that distinguishes the snapshots of this process.
    [[nodiscard]] std::uint64_t serial() const noexcept { return serial_; }

    const shared_snapshot shared;
    const policy::policy& policy;
    const responses::response_book& responses;
    tokens::validator validator;
    upstream::pool upstream;
    std::vector<std::string> identity_names; // the headers that never come from a client
    std::string upstream_host;               // the Host for a request without one (HTTP/1.0)

private:
    [[nodiscard]] static std::unique_ptr<upstream::connector>
    connector_of(const upstream::worker_resources& own, const shared_snapshot& s)
    {
        return std::make_unique<upstream::http1_connector>(own, s.policy->upstream, s.upstream_tls.get());
    }
    // Each worker begins with another address.
    [[nodiscard]] static upstream::addresses addresses_of(const shared_snapshot& s)
    {
        static std::atomic<std::size_t> next{0};
        return {upstream::listed_addresses(s.policy->upstream), next.fetch_add(1)};
    }
    [[nodiscard]] static std::uint64_t next_serial() noexcept
    {
        static std::atomic<std::uint64_t> last{0}; // another thread makes the first snapshot
        return ++last;
    }
    const std::uint64_t serial_ = next_serial();
};
using snapshot_ptr = boost::intrusive_ptr<snapshot>;

} // namespace scopegate::gate
