// What the tests of jose/ share: rows from tests/cases/jose, ready keys, and changed copies of JSON objects.
#pragma once

#include "base/errc.hpp"
#include "base/json.hpp"
#include "jose/jwk.hpp"
#include "jose/jws.hpp"
#include "jose/sign.hpp"
#include "support/places.hpp"
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

// The rows of a file of tab-separated columns; lines that begin with # are remarks.
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

// Copies of an object without a member, and with one added or replaced.
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

// The public half as a key for verification; of a secret, the secret.
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

// The word of a result's reason; "allowed" for a value.
template <class T>
std::string_view outcome(const result<T>& r)
{
    return scopegate::name(r ? failure(reason::allowed) : r.error());
}

} // namespace scopegate::jose::test
