#include "policy/scopes.hpp"

#include <gmock/gmock.h>

#include <random>
#include <set>
#include <stdexcept>

namespace scopegate::policy {

namespace {

using testing::ElementsAre;

scope_set set_of(const std::set<scope_id>& ids)
{
    scope_set out;
    for (const scope_id id : ids)
        out.insert(id);
    return out;
}

std::set<scope_id> ids_of(const scope_set& s)
{
    std::set<scope_id> out;
    s.for_each([&](scope_id id) { EXPECT_TRUE(out.insert(id).second); });
    return out;
}

// Sets of different capacity must combine: a token's set is often shorter than the requirement's.
TEST(scope_set, agrees_with_std_set_on_generated_sets)
{
    for (unsigned seed = 0; seed < 3'000; ++seed) {
        std::mt19937 random(seed);
        const auto some = [&] {
            std::set<scope_id> out;
            const auto highest = random() % 2 == 0 ? 8U : 300U;
            for (auto n = random() % 6; n > 0; --n)
                out.insert(static_cast<scope_id>(random() % highest));
            return out;
        };
        const auto a = some();
        const auto b = random() % 8 == 0 ? a : some();
        std::set<scope_id> both = a;
        both.insert(b.begin(), b.end());
        std::set<scope_id> common;
        std::set<scope_id> less;
        for (const scope_id id : a)
            (b.count(id) != 0 ? common : less).insert(id);

        scope_set united = set_of(a);
        united |= set_of(b);
        scope_set cut = set_of(a);
        cut &= set_of(b);
        scope_set left = set_of(a);
        left -= set_of(b);
        ASSERT_EQ(ids_of(united), both) << seed;
        ASSERT_EQ(ids_of(cut), common) << seed;
        ASSERT_EQ(ids_of(left), less) << seed;
        ASSERT_EQ(set_of(a).contains_all(set_of(b)), common == b) << seed;
        ASSERT_EQ(set_of(a) == set_of(b), a == b) << seed;
        ASSERT_EQ(united.size(), both.size()) << seed;
        ASSERT_EQ(left.empty(), less.empty()) << seed;
        for (scope_id id = 0; id < 320; ++id)
            ASSERT_EQ(united.contains(id), both.count(id) != 0) << seed << ' ' << id;
    }
}

TEST(scope_registry, compares_whole_names_with_letter_case)
{
    scope_registry scopes;
    const scope_id app = scopes.add("read:app", "read");
    EXPECT_EQ(scopes.find("read:app"), app);
    for (const char* other : {"read:app2", "xread:app", "read:ap", "Read:app", "read:app ", "", "read"})
        EXPECT_EQ(scopes.find(other), std::nullopt) << other;
}

TEST(scope_registry, adds_implied_scopes)
{
    scope_registry scopes;
    const scope_id read = scopes.add("read", "");
    const scope_id write = scopes.add("write", "");
    const scope_id admin = scopes.add("admin", "everything");
    scope_set closure;
    closure.insert(read);
    closure.insert(write);
    scopes.set_closure(admin, closure);

    scope_set held;
    EXPECT_TRUE(scopes.add_with_implied("admin", held));
    EXPECT_THAT(scopes.names(held), ElementsAre("read", "write", "admin"))
        << "a scope implies itself, and the order is that of the file";
    scope_set one;
    EXPECT_TRUE(scopes.add_with_implied("write", one));
    EXPECT_THAT(scopes.names(one), ElementsAre("write"));
    EXPECT_FALSE(scopes.add_with_implied("openid", one));
    EXPECT_THAT(scopes.names(one), ElementsAre("write"));
    EXPECT_EQ(scopes[admin].description, "everything");
    EXPECT_EQ(scopes.size(), 3U);
}

TEST(scope_registry, refuses_a_duplicate_name)
{
    scope_registry scopes;
    scopes.add("read", "");
    EXPECT_THROW(scopes.add("read", ""), std::invalid_argument);
    EXPECT_EQ(scopes.size(), 1U);
}

} // namespace

} // namespace scopegate::policy
