// An issuer on loopback, in the test's own process: it serves a discovery document and a key set, rotates,
// fails, hangs, sends garbage, and counts. It is a real peer on its own thread and a free port. Any thread
// may call it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace scopegate::test {

// PEM texts, for an issuer that speaks TLS.
struct tls_identity {
    std::string certificate;
    std::string key;
};

class fake_issuer final {
public:
    enum class mood : std::uint8_t {
        serving,
        failing,      // 500 for everything
        hanging,      // accepts requests and does not respond until the mood changes
        garbage,      // 200 with a body that is not JSON
        no_keys,      // a key set without keys
        wrong_issuer, // the discovery document of another issuer
        redirecting,  // 302 to where the keys really are
        endless,      // a key set that never ends
        hinting,      // an interim response (103) before each other one
        only_rfc8414, // no openid-configuration, only the other document
    };

    // Serves at once. With `listening` false, connections are refused until listen(). `path` becomes part of
    // the issuer's name. With an identity it speaks TLS, under the name `localhost`.
    explicit fake_issuer(bool listening = true, const std::string& path = {},
                         const tls_identity* identity = nullptr);
    ~fake_issuer();

    void listen();
    void stop_listening(); // refuses connections until listen(), like a process that was killed
    void be(mood m);
    void publish(std::string jwk_set);     // sets the key set at /keys
    void cache_control(std::string value); // sets the field of /keys; empty: no field

    void jwks_uri(std::string value); // names it in the documents, in place of /keys
    // Responds with 401 to requests without exactly this Authorization, from now on.
    void require_authorization(std::string value);

    [[nodiscard]] const std::string& name() const noexcept; // `http://127.0.0.1:PORT` and the path
    [[nodiscard]] std::string origin() const;               // the same without the path
    [[nodiscard]] std::string keys_url() const;
    [[nodiscard]] std::size_t key_requests() const;       // to /keys, answered or not
    [[nodiscard]] std::size_t discovery_requests() const; // to any metadata document
    // Returns the Authorization of each request so far; empty where it had none.
    [[nodiscard]] std::vector<std::string> authorizations() const;

private:
    class server;
    std::unique_ptr<server> server_;
};

} // namespace scopegate::test
