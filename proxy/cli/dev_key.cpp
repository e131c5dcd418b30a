#include "cli/dev_key.hpp"

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>

namespace scopegate::cli {

namespace {

// Writes a file that must not exist yet. It has these permissions from its first byte on.
void write_new_file(const std::string& name, std::string_view text, mode_t mode)
{
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0)
        throw input_error("can't create " + name + ": " + std::strerror(errno));
    const auto written = ::write(file, text.data(), text.size());
    if (::close(file) != 0 || written != static_cast<ssize_t>(text.size())) {
        ::unlink(name.c_str());
        throw input_error("can't write " + name);
    }
}

jose::signing_key read_key(const std::string& name)
{
    try {
        return jose::signing_key::from_pem(secret(read_file(name)));
    } catch (const input_error&) {
        throw;
    } catch (const std::exception& e) {
        throw input_error(name + ": " + e.what());
    }
}

} // namespace

std::string jwks_file_of(const std::string& key_file)
{
    auto path = std::filesystem::path(key_file);
    const auto stem = path.extension() == ".pem" ? path.stem().string() : path.filename().string();
    path.replace_filename(stem.ends_with("-key") ? stem + "s.json" : stem + "-keys.json");
    return path.string();
}

dev_key open_dev_key(const std::string& key_file, jose::algorithm a)
{
    const bool created = !std::filesystem::exists(key_file);
    const auto key = created ? jose::signing_key::generate(a) : read_key(key_file);
    if (created)
        write_new_file(key_file, key.private_pem().reveal(), 0600);
    auto jwks_file = jwks_file_of(key_file);
    if (created || !std::filesystem::exists(jwks_file)) {
        // The old key's leftover key set would cause every new token to be refused.
        std::filesystem::remove(jwks_file);
        write_new_file(jwks_file, jose::public_jwk_set(std::span(&key, 1)) + "\n", 0644);
    }
    return {key, std::move(jwks_file), created};
}

} // namespace scopegate::cli
