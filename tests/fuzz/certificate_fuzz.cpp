// A client's certificate in a proxy's header. A certificate's names in the proxy's element of
// X-Forwarded-Client-Cert can't replace its hash, and a second element is refused.
#include "fuzz/fuzz.hpp"

#include "tokens/certificate_forms.hpp"

#include <string>

using form = scopegate::policy::client_cert_header::form;
using scopegate::fuzz::check;
using scopegate::tokens::certificate_thumbprint;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto [value, settings] = scopegate::fuzz::split_settings(bytes, size);
    constexpr std::size_t thumbprint_size = 43; // 32 octets in base64url
    const auto how = static_cast<form>(settings % 4);
    const auto found = certificate_thumbprint(value, how);
    check(!found || found->size() == thumbprint_size);
    check(!found || !value.empty());
    if (how != form::xfcc)
        return 0;
    const std::string own = "Hash=" + std::string(64, 'a');
    const auto expected = certificate_thumbprint(own, form::xfcc);
    check(expected.has_value());
    for (const auto& with_name : {"By=" + std::string(value) + ";" + own, own + ";URI=" + std::string(value),
                                  own + ";Subject=\"" + std::string(value) + "\""}) {
        const auto both = certificate_thumbprint(with_name, form::xfcc);
        check(!both || *both == *expected);
    }
    check(!certificate_thumbprint(std::string(value) + "," + own, form::xfcc));
    return 0;
}
