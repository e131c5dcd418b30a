#include "net/client_tls.hpp"

#include "base/watched_file.hpp"

#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace scopegate::net {

namespace asio = boost::asio;
using error_code = boost::system::error_code;

namespace {

using shared_context = std::shared_ptr<asio::ssl::context>;

// Returns an error if the files don't hold a certificate and its key. A passphrase is never asked for.
error_code use_identity(asio::ssl::context& context, const http_access& access)
{
    error_code error;
    const auto no_passphrase = [](std::size_t, asio::ssl::context::password_purpose) {
        return std::string();
    };
    context.set_password_callback(no_passphrase, error);
    if (!error)
        context.use_certificate_chain_file(access.certificate_file, error);
    if (!error)
        context.use_private_key_file(access.key_file, asio::ssl::context::pem, error);
    return error;
}

boost::system::result<shared_context, http_failure> make_context(const http_access& access)
{
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    context->set_verify_mode(asio::ssl::verify_peer);
    if (SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION) != 1)
        return http_failure{"TLS 1.2 can't be required"};
    error_code error;
    if (access.ca_file.empty())
        context->set_default_verify_paths(error);
    else
        context->load_verify_file(access.ca_file, error);
    if (error)
        return http_failure{"can't read the certificate authorities" +
                            (access.ca_file.empty() ? "" : " in " + access.ca_file) + ": " + error.message()};
    if (!access.certificate_file.empty())
        if (const auto failed = use_identity(*context, access); failed)
            return http_failure{"can't use the certificate " + access.certificate_file + " with the key " +
                                access.key_file + ": " + failed.message()};
    return context;
}

std::string environment_or(const char* name, const char* otherwise)
{
    const char* const value = std::getenv(name);
    return value != nullptr ? value : otherwise;
}

// Returns the files that make the context: those of `access`, and otherwise the system's authorities as
// OpenSSL finds them.
std::vector<std::string> files_of(const http_access& access)
{
    std::vector<std::string> out{access.certificate_file, access.key_file};
    if (!access.ca_file.empty()) {
        out.push_back(access.ca_file);
        return out;
    }
    out.push_back(environment_or(X509_get_default_cert_file_env(), X509_get_default_cert_file()));
    out.push_back(environment_or(X509_get_default_cert_dir_env(), X509_get_default_cert_dir()));
    return out;
}

// Returns a text that differs for other files, and for other versions of them.
std::string versions_of(const http_access& access)
{
    std::string out;
    for (const auto& file : files_of(access))
        out.append(file).append(1, '\0').append(file.empty() ? "" : fingerprint_of(file)).append(1, '\0');
    return out;
}

struct known_contexts {
    std::mutex mutex; // also held while a context is made, so that no two threads make the same
    std::map<std::string, std::weak_ptr<asio::ssl::context>> by_versions;
};
known_contexts& all()
{
    static known_contexts known;
    return known;
}

} // namespace

boost::system::result<shared_context, http_failure> client_tls(const http_access& access)
{
    // Read before the files: if they change in between, the next caller finds another version.
    auto versions = versions_of(access);
    auto& known = all();
    const std::lock_guard lock(known.mutex);
    if (const auto found = known.by_versions.find(versions); found != known.by_versions.end())
        if (auto shared = found->second.lock())
            return shared;
    std::erase_if(known.by_versions, [](const auto& each) { return each.second.expired(); });
    auto made = make_context(access);
    if (made)
        known.by_versions[std::move(versions)] = *made;
    return made;
}

std::size_t client_tls_contexts()
{
    auto& known = all();
    const std::lock_guard lock(known.mutex);
    return static_cast<std::size_t>(std::count_if(known.by_versions.begin(), known.by_versions.end(),
                                                  [](const auto& each) { return !each.second.expired(); }));
}

} // namespace scopegate::net
