#include "control/memory.hpp"

#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace scopegate::control {
namespace {

constexpr std::size_t mib = 1024UL * 1024;

TEST(cgroup_memory_maximum, is_the_smallest_of_all_groups_around_the_process)
{
    struct row {
        const char* what;
        std::string own; // the content of /proc/self/cgroup
        std::vector<std::pair<std::string, std::string>> files;
        std::optional<std::size_t> maximum;
    };
    const row rows[] = {
        {"no cgroups", "", {}, std::nullopt},
        {"version 2, a container with a namespace of its own",
         "0::/\n",
         {{"memory.max", "268435456\n"}},
         256 * mib},
        {"version 2 without a limit", "0::/\n", {{"memory.max", "max\n"}}, std::nullopt},
        {"version 2, the group's own limit", "0::/a/b\n", {{"a/b/memory.max", "1048576\n"}}, mib},
        {"version 2, a group around it allows less",
         "0::/a/b\n",
         {{"a/memory.max", "1048576\n"}, {"a/b/memory.max", "2097152\n"}},
         mib},
        {"version 2, the group's folder is on the host only",
         "0::/kubepods/pod1/x\n",
         {{"memory.max", "1048576\n"}},
         mib},
        {"version 1",
         "5:cpu:/\n4:memory:/docker/x\n",
         {{"memory/docker/x/memory.limit_in_bytes", "1048576\n"},
          {"memory/memory.limit_in_bytes", "9223372036854771712\n"}},
         mib},
        {"version 1 without a limit",
         "4:memory:/\n",
         {{"memory/memory.limit_in_bytes", "9223372036854771712\n"}},
         std::nullopt},
        {"version 1, controllers that share a hierarchy",
         "4:cpu,memory:/x\n",
         {{"memory/x/memory.limit_in_bytes", "1048576\n"}},
         mib},
        {"a file that holds no number", "0::/\n", {{"memory.max", "lots\n"}}, std::nullopt},
    };
    for (const auto& r : rows) {
        const test::temporary_folder folder;
        const std::filesystem::path root = folder.path();
        for (const auto& [name, text] : r.files) {
            std::filesystem::create_directories((root / name).parent_path());
            std::ofstream(root / name) << text;
        }
        std::ofstream(root / "own") << r.own;
        EXPECT_EQ(cgroup_memory_maximum(root / "own", root), r.maximum) << r.what;
    }
}

TEST(memory_limit, gives_the_token_cache_a_quarter_up_to_64_mib)
{
    EXPECT_EQ(token_cache_bytes(memory_budget::unlimited), 64 * mib);
    EXPECT_EQ(token_cache_bytes(1024 * mib), 64 * mib);
    EXPECT_EQ(token_cache_bytes(64 * mib), 16 * mib);
}

TEST(used_proofs, take_at_most_an_eighth_of_the_memory_limit)
{
    EXPECT_EQ(proof_bounds(memory_budget::unlimited).all, 1U << 20);
    EXPECT_EQ(proof_bounds(memory_budget::unlimited).of_key, 128U << 10);
    EXPECT_EQ(proof_bounds(32 * mib).all, 32 * mib / 8 / 60);
    EXPECT_EQ(proof_bounds(32 * mib).of_key, 32 * mib / 8 / 60 / 8);
}

TEST(memory_limit, follows_the_file)
{
    using kind = policy::memory_limit::kind;
    EXPECT_EQ(bytes_of({kind::none, 0}), memory_budget::unlimited);
    EXPECT_EQ(bytes_of({kind::bytes, 64 * mib}), 64 * mib);
    const auto maximum = cgroup_memory_maximum();
    EXPECT_EQ(bytes_of({}), maximum ? *maximum / 4 * 3 : memory_budget::unlimited);
}

#ifndef SCOPEGATE_SANITIZED // the resident size means nothing with the sanitizer

TEST(memory_keeper, returns_free_memory_between_live_blocks_to_the_system)
{
    gate::shared_counters counters;
    memory_keeper keeper(counters);
    constexpr std::size_t blocks = 4000, bytes = 16384;
    std::vector<std::unique_ptr<char[]>> freed, kept;
    for (std::size_t i = 0; i < blocks; ++i) {
        freed.push_back(std::make_unique<char[]>(bytes));
        kept.push_back(std::make_unique<char[]>(16));
    }
    const auto peak = resident_bytes();
    freed.clear();
    keeper.poll({});
    EXPECT_LT(resident_bytes(), peak - blocks * bytes / 4 * 3);
}

TEST(memory_keeper, counts_memory_without_an_account)
{
    gate::shared_counters counters;
    memory_keeper keeper(counters);
    const auto before = counters.memory.held();
    EXPECT_GT(before, mib);
    const std::string large(32 * mib, 'x');
    keeper.poll({});
    EXPECT_GT(counters.memory.held(), before + 31 * mib);
}

#endif

} // namespace
} // namespace scopegate::control
