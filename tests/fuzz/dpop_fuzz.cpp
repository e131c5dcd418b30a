// DPoP proofs and the values that they are compared with: input from a stranger is never a proof if a part is
// missing, and is never validly signed by accident.
#include "http/target_uri.hpp"
#include "jose/dpop.hpp"
#include "jose/jws.hpp"

#include <cstdint>
#include <cstdlib>

namespace http = scopegate::http;
namespace jose = scopegate::jose;

namespace {

void check(bool holds)
{
    if (!holds)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto proof = jose::dpop_proof::parse(text)) {
        const auto jws = jose::split(text);
        check(jws.has_value() && jws->header.typ == "dpop+jwt" && !is_symmetric(jws->header.alg));
        check(size <= jose::max_proof_bytes && !proof->id().empty() &&
              proof->id().size() <= jose::max_proof_id_bytes && proof->thumbprint().size() == 43);
        const auto* key = jws->header.members.find("jwk");
        check(key != nullptr && key->find("d") == nullptr && jose::thumbprint(*key) == proof->thumbprint());
        (void)proof->is_signed();
        (void)proof->check({"GET", "token", proof->thumbprint()},
                           scopegate::wall_time(std::chrono::seconds(1562262618)));
    }
    std::string scratch;
    const http::target_uri target{true, "api.example.com", {}, "/a/b"};
    if (http::names_target(text, target, {}, scratch)) {
        const auto read = http::normalize_target(text.substr(0, text.find('#')), "GET", {}, scratch);
        check(read.has_value() && read->path == "/a/b");
    }
    return 0;
}
