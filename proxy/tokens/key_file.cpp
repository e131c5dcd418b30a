#include "tokens/key_file.hpp"

#include "jose/jwks.hpp"

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

namespace scopegate::tokens {

key_file::identity key_file::identity_of(const struct stat& s) noexcept
{
    return {static_cast<std::int64_t>(s.st_dev), static_cast<std::int64_t>(s.st_ino),
            static_cast<std::int64_t>(s.st_size), static_cast<std::int64_t>(s.st_mtim.tv_sec),
            static_cast<std::int64_t>(s.st_mtim.tv_nsec)};
}

void key_file::poll()
{
    const auto& path = keys_.settings().keys.value;
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        keys_.fail(path + ": " + std::generic_category().message(errno));
        last_ = {};
        return;
    }
    if (!S_ISREG(found.st_mode)) { // reading a pipe would stop the control thread
        keys_.fail(path + ": not a regular file");
        return;
    }
    if (identity_of(found) == last_)
        return;
    std::ifstream in(path, std::ios::binary);
    std::string text(jose::max_jwk_set_bytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!in && !in.eof()) {
        keys_.fail(path + ": can't be read");
        return;
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    last_ = identity_of(found);
    keys_.take(text);
}

} // namespace scopegate::tokens
