#include "tokens/key_file.hpp"

#include "jose/jwks.hpp"

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include <sys/stat.h>

namespace scopegate::tokens {

void key_file::poll()
{
    const auto& path = keys_.settings().keys.value;
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        keys_.fail(path + ": " + std::generic_category().message(errno));
        last_ = "-";
        return;
    }
    if (!S_ISREG(found.st_mode)) { // reading a pipe would stop the control thread
        keys_.fail(path + ": not a regular file");
        return;
    }
    auto seen = fingerprint_of(path);
    const bool rests = stability_.is_stable(seen);
    if (seen == last_ || (!last_.empty() && (!rests || is_open_for_writing(path))))
        return;
    std::ifstream in(path, std::ios::binary);
    std::string text(jose::max_jwk_set_bytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!in && !in.eof()) {
        keys_.fail(path + ": can't be read");
        return;
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    last_ = std::move(seen);
    keys_.take(text);
}

} // namespace scopegate::tokens
