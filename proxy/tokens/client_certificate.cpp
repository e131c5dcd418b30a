#include "tokens/client_certificate.hpp"

#include "base/text.hpp"
#include "tokens/certificate_forms.hpp"

#include <utility>

namespace scopegate::tokens {

certificate_header forwarded_certificate(const http::field_list& fields,
                                         const policy::client_cert_header& header)
{
    using state = certificate_header::state;
    const http::field* found = nullptr;
    for (const auto& f : fields) {
        if (!http::same_field_name(f.name, header.name))
            continue;
        if (found != nullptr)
            return {state::unreadable, {}};
        found = &f;
    }
    if (found == nullptr)
        return {};
    if (!iequals(found->name, header.name))
        return {state::unreadable, {}};
    if (found->value.empty())
        return {};
    auto thumbprint = certificate_thumbprint(found->value, header.how);
    if (!thumbprint)
        return {state::unreadable, {}};
    return {state::read, *std::move(thumbprint)};
}

} // namespace scopegate::tokens
