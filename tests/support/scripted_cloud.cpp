// SPDX-License-Identifier: Apache-2.0
#include "support/scripted_cloud.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "x509/x509.hpp"

namespace fleetline::test {

namespace asio = boost::asio;

station::issuer_status scripted_cloud::status() const {
    station::issuer_status now;
    now.connected = up.is_set();
    if (!now.connected) {
        now.trouble_code = "cloud-unreachable";
        now.trouble = "the test took it away";
    }
    return now;
}

asio::awaitable<void> scripted_cloud::available() {
    co_await up.wait();
}

void scripted_cloud::obey(const std::string& step, bool carried_out) {
    auto& wishes = fails[step];
    if (wishes.empty() || wishes.front().carried_out != carried_out) return;
    const std::string code = wishes.front().code;
    wishes.erase(wishes.begin());
    throw station::request_failure(failure(code, "Scripted", step, "as the test wished"), request_ms);
}

asio::awaitable<station::issued_certificate> scripted_cloud::create_certificate(
    station::certificate_request request) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    ++issue_calls;
    patience.push_back(request.patience);
    co_await answers.wait();
    obey("issue", false);
    station::issued_certificate answer;
    answer.pem = ca_.issue(request.csr_pem);
    const auto parsed = x509::parse_certificate(answer.pem).value();
    answer.id = certificate_id{parsed.sha256};
    answer.der = parsed.der;
    answer.not_after = parsed.not_after;
    const std::string token = "token-" + std::to_string(issue_calls);
    answer.ownership_token = secret(token);
    certificates[parsed.sha256] = {request.serial.text(), "", token, {}};
    obey("issue", true);
    co_return answer;
}

asio::awaitable<station::issued_keys> scripted_cloud::create_keys(station::keys_request request) {
    station::issued_keys answer;
    answer.private_key_pem = x509::make_private_key();
    const auto made = x509::make_csr(answer.private_key_pem, "AWS IoT Certificate").value();
    answer.public_key = made.public_key;
    station::certificate_request as_csr{request.attempt, request.slot, request.serial,  made.pem,
                                        made.public_key, made.subject, request.patience};
    answer.certificate = co_await create_certificate(std::move(as_csr));
    co_return answer;
}

monotonic_time scripted_cloud::registrable_from(const station::registration_request& request) const {
    return request.registered_otherwise ? others_until : monotonic_time{};
}

asio::awaitable<station::registration> scripted_cloud::register_thing(station::registration_request request) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    ++register_calls;
    patience.push_back(request.patience);
    co_await answers.wait();
    obey("register", false);
    auto& entry = certificates.at(request.certificate.text());
    if (entry.token != request.ownership_token.reveal())
        throw failure("cloud-token-refused", "Scripted", "register", "not this certificate's token");
    entry.thing = "thing-" + request.serial.text();
    entry.parameters = request.parameters;
    station::registration answer;
    answer.thing = thing_name{entry.thing};
    answer.device_configuration["serialNumber"] = request.serial.text();
    obey("register", true);
    co_return answer;
}

}  // namespace fleetline::test
