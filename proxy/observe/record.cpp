#include "observe/record.hpp"

#include "observe/access_log.hpp"

#include <atomic>
#include <exception>

namespace scopegate::observe {

namespace {

// All readers of records. A new one is added here, and nowhere else.
constexpr record_reader readers[] = {log_request};

std::atomic<record_reader> also{nullptr};

} // namespace

request_end end_of(decision decided, failure why) noexcept
{
    switch (why.detail) {
    case cause::bad_proxy_header:
    case cause::missing_proxy_header:
        return request_end::proxy_header_failed;
    case cause::plain_http_on_tls_port:
        return request_end::tls_failed;
    default:
        break;
    }
    switch (why.why) {
    case reason::allowed:
        return decided == decision::own_response ? request_end::own_response : request_end::allowed;
    case reason::client_gone:
        return request_end::client_left;
    case reason::connection_limit:
        return request_end::connection_limit;
    case reason::tls_failed:
        return request_end::tls_failed;
    case reason::internal_error:
        return request_end::internal_error;
    default:
        break;
    }
    const auto& row = row_of(why);
    if (row.at == request_step::upstream)
        return request_end::upstream_failed;
    // A refusal that observe mode enforces came after the permit, such as that of a body that is too large.
    if (row.observe == observable::never)
        return request_end::refused;
    if (decided == decision::observed_permit)
        return request_end::observed;
    // The decision would refuse now what it has permitted: it was made again, or its token has expired.
    return decided == decision::permit ? request_end::permit_ended : request_end::refused;
}

request_record unserved(std::string_view client, failure why, steady_time began, steady_time ended) noexcept
{
    request_record r;
    r.why = why;
    r.began = began;
    r.ended = ended;
    r.client = client;
    return r;
}

void end_request(const policy::policy& p, const request_record& r) noexcept
{
    try {
        for (const auto read : readers)
            read(p, r);
        if (const auto read = also.load(std::memory_order_relaxed); read != nullptr)
            read(p, r);
    } catch (const std::exception&) { // out of memory
    }
}

void also_read_records(record_reader reader) noexcept
{
    also.store(reader, std::memory_order_relaxed);
}

} // namespace scopegate::observe
