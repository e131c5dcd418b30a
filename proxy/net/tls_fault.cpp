#include "net/tls_fault.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace scopegate::net {

namespace {

cause fault_of_certificate(long verified) noexcept
{
    switch (verified) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return cause::expired_certificate;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return cause::certificate_not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return cause::certificate_of_another_name;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return cause::self_signed_certificate;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: // the peer sent a root that we do not trust
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
        return cause::unknown_authority;
    default:
        return cause::unusable_certificate;
    }
}

// Reads an alert, or the first bytes of a peer that speaks another protocol.
cause fault_of_peer(int why, bool server) noexcept
{
    switch (why) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return server ? cause::plain_http_on_tls_port : cause::upstream_without_tls;
    // The peer did not send a TLS record, but for example an HTTP response.
    case SSL_R_WRONG_VERSION_NUMBER:
        return server ? cause::failed_handshake : cause::upstream_without_tls;
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return cause::our_certificate_refused;
    default:
        return cause::failed_handshake;
    }
}

} // namespace

cause tls_fault(const ssl_st& connection, unsigned long code) noexcept
{
    const auto verified = SSL_get_verify_result(&connection);
    if (verified != X509_V_OK)
        return fault_of_certificate(verified);
    const bool of_tls = ERR_GET_LIB(code) == ERR_LIB_SSL;
    return of_tls ? fault_of_peer(ERR_GET_REASON(code), SSL_is_server(&connection) == 1)
                  : cause::failed_handshake;
}

} // namespace scopegate::net
