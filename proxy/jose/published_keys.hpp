// Public keys in other forms than a JWK: PEM, and certificates. Keys that an issuer publishes, or that an
// operator names, come so. A certificate only carries its key here: nobody checks its chain and its dates.
#pragma once

#include "base/json.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;

namespace scopegate::jose {

// Returns the public key of the first certificate in `x5c`. Returns null if it can't be read.
[[nodiscard]] std::shared_ptr<evp_pkey_st> key_in_x5c(const json::value& jwk);

// One block of a PEM text.
struct pem_key {
    std::string label;    // for messages: `certificate 2 ("CN = x")`, `public key 1`
    json::object members; // the key as a JWK, without kid; empty if it can't be used
    std::string problem;  // why it can't be used; empty: it can
};

// Reads the public keys and certificates of a PEM text, in its order. Words between the blocks are ignored. A
// certificate that has signed another one of the text is an authority: its key must not sign tokens, so it
// can't be used. Fails with one sentence, which never contains key material, if the text contains a private
// key, a broken block, a block of another kind, more than `most` blocks, or none.
[[nodiscard]] boost::system::result<std::vector<pem_key>, std::string> keys_in_pem(std::string_view text,
                                                                                   std::size_t most);

// Returns whether the text looks like PEM, whole or broken, and not like JSON or a web page.
[[nodiscard]] bool is_pem(std::string_view text) noexcept;

} // namespace scopegate::jose
