#include "cli/dispatch.hpp"

int main(int argc, char** argv)
{
    return scopegate::cli::dispatch(argc, argv);
}
