// Compares decide() and grant() with a model without bit sets: it uses sets of names and follows only the
// words of the specification.
#include "policy/decide.hpp"

#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>
#include <sstream>

namespace scopegate::policy {

namespace {

using names = std::set<std::string>;

// One generated file, token and request, in plain words.
struct scenario {
    std::map<std::string, names> implies; // declared scopes, in the order of their names
    std::string kind;                     // public, authenticated, scopes
    std::vector<std::vector<std::string>> alternatives;
    bool has_where = false;
    bool has_acr = false;
    std::optional<int> max_age;

    bool limit_permissions = false;
    std::optional<std::map<std::string, names>> roles;
    bool absent_allows_all = false;

    bool with_token = true;
    std::vector<std::string> token_scopes;
    json::object claims;
    std::string user; // the decoded path parameter
    std::string encoded_user;
};

struct outcome {
    std::string why = "allowed";
    std::size_t alternative = 0;
    names missing;

    friend bool operator==(const outcome& a, const outcome& b)
    {
        return a.why == b.why && a.alternative == b.alternative && a.missing == b.missing;
    }
    friend std::ostream& operator<<(std::ostream& os, const outcome& o)
    {
        return os << o.why << " alternative " << o.alternative << " missing "
                  << testing::PrintToString(o.missing);
    }
};

// --- the model ---

const json::value* claim(const scenario& s, const std::string& name)
{
    for (const auto& [key, value] : s.claims)
        if (key == name)
            return value.is_null() ? nullptr : &value;
    return nullptr;
}

void add_implied(const scenario& s, const std::string& name, names& out)
{
    const auto declared = s.implies.find(name);
    if (declared == s.implies.end() || !out.insert(name).second)
        return;
    for (const std::string& next : declared->second)
        add_implied(s, next, out);
}

names strings_in(const json::value& v, bool split_string)
{
    names out;
    if (const auto* items = v.if_array())
        for (const json::value& item : *items)
            if (item.if_string() != nullptr)
                out.insert(*item.if_string());
    if (const auto* text = v.if_string()) {
        std::istringstream words(*text);
        std::string word;
        if (!split_string)
            out.insert(*text);
        else
            while (words >> word)
                out.insert(word);
    }
    return out;
}

bool model_permits(const scenario& s, const std::string& scope)
{
    if (s.limit_permissions) {
        const json::value* permissions = claim(s, "permissions");
        names allowed;
        if (permissions != nullptr)
            for (const std::string& name : strings_in(*permissions, true))
                add_implied(s, name, allowed);
        if (permissions != nullptr ? allowed.count(scope) == 0 : !s.absent_allows_all)
            return false;
    }
    if (s.roles) {
        const json::value* roles = claim(s, "roles");
        names allowed;
        if (roles != nullptr)
            for (const std::string& role : strings_in(*roles, false))
                if (const auto known = s.roles->find(role); known != s.roles->end())
                    for (const std::string& name : known->second)
                        add_implied(s, name, allowed);
        if (roles != nullptr ? allowed.count(scope) == 0 : !s.absent_allows_all)
            return false;
    }
    return true;
}

names as_names(const std::vector<std::string>& list)
{
    return {list.begin(), list.end()};
}

outcome model_decide(const scenario& s, double now)
{
    if (s.kind == "public")
        return {};
    if (!s.with_token) {
        std::size_t least = 0;
        for (std::size_t i = 0; i < s.alternatives.size(); ++i)
            if (as_names(s.alternatives[i]).size() < as_names(s.alternatives[least]).size())
                least = i;
        return {"no-token", least, {}};
    }
    names token;
    for (const std::string& name : s.token_scopes)
        add_implied(s, name, token);
    names effective;
    for (const std::string& name : token)
        if (model_permits(s, name))
            effective.insert(name);

    std::optional<outcome> closest;
    for (std::size_t i = 0; i < s.alternatives.size(); ++i) {
        outcome lacks{"insufficient-scope", i, {}};
        for (const std::string& name : s.alternatives[i])
            if (effective.count(name) == 0)
                lacks.missing.insert(name);
        if (!closest || lacks.missing.size() < closest->missing.size())
            closest = lacks;
    }
    if (closest && !closest->missing.empty()) {
        for (const std::string& name : closest->missing)
            if (token.count(name) != 0)
                closest->why = "scope-limited";
        return *closest;
    }
    const std::size_t held = closest ? closest->alternative : 0;
    if (s.has_where) {
        const json::value* sub = claim(s, "sub");
        const bool scalar = sub != nullptr && sub->if_array() == nullptr && sub->if_object() == nullptr;
        std::string text;
        if (scalar)
            text = sub->if_string() != nullptr ? *sub->if_string() : json::serialize(*sub);
        if (!scalar || text != s.user)
            return {"condition-failed", held, {}};
    }
    if (s.has_acr) {
        const json::value* acr = claim(s, "acr");
        if (acr == nullptr || acr->if_string() == nullptr ||
            (*acr->if_string() != "mfa" && *acr->if_string() != "key"))
            return {"login-too-weak", held, {}};
    }
    if (s.max_age) {
        const json::value* auth_time = claim(s, "auth_time");
        if (auth_time == nullptr || !auth_time->if_number() || now - *auth_time->if_number() > *s.max_age ||
            *auth_time->if_number() - now > 60)
            return {"login-too-old", held, {}};
    }
    return {};
}

// --- the generator ---

class generator {
public:
    explicit generator(unsigned seed) : random_(seed) {}

    scenario make()
    {
        scenario s;
        const int declared = 1 + below(6);
        for (int i = 0; i < declared; ++i) {
            names& implied = s.implies[scope(i)];
            for (int other = 0; other < i; ++other)
                if (below(4) == 0)
                    implied.insert(scope(other));
        }
        make_requirement(s, declared);
        make_limit(s, declared);
        make_token(s, declared);
        return s;
    }

private:
    static std::string scope(int i) { return "s" + std::to_string(i); }
    int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
    bool one_in(int n) { return below(n) == 0; }

    void make_requirement(scenario& s, int declared)
    {
        s.kind = one_in(10) ? "public" : one_in(6) ? "authenticated" : "scopes";
        if (s.kind == "scopes")
            for (int n = 1 + below(3); n > 0; --n) {
                auto& all_of = s.alternatives.emplace_back();
                for (int m = 1 + below(3); m > 0; --m)
                    all_of.push_back(scope(below(declared)));
            }
        if (s.kind != "public") {
            s.has_where = one_in(4);
            s.has_acr = one_in(5);
            if (one_in(5))
                s.max_age = 300;
        }
    }

    names some_scopes(int declared)
    {
        names out;
        for (int n = below(4); n > 0; --n)
            out.insert(scope(below(declared + 1))); // the last one is not declared
        return out;
    }

    void make_limit(scenario& s, int declared)
    {
        s.limit_permissions = one_in(3);
        if (one_in(3)) {
            s.roles.emplace();
            for (const char* role : {"viewer", "editor", "see all"})
                for (const std::string& name : some_scopes(declared))
                    if (s.implies.count(name) != 0)
                        (*s.roles)[role].insert(name);
        }
        s.absent_allows_all = one_in(2);
    }

    json::value odd_value()
    {
        switch (below(4)) {
        case 0:
            return json::value();
        case 1:
            return test::number("1");
        case 2:
            return json::value(true);
        default:
            return test::claims({{"s0", json::value(true)}});
        }
    }

    // Adds a claim that lists some of the words. It may be absent, a string, an array, or malformed.
    void add_list(scenario& s, const std::string& name, const std::vector<std::string>& words)
    {
        if (one_in(8))
            return;
        if (one_in(8)) {
            s.claims.emplace_back(name, odd_value());
            return;
        }
        json::array items;
        std::string joined;
        for (int n = below(4); n > 0; --n) {
            const std::string& word = words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
            items.emplace_back(word);
            joined += (joined.empty() ? "" : " ") + word;
        }
        s.claims.emplace_back(name, one_in(2) ? json::value(items) : test::text(joined));
    }

    void make_token(scenario& s, int declared)
    {
        s.with_token = !one_in(12);
        std::vector<std::string> words{"openid"};
        for (int i = 0; i < declared; ++i)
            words.push_back(scope(i));
        for (int n = below(5); n > 0; --n)
            s.token_scopes.push_back(words[static_cast<std::size_t>(below(declared + 1))]);
        add_list(s, "permissions", words);
        add_list(s, "roles", {"viewer", "editor", "see all", "nobody"});

        static const std::vector<std::pair<std::string, std::string>> users{
            {"bob", "bob"}, {"a|b", "a%7Cb"}, {"7", "7"}, {"true", "true"}, {"Bob", "Bob"}};
        const auto& user = users[static_cast<std::size_t>(below(5))];
        s.user = user.first;
        s.encoded_user = user.second;
        const json::value subjects[] = {test::text(s.user), test::text(s.user), test::text("bob"),
                                        test::number("7"),  json::value(true),  test::list({"bob"}),
                                        odd_value()};
        if (!one_in(10))
            s.claims.emplace_back("sub", subjects[below(7)]);
        const json::value classes[] = {test::text("mfa"), test::text("key"), test::text("pwd"), odd_value()};
        if (!one_in(5))
            s.claims.emplace_back("acr", classes[below(4)]);
        const json::value times[] = {test::number("1699999700"), test::number("1699999699.9"),
                                     test::number("1700000100"), test::text("1700000000"), odd_value()};
        if (!one_in(5))
            s.claims.emplace_back("auth_time", times[below(5)]);
    }

    std::mt19937 random_;
};

// --- the same scenario for the real decide() ---

void declare(const scenario& s, test::builder& b)
{
    for (const auto& [scope, implied] : s.implies)
        b.scope(scope, {implied.begin(), implied.end()});
    std::string written = s.kind;
    if (s.kind == "scopes") {
        written.clear();
        for (const auto& all_of : s.alternatives) {
            written += written.empty() ? "" : "|";
            for (const std::string& one : all_of)
                written += one + " ";
        }
    }
    requirement r = b.needs(written);
    if (s.has_where)
        r.conditions.emplace_back(where_condition{1, "user", json::path("sub")});
    if (s.has_acr)
        r.conditions.emplace_back(acr_condition{{"mfa", "key"}});
    if (s.max_age)
        r.conditions.emplace_back(max_age_condition{std::chrono::seconds(*s.max_age)});
    b.route("/{realm}/users/{user}", test::builder::methods{{"GET", r}});

    auto& limit = b.get().scope_cap;
    limit.absent_allows_all = s.absent_allows_all;
    if (s.limit_permissions)
        limit.permissions = jose::names_claim(json::path("permissions"));
    if (s.roles) {
        limit.by_role = scope_cap::roles{};
        limit.by_role->claim.claim = json::path("roles");
        for (const auto& [role, allowed] : *s.roles)
            for (const std::string& name : allowed)
                b.get().scopes.add_with_implied(name, limit.by_role->allow[role]);
    }
}

outcome really_decide(const scenario& s, const policy& p, wall_time now, steps* trace)
{
    const json::value claims(s.claims);
    const auto scopes = grant(p.scope_cap, p.scopes, claims,
                              std::vector<std::string_view>(s.token_scopes.begin(), s.token_scopes.end()));
    const bearer token{claims, scopes};
    const std::string path = "/any/users/" + s.encoded_user;
    const auto match = p.match(path, "GET");
    const auto d = decide(p, match, s.with_token ? &token : nullptr, now, trace);
    if (std::holds_alternative<permit>(d))
        return {};
    const denial& refused = std::get<denial>(d);
    const auto missing = p.scopes.names(refused.missing);
    return {std::string(name(refused.why)), refused.alternative, {missing.begin(), missing.end()}};
}

std::string spoken(const scenario& s, const policy& p)
{
    return describe(p.routes.front().methods.front().second, p.scopes) + "\ntoken " +
           testing::PrintToString(s.token_scopes) + "\nclaims " + json::serialize(json::value(s.claims));
}

TEST(decide, agrees_with_a_model_on_generated_policies)
{
    std::map<std::string, int> seen;
    for (unsigned seed = 0; seed < 20'000; ++seed) {
        const scenario s = generator(seed).make();
        test::builder b;
        declare(s, b);
        const outcome wanted = model_decide(s, 1'700'000'000);
        const wall_time now{std::chrono::seconds(1'700'000'000)};
        ASSERT_EQ(really_decide(s, b.get(), now, nullptr), wanted) << "seed " << seed << '\n'
                                                                   << spoken(s, b.get());
        steps trace;
        ASSERT_EQ(really_decide(s, b.get(), now, &trace), wanted)
            << "a trace must change nothing, seed " << seed;
        ASSERT_FALSE(trace.empty());
        const bool all_hold =
            std::all_of(trace.begin(), trace.end(), [](const step& one) { return one.holds; });
        ASSERT_FALSE(all_hold && wanted.why != "allowed") << "the trace must show a denial, seed " << seed;
        ++seen[wanted.why];
    }
    for (const char* why : {"allowed", "no-token", "insufficient-scope", "scope-limited", "condition-failed",
                            "login-too-weak", "login-too-old"})
        EXPECT_GT(seen[why], 100) << why << ": the generator must reach it";
}

} // namespace

} // namespace scopegate::policy
