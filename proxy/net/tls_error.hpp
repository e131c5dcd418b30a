// The error of everything that TLS connections are based on.
#pragma once

#include <stdexcept>

namespace scopegate::net {

// Reports a problem with a file. what() is one line with the file's name; it never contains a key.
struct tls_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace scopegate::net
