#include "control/privileges.hpp"

#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace scopegate::control {
namespace {

// Runs the function in a child process, so that it cannot change this one. The result is the exit status.
template <class Function>
int in_a_child(Function f)
{
    const auto child = ::fork();
    if (child == 0)
        ::_exit(f());
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

rlim_t core_limit()
{
    rlimit core{};
    ::getrlimit(RLIMIT_CORE, &core);
    return core.rlim_cur;
}

TEST(privileges, cannot_be_gained)
{
    EXPECT_EQ(in_a_child([] {
                  refuse_new_privileges();
                  return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
              }),
              1);
}

#ifndef SCOPEGATE_SANITIZED
TEST(privileges, do_not_expose_memory_to_core_files_and_debuggers)
{
    EXPECT_EQ(in_a_child([] {
                  protect_memory(false);
                  return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && core_limit() == 0 ? 0 : 1;
              }),
              0);
}
#endif

TEST(privileges, allow_core_dumps_when_configured)
{
    EXPECT_EQ(in_a_child([] {
                  rlimit core{};
                  ::getrlimit(RLIMIT_CORE, &core);
                  protect_memory(false);
                  protect_memory(true);
                  return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 && core_limit() == core.rlim_max ? 0 : 1;
              }),
              0);
}

TEST(privileges, are_absent_for_an_ordinary_user)
{
    EXPECT_EQ(in_a_child([] {
                  if (::geteuid() == 0 && ::setresuid(28080, 28080, 28080) != 0)
                      return 2;
                  return present_privileges().any() ? 1 : 0;
              }),
              0);
}

TEST(privileges, are_reported_for_root)
{
    if (::geteuid() != 0)
        GTEST_SKIP() << "this test needs root";
    EXPECT_TRUE(present_privileges().root);
}

} // namespace
} // namespace scopegate::control
