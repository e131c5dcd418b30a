#include "support/tls_files.hpp"

#include "support/pem.hpp"

namespace scopegate::test {

std::string tls_files::write_server_certificate() const
{
    const auto made = identity();
    folder.write("server.key", made.key);
    folder.write("server.pem", made.certificate);
    return serial_of(made.certificate);
}

std::string tls_files::server_yaml(bool mutual) const
{
    write_server_certificate();
    auto yaml = "tls: {certificate: " + folder.path("server.pem") + ", key: " + folder.path("server.key");
    if (mutual)
        yaml += ", client_ca: " + folder.write("clients.pem", ca.pem());
    return yaml + "}";
}

std::string tls_files::upstream_yaml(bool mutual) const
{
    auto yaml = "tls: {ca: " + folder.write("api-ca.pem", ca.pem());
    if (mutual) {
        const auto made = identity();
        yaml += ", certificate: " + folder.write("gate.pem", made.certificate);
        yaml += ", key: " + folder.write("gate.key", made.key);
    }
    return yaml + "}";
}

std::string serial_of(const std::string& pem)
{
    return std::to_string(ASN1_INTEGER_get(X509_get0_serialNumber(certificate_of(pem).get())));
}

} // namespace scopegate::test
