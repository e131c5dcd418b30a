#include "access/lookalikes.hpp"

#include "http/rare_readings.hpp"

namespace scopegate::access {

result<void> check_lookalikes(const policy::policy& p, std::string_view method,
                              const http::request_target& target, const policy::route_match& match,
                              std::string& scratch)
{
    const auto path = target.path;
    if (match.needs == nullptr || path == "*")
        return {};
    const auto folded = http::fold_path(path, p.paths, scratch);
    if (!folded)
        return folded.error();
    const auto looks_like_another = [&](const http::read_path& read) {
        return p.is_lookalike(read, method, match);
    };
    if (p.is_lookalike(*folded, method, match))
        return failure(reason::lookalike_path, cause::folds_to_another_route);
    const bool folds = folded->data() != path.data();
    if (!folds && !http::has_dots(path) && !http::may_hold_session(path)) // every reading is the same
        return {};
    const auto spelled = p.spelled_out(path, match);
    if (http::any_rare_reading(*folded, p.paths, spelled, looks_like_another))
        return failure(reason::lookalike_path, cause::reads_as_another_route);
    // A careless upstream may read a listed path as one that no route lists. Where %2F is kept, `a%2Fb` is
    // meant to be one segment, and it may well have no route as two.
    const auto unsplit = p.paths.keep_encoded_slash
                             ? http::fold_path(path, p.paths, {.splits_at_slash = false}, scratch)
                             : folded;
    policy::parameters values;
    if (!unsplit || (folds && match.matched != nullptr && p.folded.match(*unsplit, values) == nullptr))
        return failure(reason::lookalike_path, cause::folds_to_no_route);
    if (http::any_other_reading(path, p.paths, spelled, scratch, looks_like_another))
        return failure(reason::lookalike_path, cause::reads_as_another_route);
    return {};
}

} // namespace scopegate::access
