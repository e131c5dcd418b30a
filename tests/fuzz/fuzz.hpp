// The common beginning of all fuzzers. A fuzzer is one file, NAME_fuzz.cpp, that defines
// LLVMFuzzerTestOneInput. With SCOPEGATE_FUZZ it is linked with libFuzzer, otherwise with replay.cpp, which
// plays its corpus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace scopegate::fuzz {

// Checks a property that must hold for every input.
inline void check(bool holds, int line = __builtin_LINE())
{
    if (holds)
        return;
    std::fprintf(stderr, "an invariant of line %d does not hold\n", line);
    std::abort();
}

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) noexcept
{
    return {reinterpret_cast<const char*>(bytes), size};
}

// An input that also states how its bytes are to be read. The settings are the last byte, so that the files
// of tests/cases are inputs as they are.
struct input {
    std::string_view bytes;
    std::uint8_t settings = 0;
    [[nodiscard]] bool has(unsigned bit) const noexcept { return (settings >> bit & 1U) != 0; }
};
inline input split_settings(const std::uint8_t* bytes, std::size_t size) noexcept
{
    return size == 0 ? input{} : input{text_of(bytes, size - 1), bytes[size - 1]};
}

} // namespace scopegate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);
