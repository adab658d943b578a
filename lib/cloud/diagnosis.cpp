// SPDX-License-Identifier: Apache-2.0
#include "cloud/diagnosis.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "core/encoding.hpp"
#include "core/within.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr milliseconds step_limit{5'000};
constexpr milliseconds alert_limit{
    1'000};  // TLS 1.3: a refused client certificate is told after the handshake
constexpr auto by_tuple = asio::as_tuple(asio::use_awaitable);

struct place {
    std::string host;
    std::string port;
    bool proxy = false;
    std::string text() const { return host + ":" + port; }
};

place first_hop(const session_settings& settings) {
    auto url = settings.proxy.url;
    if (url.empty()) return {settings.endpoint, std::to_string(settings.port), false};
    if (const auto scheme = url.find("://"); scheme != std::string::npos) url.erase(0, scheme + 3);
    if (const auto user = url.rfind('@'); user != std::string::npos) url.erase(0, user + 1);
    while (url.ends_with('/')) url.pop_back();
    const auto colon = url.rfind(':');
    if (colon == std::string::npos) return {url, "80", true};
    return {url.substr(0, colon), url.substr(colon + 1), true};
}

/// What the server's certificate was found to be while it was verified.
struct peer_check {
    int error = X509_V_OK;
    std::string subject;
    std::string not_before;
    std::string not_after;
};

std::string asn1_time(const ASN1_TIME* when) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(when, &parts) != 1) return "?";
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

void note_peer(X509_STORE_CTX* store, peer_check& seen) {
    X509* const certificate = X509_STORE_CTX_get_current_cert(store);
    if (seen.error != X509_V_OK || certificate == nullptr) return;
    seen.error = X509_STORE_CTX_get_error(store);
    char subject[256] = "";
    X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    seen.subject = printable(subject);
    seen.not_before = asn1_time(X509_get0_notBefore(certificate));
    seen.not_after = asn1_time(X509_get0_notAfter(certificate));
}

trouble peer_trouble(const peer_check& seen, const session_settings& settings, utc_time now) {
    const auto clock = "; the station's clock says " + to_rfc3339(now);
    switch (seen.error) {
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return {"station-clock-wrong", "The server's certificate (" + seen.subject + ") is valid from " +
                                               seen.not_before + clock};
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return {"cloud-server-expired", "The server's certificate (" + seen.subject +
                                                ") was valid until " + seen.not_after + clock};
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

class examination {
  public:
    examination(asio::any_io_executor executor, const session_settings& settings, time_source& time)
        : settings_(settings),
          time_(time),
          hop_(first_hop(settings)),
          resolver_(executor),
          context_(asio::ssl::context::tls_client) {}

    /// nullopt: everything up to TLS is fine.
    asio::awaitable<std::optional<trouble>> run() {
        auto found = set_up();
        if (!found) found = co_await reach();
        if (!found && hop_.proxy) found = co_await pass_proxy();
        if (!found) found = co_await shake_hands();
        if (!found) found = co_await listen();
        co_return found;
    }

  private:
    std::optional<trouble> set_up() {
        error_code error;
        context_.load_verify_file(settings_.ca_file.string(), error);
        if (error) {
            return trouble{"cloud-ca-unreadable", settings_.ca_file.string() + ": " + error.message()};
        }
        context_.use_certificate_chain_file(settings_.claim.certificate_file.string(), error);
        if (!error) {
            context_.use_private_key_file(settings_.claim.key_file.string(), asio::ssl::context::pem, error);
        }
        if (error) {
            return trouble{"cloud-claim-invalid", "The claim credential cannot be used: " + error.message()};
        }
        // Made here, when the context is complete; Boost 1.81's stream leaks when it is assigned to.
        stream_.emplace(resolver_.get_executor(), context_);
        SSL* const ssl = stream_->native_handle();
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
        if (!protocols.empty()) {
            SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                                static_cast<unsigned>(protocols.size()));
        }
        stream_->set_verify_mode(asio::ssl::verify_peer);
        stream_->set_verify_callback([this](bool good, asio::ssl::verify_context& store) {
            if (!good) note_peer(store.native_handle(), peer_);
            return good;
        });
        return std::nullopt;
    }

    asio::awaitable<std::optional<trouble>> reach() {
        auto found = co_await within(time_, step_limit, look_up());
        if (!found) {
            co_return trouble{"cloud-name-unknown", "The name service does not answer for " + hop_.host};
        }
        if (lookup_error_) {
            co_return trouble{"cloud-name-unknown",
                              "The name " + hop_.host + " cannot be looked up: " + lookup_error_.message()};
        }
        const auto answered = co_await within(time_, step_limit, connect_to(std::move(*found)));
        if (!answered) tcp_error_ = asio::error::timed_out;
        if (tcp_error_) co_return tcp_trouble(tcp_error_, hop_);
        co_return std::nullopt;
    }

    asio::awaitable<tcp::resolver::results_type> look_up() {
        auto [error, found] = co_await resolver_.async_resolve(hop_.host, hop_.port, by_tuple);
        lookup_error_ = error;
        co_return found;
    }

    asio::awaitable<void> connect_to(tcp::resolver::results_type found) {
        auto [error, end] = co_await asio::async_connect(stream_->next_layer(), found, by_tuple);
        tcp_error_ = error;
    }

    asio::awaitable<std::optional<trouble>> pass_proxy() {
        const auto answered = co_await within(time_, step_limit, ask_proxy());
        if (answered && proxy_answer_.find(" 200") != std::string::npos) co_return std::nullopt;
        co_return trouble{"cloud-proxy-failed",
                          "The proxy " + hop_.text() + " does not let the station out to " +
                              settings_.endpoint + ":" + std::to_string(settings_.port) + ": " +
                              (proxy_answer_.empty() ? "no answer" : printable(proxy_answer_))};
    }

    asio::awaitable<void> ask_proxy() {
        const auto target = settings_.endpoint + ":" + std::to_string(settings_.port);
        const auto request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n";
        co_await asio::async_write(stream_->next_layer(), asio::buffer(request), by_tuple);
        std::string answer;
        auto room = asio::dynamic_buffer(answer, 8192);
        co_await asio::async_read_until(stream_->next_layer(), room, "\r\n\r\n", by_tuple);
        proxy_answer_ = answer.substr(0, answer.find('\r'));
    }

    asio::awaitable<std::optional<trouble>> shake_hands() {
        const auto answered = co_await within(time_, step_limit, handshake());
        if (!answered) {
            co_return trouble{"cloud-port-blocked",
                              hop_.text() + " takes the connection and then says nothing"};
        }
        if (!tls_error_) co_return std::nullopt;
        if (peer_.error != X509_V_OK) co_return peer_trouble(peer_, settings_, time_.utc_now());
        if (auto said = alert_trouble(tls_error_)) co_return said;
        co_return trouble{"cloud-unreachable", "TLS with " + settings_.endpoint + " fails: " +
                                                   tls_error_.message() + " (something may sit in between)"};
    }

    asio::awaitable<void> handshake() {
        auto [error] = co_await stream_->async_handshake(asio::ssl::stream_base::client, by_tuple);
        tls_error_ = error;
    }

    asio::awaitable<std::optional<trouble>> listen() {
        tls_error_ = {};
        co_await within(time_, alert_limit, read_something());
        co_return alert_trouble(tls_error_);
    }

    asio::awaitable<void> read_something() {
        char byte = 0;
        auto [error, size] = co_await stream_->async_read_some(asio::buffer(&byte, 1), by_tuple);
        tls_error_ = error;
    }

    const session_settings& settings_;
    time_source& time_;
    const place hop_;
    tcp::resolver resolver_;
    asio::ssl::context context_;
    std::optional<asio::ssl::stream<tcp::socket>> stream_;
    peer_check peer_;
    error_code lookup_error_;
    error_code tcp_error_;
    error_code tls_error_;
    std::string proxy_answer_;
};

/// The broker's own word, where it gave one (CONNACK).
std::optional<trouble> connack_trouble(int reason, const session_settings& settings) {
    const auto as = " as '" + settings.client_id + "'";
    switch (reason) {
        case 2:
        case 0x85:
            return trouble{"cloud-policy-denies",
                           "The cloud does not take the client id '" + settings.client_id + "'"};
        case 3:
        case 0x88:
        case 0x89:
            return trouble{"cloud-unreachable", "The cloud says that it is not available now"};
        case 4:
        case 5:
        case 0x86:
        case 0x87:
        case 0x8A:
            return trouble{"cloud-claim-refused",
                           "The cloud refuses the session: the claim certificate is not "
                           "active, or its policy does not allow connecting" +
                               as};
        case 0x97:
        case 0x9F:
            return trouble{"cloud-throttled", "The cloud takes no more connections at the moment"};
        default:
            return std::nullopt;
    }
}

}  // namespace

asio::awaitable<trouble> diagnose(const session_settings& settings, time_source& time, int reason,
                                  std::string said) {
    if (auto told = connack_trouble(reason, settings)) co_return std::move(*told);
    const auto executor = co_await asio::this_coro::executor;
    examination by_hand(executor, settings, time);
    auto found = co_await by_hand.run();
    if (found) co_return std::move(*found);
    trouble mute;
    mute.code = "cloud-claim-refused";
    mute.text =
        "The cloud takes the connection and ends it when the session begins: the claim certificate is "
        "not active, or its policy does not allow connecting as '" +
        settings.client_id + "' (" + printable(said) + ")";
    co_return mute;
}

}  // namespace fleetline::cloud
