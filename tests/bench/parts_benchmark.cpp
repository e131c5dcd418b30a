// Benchmarks of the parts of an exchange, each alone, for Google Benchmark: `build/bench_parts`. README.md
// beside this file lists their instruction counts, which do not depend on the load of the machine.
#include "http/head_parser.hpp"
#include "http/target.hpp"
#include "jose/jws.hpp"
#include "support/token_maker.hpp"
#include "tokens/token_cache.hpp"
#include "unit/policy/builder.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <string>

namespace scopegate {
namespace {

constexpr wall_time now{std::chrono::seconds(1'700'000'000)};

// Returns a head as wrk sends it, with a token of 800 bytes.
std::string request_head()
{
    return "GET /appointments/17 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer " +
           std::string(800, 'x') + "\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n";
}

void parse_head(benchmark::State& state)
{
    const auto head = request_head();
    const http::head_limits limits{32768, 100};
    http::request_head out;
    for (auto _ : state) {
        std::size_t scanned = 0;
        auto parsed = http::read_request_head(head, scanned, limits, out);
        benchmark::DoNotOptimize(parsed);
    }
}
BENCHMARK(parse_head);

void normalize_target(benchmark::State& state)
{
    std::string scratch;
    const http::path_rules rules;
    for (auto _ : state) {
        auto target = http::normalize_target("/appointments/17?from=2026-01-01", "GET", rules, scratch);
        benchmark::DoNotOptimize(target);
    }
}
BENCHMARK(normalize_target);

void add_routes(policy::test::builder& file, std::int64_t routes)
{
    file.scopes({"read:a", "write:a"});
    file.route("/appointments/{id}", {{"GET", "read:a"}});
    for (std::int64_t i = 1; i < routes; ++i)
        file.route("/r" + std::to_string(i / 100) + "/{id}/s" + std::to_string(i % 100), {{"GET", "read:a"}});
}

void match_route(benchmark::State& state)
{
    policy::test::builder file;
    add_routes(file, state.range(0));
    const policy::policy& p = file.get();
    for (auto _ : state) {
        auto match = p.match("/appointments/17", "GET");
        benchmark::DoNotOptimize(match);
    }
}
BENCHMARK(match_route)->Arg(1)->Arg(100)->Arg(10000);

void find_in_cache(benchmark::State& state)
{
    tokens::token_cache cache(64U << 20, 1);
    std::vector<std::string> all;
    for (int i = 0; i < state.range(0); ++i) {
        all.push_back(std::string(780, 'x') + std::to_string(i));
        const boost::intrusive_ptr<tokens::validated_token> token(new tokens::validated_token);
        token->expires = now + std::chrono::hours(1);
        cache.insert(all.back(), token, now);
    }
    std::size_t at = 0;
    for (auto _ : state) {
        auto found = cache.find(all[at], now);
        benchmark::DoNotOptimize(found);
        at = at + 1 < all.size() ? at + 1 : 0;
    }
}
BENCHMARK(find_in_cache)->Arg(1)->Arg(10000);

void decide(benchmark::State& state)
{
    policy::test::builder file;
    add_routes(file, 1);
    const policy::policy& p = file.get();
    policy::granted_scopes scopes;
    p.scopes.add_with_implied("read:a", scopes.token);
    scopes.effective = scopes.token;
    const json::value claims = policy::test::claims({});
    const policy::bearer token{claims, scopes};
    const auto match = p.match("/appointments/17", "GET");
    for (auto _ : state) {
        auto made = policy::decide(p, match, &token, now);
        benchmark::DoNotOptimize(made);
    }
}
BENCHMARK(decide);

void verify(benchmark::State& state, jose::algorithm a)
{
    const auto token = test::make_token(R"({"sub":"u","exp":1999999999})", a);
    const auto split = jose::split(token);
    const auto keys = test::keys_for({a});
    for (auto _ : state) {
        const auto outcome = jose::verify(*split, *keys);
        benchmark::DoNotOptimize(outcome);
    }
}
BENCHMARK_CAPTURE(verify, rs256, jose::algorithm::rs256);
BENCHMARK_CAPTURE(verify, es256, jose::algorithm::es256);

} // namespace
} // namespace scopegate

BENCHMARK_MAIN();
