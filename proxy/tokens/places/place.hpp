// The requirements for a place of a token, as a concept. A place is a class with static functions: it finds
// the token in a request, removes it from the forwarded request, puts one into a request that `explain` makes
// up, and has its name for the metadata document. A class that lacks one of these cannot be in the list of
// places (places/places.hpp).
#pragma once

#include "base/errc.hpp"
#include "http/forward.hpp"
#include "policy/settings.hpp"

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace scopegate::tokens {

// The parts of a request in which a token may be. Views: the request must outlive the token that is taken.
struct credentials {
    const http::field_list& fields;
    std::string_view query; // with its `?`, not decoded
    bool websocket = false; // opens a WebSocket; only then its subprotocols are searched
};

struct taken_token {
    std::string_view text;    // a view into the request or the scratch buffer
    bool from_header = true;  // otherwise remove it from where it was (places/removal.hpp)
    bool dpop = false;        // with the scheme DPoP: a proof must accompany it
    bool from_cookie = false; // the browser sent it, whichever site's page asked for the request
};

namespace places {

// Collects the tokens of all places; more than one is an error, even if they are equal.
class search final {
public:
    // `scratch` holds a decoded token and must outlive it.
    explicit search(std::string& scratch) noexcept : scratch_(scratch) {}

    void found(const taken_token& token) noexcept
    {
        ++count_;
        token_ = token;
    }
    void found_malformed(cause why) noexcept
    {
        ++count_;
        malformed_ = why;
    }
    // One place alone has several tokens.
    void found_several(cause why) noexcept { several_ = why; }
    [[nodiscard]] std::string& scratch() noexcept { return scratch_; }

    // Returns the one token. Fails with several_tokens, malformed_credentials or no_token, in this order.
    [[nodiscard]] result<taken_token> outcome() const
    {
        if (several_ != cause::none)
            return failure{reason::several_tokens, several_};
        if (count_ > 1)
            return failure{reason::several_tokens, cause::token_in_two_places};
        if (malformed_ != cause::none)
            return failure{reason::malformed_credentials, malformed_};
        if (count_ == 0)
            return reason::no_token;
        return token_;
    }

private:
    unsigned count_ = 0;
    cause malformed_ = cause::none; // cause::none if no token is malformed
    cause several_ = cause::none;
    taken_token token_;
    std::string& scratch_;
};

// A request in the making.
struct request_builder {
    std::string target;
    std::string lines; // of the fields, each with CRLF

    void add(std::string_view name, std::string_view value)
    {
        lines.append(name).append(": ").append(value).append("\r\n");
    }
};

// When a place is stripped.
enum class stripped : std::uint8_t {
    with_a_token, // if a token outside of Authorization is used, and with `authorization: strip`
    always,       // the upstream never gets what is in this place
};

// Reports each token in this place, also a malformed one, and a spelling that an upstream might read as this
// place. Called only if the place is configured.
template <class P>
concept finds =
    std::is_invocable_v<decltype(P::find), const policy::token_settings&, const credentials&, search&>;

// Strips the query: returns for each part between two `&` whether it may be a token.
template <class P>
concept strips_query = std::is_nothrow_invocable_r_v<bool, decltype(P::may_be_token),
                                                     const policy::token_settings&, std::string_view>;

// Strips fields: names those that are not forwarded as received, and appends the lines that replace them. The
// filter decides which of them would be forwarded otherwise.
template <class P>
concept strips_fields =
    std::is_nothrow_invocable_r_v<http::field_set, decltype(P::withheld), const policy::token_settings&> &&
    std::is_invocable_v<decltype(P::append_rest), const policy::token_settings&, const http::field_list&,
                        const http::forward_filter&, std::string&>;

// Strips whole fields that http/fields.hpp does not know: returns their names. They never reach the upstream
// in any spelling, whether a token was taken or not (tokens/identity.hpp).
using field_names = std::span<const std::string>;
template <class P>
concept strips_names =
    std::is_nothrow_invocable_r_v<field_names, decltype(P::names), const policy::token_settings&>;

// Adds a token to a request. It stays one token whatever its bytes are. Called only if the place is
// configured.
template <class P>
concept puts =
    std::is_invocable_v<decltype(P::put), const policy::token_settings&, std::string_view, request_builder&>;

// Has the name of this place in `bearer_methods_supported` (RFC 9728); empty if RFC 9728 has no name for it.
template <class P>
concept advertises = std::same_as<decltype(P::bearer_method), const std::string_view>;

// Knows whether `tokens.from` lists it.
template <class P>
concept configurable =
    std::is_nothrow_invocable_r_v<bool, decltype(P::is_configured), const policy::token_settings&>;

// Knows when it is stripped.
template <class P>
concept knows_when = std::is_same_v<decltype(P::strip), const stripped>;

template <class P>
concept strips = knows_when<P> &&
    (strips_query<P> || strips_fields<P> || (strips_names<P> && P::strip == stripped::always));

template <class P>
concept token_place = configurable<P> && finds<P> && strips<P> && puts<P> && advertises<P>;

// Returns the token with characters replaced that would end it in a field. Otherwise a part of it could pass
// for a token.
[[nodiscard]] std::string mask_delimiters(std::string_view token);

} // namespace places

} // namespace scopegate::tokens
