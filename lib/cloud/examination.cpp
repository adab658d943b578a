// SPDX-License-Identifier: Apache-2.0
#include "cloud/examination.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "cloud/name_look_up.hpp"
#include "cloud/tpm.hpp"
#include "core/encoding.hpp"
#include "core/proxy_address.hpp"
#include "core/within.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr milliseconds step_limit{5'000};
constexpr milliseconds alert_limit{1'000};
constexpr auto by_tuple = asio::as_tuple(asio::use_awaitable);

place hop_of(const session_settings& settings) {
    if (settings.proxy.url.empty()) return {settings.endpoint, std::to_string(settings.port), false, {}};
    const auto proxy = parse_proxy(settings.proxy.url);
    if (!proxy) return {{}, {}, true, {}};  // told by set_up()
    return {proxy->host, std::to_string(proxy->port), true, proxy->credentials};
}

std::string asn1_time(const ASN1_TIME* when) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(when, &parts) != 1) return "?";
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

std::string subject_of(const X509* certificate) {
    char subject[256] = "";
    X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    return printable(subject);
}

void note_peer(X509_STORE_CTX* store, peer_check& seen) {
    X509* const certificate = X509_STORE_CTX_get_current_cert(store);
    if (seen.error != X509_V_OK || certificate == nullptr) return;
    seen.error = X509_STORE_CTX_get_error(store);
    seen.subject = subject_of(certificate);
    seen.not_before = asn1_time(X509_get0_notBefore(certificate));
    seen.not_after = asn1_time(X509_get0_notAfter(certificate));
}

trouble peer_trouble(const peer_check& seen, const session_settings& settings, const time_source& time) {
    const auto clock = "; the station's clock says " + to_rfc3339(time.utc_now());
    switch (seen.error) {
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return {"station-clock-wrong", "The server's certificate (" + seen.subject + ") is valid from " +
                                               seen.not_before + clock};
        case X509_V_ERR_CERT_HAS_EXPIRED: {
            // The cloud renews its own in time; a clock that nobody sets may be years ahead.
            const auto words =
                "The server's certificate (" + seen.subject + ") was valid until " + seen.not_after + clock;
            if (time.synchronised()) return {"cloud-server-expired", words};
            return {"station-clock-wrong", words +
                                               " and is not synchronised: it is ahead, or the server's "
                                               "certificate has really expired"};
        }
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return {"cloud-host-mismatched", "The server that answers for " + settings.endpoint +
                                                 " shows a certificate for another name (" + seen.subject +
                                                 ")"};
        default:
            return {"cloud-server-untrusted",
                    "The server's certificate (" + seen.subject + ") does not come from the CA in " +
                        settings.ca_file.string() + ": " + X509_verify_cert_error_string(seen.error)};
    }
}

/// What the server said by a TLS alert, if this is one about our certificate.
std::optional<trouble> alert_trouble(const error_code& error) {
    if (error.category() != asio::error::get_ssl_category()) return std::nullopt;
    const auto words = error.message();
    switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
            return trouble{"cloud-claim-expired", "The cloud says that the claim certificate has expired"};
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return trouble{"cloud-claim-refused",
                           "The cloud does not accept the claim certificate: " + words};
        default:
            return std::nullopt;
    }
}

trouble tcp_trouble(const error_code& error, const place& target) {
    const std::string what = target.proxy ? "The proxy " : "";
    const std::string proxy_code = target.proxy ? "cloud-proxy-failed" : "";
    if (error == asio::error::connection_refused) {
        return {target.proxy ? proxy_code : "cloud-unreachable",
                what + target.text() + " refuses connections"};
    }
    if (error == asio::error::timed_out || error == asio::error::operation_aborted) {
        return {target.proxy ? proxy_code : "cloud-port-blocked",
                what + target.text() + " does not answer: a firewall may be in the way"};
    }
    return {target.proxy ? proxy_code : "cloud-unreachable",
            what + target.text() + " cannot be reached: " + error.message()};
}

}  // namespace

examination::examination(asio::any_io_executor executor, const session_settings& settings, time_source& time)
    : settings_(settings),
      time_(time),
      hop_(hop_of(settings)),
      executor_(std::move(executor)),
      context_(asio::ssl::context::tls_client) {}

examination::found examination::set_up() {
    const auto tpm = prepare_for_key(settings_.claim.key_file.string());
    if (!tpm.empty()) return trouble{"cloud-claim-invalid", "The TPM cannot be used: " + tpm};
    if (hop_.host.empty()) {
        return trouble{"cloud-proxy-failed",
                       "The proxy's URL cannot be used: " + parse_proxy(settings_.proxy.url).why_not()};
    }
    error_code error;
    context_.load_verify_file(settings_.ca_file.string(), error);
    if (error) return trouble{"cloud-ca-unreadable", settings_.ca_file.string() + ": " + error.message()};
    context_.use_certificate_chain_file(settings_.claim.certificate_file.string(), error);
    if (!error) {
        context_.use_private_key_file(settings_.claim.key_file.string(), asio::ssl::context::pem, error);
    }
    if (error) {
        return trouble{"cloud-claim-invalid", "The claim credential cannot be used: " + error.message()};
    }
    // Made here, when the context is complete; Boost 1.81's stream leaks when it is assigned to.
    stream_.emplace(executor_, context_);
    set_names(stream_->native_handle());
    stream_->set_verify_mode(asio::ssl::verify_peer);
    stream_->set_verify_callback([this](bool good, asio::ssl::verify_context& store) {
        if (!good) note_peer(store.native_handle(), peer_);
        return good;
    });
    return std::nullopt;
}

void examination::set_names(SSL* ssl) {
    // The macro SSL_set_tlsext_host_name, without its C cast.
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(settings_.endpoint.c_str()));
    auto* const wanted = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, settings_.endpoint.c_str()) != 1) {
        X509_VERIFY_PARAM_set1_host(wanted, settings_.endpoint.c_str(), 0);
    }
    std::string protocols;
    for (const auto& name : settings_.alpn) {
        protocols += static_cast<char>(name.size());
        protocols += name;
    }
    if (protocols.empty()) return;
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
}

asio::awaitable<examination::found> examination::look_up() {
    auto step = look_up_name(hop_.host, hop_.port);
    auto answer = co_await within(time_, step_limit, std::move(step));
    if (!answer) {
        co_return trouble{"cloud-name-unknown", "The name service does not answer for " + hop_.host};
    }
    if (!answer->why_not.empty()) {
        co_return trouble{"cloud-name-unknown",
                          "The name " + hop_.host + " cannot be looked up: " + answer->why_not};
    }
    addresses_ = std::move(answer->endpoints);
    co_return std::nullopt;
}

asio::awaitable<examination::found> examination::connect() {
    const bool answered = co_await within(time_, step_limit, connect_to_any());
    if (!answered) error_ = asio::error::timed_out;
    if (error_) co_return tcp_trouble(error_, hop_);
    co_return std::nullopt;
}

asio::awaitable<void> examination::connect_to_any() {
    auto [error, end] = co_await asio::async_connect(stream_->next_layer(), addresses_, by_tuple);
    error_ = error;
}

asio::awaitable<examination::found> examination::pass_proxy() {
    if (!hop_.proxy) co_return std::nullopt;
    const bool answered = co_await within(time_, step_limit, ask_proxy());
    if (answered && proxy_answer_.find(" 200") != std::string::npos) co_return std::nullopt;
    co_return trouble{"cloud-proxy-failed",
                      "The proxy " + hop_.text() + " does not let the station out to " + settings_.endpoint +
                          ":" + std::to_string(settings_.port) + ": " +
                          (proxy_answer_.empty() ? "no answer" : printable(proxy_answer_))};
}

asio::awaitable<void> examination::ask_proxy() {
    const auto target = settings_.endpoint + ":" + std::to_string(settings_.port);
    auto request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    if (!hop_.credentials.empty())
        request += "Proxy-Authorization: Basic " + to_base64(hop_.credentials) + "\r\n";
    request += "\r\n";
    co_await asio::async_write(stream_->next_layer(), asio::buffer(request), by_tuple);
    std::string answer;
    auto room = asio::dynamic_buffer(answer, 8192);
    co_await asio::async_read_until(stream_->next_layer(), room, "\r\n\r\n", by_tuple);
    proxy_answer_ = answer.substr(0, answer.find('\r'));
}

asio::awaitable<examination::found> examination::shake_hands() {
    const bool answered = co_await within(time_, step_limit, handshake());
    if (!answered) {
        co_return trouble{"cloud-port-blocked", hop_.text() + " takes the connection and then says nothing"};
    }
    if (!error_) co_return std::nullopt;
    if (peer_.error != X509_V_OK) co_return peer_trouble(peer_, settings_, time_);
    if (auto said = alert_trouble(error_)) co_return said;
    co_return trouble{"cloud-unreachable", "TLS with " + settings_.endpoint + " fails: " + error_.message() +
                                               " (something may sit in between)"};
}

asio::awaitable<void> examination::handshake() {
    auto [error] = co_await stream_->async_handshake(asio::ssl::stream_base::client, by_tuple);
    error_ = error;
}

std::string examination::server() const {
    X509* const certificate =
        SSL_get1_peer_certificate(const_cast<examination*>(this)->stream_->native_handle());
    if (certificate == nullptr) return {};
    auto text = subject_of(certificate) + ", valid until " + asn1_time(X509_get0_notAfter(certificate));
    X509_free(certificate);
    return text;
}

asio::awaitable<examination::found> examination::listen() {
    error_ = {};
    co_await within(time_, alert_limit, read_something());
    co_return alert_trouble(error_);
}

asio::awaitable<void> examination::read_something() {
    char byte = 0;
    auto [error, size] = co_await stream_->async_read_some(asio::buffer(&byte, 1), by_tuple);
    error_ = error;
}

}  // namespace fleetline::cloud
