#include "tokens/token_source.hpp"

#include "http/runs.hpp"
#include "tokens/places/places.hpp"

namespace scopegate::tokens {

bool is_b64token(std::string_view s) noexcept
{
    s = s.substr(0, s.find_last_not_of('=') + 1);
    return !s.empty() && http::all_b64(s);
}

result<taken_token> take_token(const policy::token_settings& from, const credentials& request,
                               std::string& scratch)
{
    if (places::all::only_header(from) && from.header)
        return places::header::take(from, request.fields);
    places::search found(scratch);
    places::all::for_each_configured(from, [&]<class Place>() { Place::find(from, request, found); });
    return found.outcome();
}

} // namespace scopegate::tokens
