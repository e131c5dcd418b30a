// Shared parts of the tests of jose/: rows from tests/cases/jose, ready keys, and modified copies of JSON
// objects.
#pragma once

#include "base/errc.hpp"
#include "base/json.hpp"
#include "jose/jwk.hpp"
#include "jose/jws.hpp"
#include "jose/sign.hpp"
#include "support/places.hpp"
#include "support/reason_of.hpp"
#include "support/token_maker.hpp"

#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::jose::test {

inline std::string read_case(const std::string& file)
{
    std::ifstream in(SCOPEGATE_TEST_CASES "/jose/" + file, std::ios::binary);
    if (!in)
        throw std::runtime_error("no such case file: " + file);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Returns the rows of a file of tab-separated columns. Lines that begin with # are comments.
inline std::vector<std::vector<std::string>> read_rows(const std::string& file, std::size_t columns)
{
    std::vector<std::vector<std::string>> rows;
    std::istringstream in(read_case(file));
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.front() == '#')
            continue;
        std::vector<std::string> row(1);
        for (const char c : line)
            if (c == '\t')
                row.emplace_back();
            else
                row.back() += c;
        if (row.size() != columns)
            throw std::runtime_error(file + ": a row has other columns: " + line);
        rows.push_back(std::move(row));
    }
    return rows;
}

inline json::value parse_json(std::string_view text)
{
    auto v = json::parse(text);
    if (!v)
        throw std::runtime_error("no JSON: " + std::string(text));
    return std::move(*v);
}

inline json::value text(std::string s)
{
    return json::value(std::move(s));
}

// Return copies of an object: one without a member, and one with a member added or replaced.
inline json::value without(const json::value& object, std::string_view name)
{
    json::object out;
    for (const auto& m : *object.if_object())
        if (m.first != name)
            out.push_back(m);
    return json::value(std::move(out));
}
inline json::value with(const json::value& object, std::string name, json::value v)
{
    auto out = *without(object, name).if_object();
    out.emplace_back(std::move(name), std::move(v));
    return json::value(std::move(out));
}

using scopegate::test::key_for;
using scopegate::test::other_key_for;

// Returns the public half as a key for verification, or the secret itself.
inline jwk public_key(const signing_key& key)
{
    if (is_symmetric(key.alg()))
        return jwk::from_secret(key.shared_secret());
    auto parsed = jwk::parse(key.public_jwk());
    if (!parsed)
        throw std::runtime_error("our own key does not parse: " + parsed.error());
    return std::move(*parsed);
}

inline std::vector<algorithm> all_algorithms()
{
    std::vector<algorithm> all;
    for (std::size_t i = 0; i < algorithm_count; ++i)
        all.push_back(static_cast<algorithm>(i));
    return all;
}

// Returns the name of a result's reason, or "allowed" for a value.
template <class T>
std::string_view outcome(const result<T>& r)
{
    return scopegate::name(scopegate::test::reason_of(r));
}

} // namespace scopegate::jose::test
