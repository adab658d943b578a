// SPDX-License-Identifier: Apache-2.0
#include "station/procedure.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "core/within.hpp"
#include "station/signed_parameters.hpp"
#include "station/texts.hpp"
#include "x509/x509.hpp"

namespace fleetline::station {

namespace asio = boost::asio;
using namespace boost::asio::experimental::awaitable_operators;

namespace {

constexpr milliseconds news_of_unplugging{100};  ///< takes no longer, from the hang-up to the watcher's word

bool blames_board(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const failure& what) {
        return what.code().starts_with("device-");
    } catch (...) {
        return false;
    }
}

}  // namespace

procedure::procedure(workshop& shop, attempt& current, const product_settings& product, serial_number label)
    : shop_(shop), attempt_(current), product_(product), label_(std::move(label)) {}

asio::awaitable<void> procedure::run(board& device, std::string usb_serial, std::shared_ptr<signal> gone) {
    is_back_ = device_ != nullptr;
    device_ = &device;
    usb_serial_ = std::move(usb_serial);
    gone_ = std::move(gone);
    if (is_back_) start_afresh();
    co_await identify();
    co_await admit();
    const resume_action action = co_await look_back();

    bool delivered = false;
    if (action == resume_action::prove_first) delivered = co_await holds_it_already();
    if (!delivered) {
        if (!recorded_) co_await obtain_certificate();
        if (!registered_) co_await register_thing();
        co_await deliver();
        co_await prove();
    }
    co_await finish();
}

/// What was heard of board and cloud before the board went away counts only as far as the ledger has it.
void procedure::start_afresh() {
    request_ = signing_request{};
    issued_ = issued_certificate{};
    credential_ = credential{};
    registration_ms_ = request_times{};
    recorded_ = registered_ = false;
}

/// The USB serial number may be the fixture's, so the board must say for itself that it is the same one.
void procedure::check_same_board(const serial_number& expected) {
    if (expected.empty() || serial_ == expected) return;
    met_another_ = true;
    const std::string who = serial_.empty() ? "one that does not tell" : printable(serial_.text(), 64);
    throw failure("port-gone", "Looking for the board again", "serial " + expected.text(),
                  "it was unplugged, and in its place is " + who);
}

asio::awaitable<void> procedure::identify() {
    attempt_.enter(step::identify);
    const serial_number before = serial_;
    identity_ = co_await with_board(device_->identify());
    // Whose number the USB descriptor tells, board's or USB chip's, only the product's settings know.
    own_serial_ = product_.source == serial_source::usb ? serial_number{usb_serial_}
                                                        : identity_.serial.value_or(serial_number{});
    serial_ = product_.source == serial_source::scan ? label_ : own_serial_;
    if (product_.source == serial_source::range) serial_ = co_await serial_of_range(before);
    check_same_board(before);
    ledger::identified event;
    event.attempt = attempt_.id();
    event.serial = serial_;
    event.serial_source = to_text(product_.source);
    event.dialect = identity_.dialect;
    event.firmware_version = identity_.firmware_version;
    co_await attempt_.record(std::move(event));
    attempt_.status().serial = serial_;
    attempt_.show_changed();
}

/// A board that has a number is known by its key; any other one gets the next, once in an attempt.
asio::awaitable<serial_number> procedure::serial_of_range(serial_number given) {
    const auto key = co_await with_board(device_->public_key());
    if (key) {
        auto known = co_await shop_.book.serial_of_key(product_.name, sha256_hex(*key));
        if (!known.empty()) co_return known;
    }
    if (!given.empty()) co_return serial_number{};  // in this attempt; whether to this board, nobody can tell
    stop_if_asked();
    place_ = co_await shop_.gate.reserve(product_);
    auto next = co_await attempt_.assign_serial(place_.order);
    if (shop_.number_given) co_await shop_.number_given();
    co_return next;
}

asio::awaitable<void> procedure::admit() {
    attempt_.enter(step::admit);
    stop_if_asked();
    check_label();
    if (seat_) {
        seat_.board_is_back(gone_);
        co_return;
    }
    seat_ = co_await shop_.gate.admit(product_, serial_, attempt_.status().slot, gone_);
    place_ = admission::place();
}

void procedure::check_label() const {
    if (label_.empty() || own_serial_.empty() || label_ == own_serial_) return;
    attempt_.status().label_serial = label_;
    attempt_.status().board_serial = own_serial_;
    throw failure("order-serial-mismatch", "Admitting the board", subject(),
                  "the label says " + printable(label_.text(), 64) + ", the board says " +
                      printable(own_serial_.text(), 64));
}

asio::awaitable<resume_action> procedure::look_back() {
    const auto record = co_await shop_.book.device(serial_);
    std::string key_sha256;
    if (needs_public_key(record, shop_.time.utc_now())) {
        const auto key = co_await with_board(device_->public_key());
        if (key) key_sha256 = sha256_hex(*key);
    }
    const resume_action action = decide(record, key_sha256, shop_.time.utc_now());
    if (action == resume_action::refuse_already_provisioned)
        throw failure("already-provisioned", "Admitting the board", subject(), passed_before(record));
    if (product_.failures_allowed > 0 && record.failures >= product_.failures_allowed)
        throw failure("order-retest-limit", "Admitting the board", subject(),
                      "it has failed " + std::to_string(record.failures) + " times, the product allows " +
                          std::to_string(product_.failures_allowed));

    ledger::admitted admitted;
    admitted.attempt = attempt_.id();
    admitted.serial = serial_;
    admitted.order = seat_.order;
    admitted.operator_name = attempt_.operator_name();
    admitted.template_name = product_.template_name;
    admitted.rework = action == resume_action::start_rework;
    // Once: a board that is back is the same rework, or none, as before.
    if (!std::exchange(admitted_, true)) co_await attempt_.note(std::move(admitted));
    const bool earlier = !record.attempt.empty() && (is_back_ || record.attempt != attempt_.id());
    if (earlier && record.reached != ledger::stage::none && record.reached != ledger::stage::passed) {
        ledger::resumed resumed;
        resumed.attempt = attempt_.id();
        resumed.from = record.attempt;
        resumed.stage = to_text(record.reached);
        resumed.action = to_text(action);
        co_await attempt_.note(std::move(resumed));
    }
    current_ = record.current_certificate;
    registrations_ = record.registrations;
    similar_serial_ = record.similar_serial_lately;
    issued_.id = record.certificate;
    switch (action) {
        case resume_action::start_over_after_lost_issue:
            issued_.id = certificate_id{};
            co_await set_aside("unaccounted",
                               "the answer to attempt " + record.attempt.text() + " never came");
            break;
        case resume_action::start_over_unaccounted:
            co_await set_aside("unaccounted", "never registered, and its token or key is no longer usable");
            break;
        case resume_action::start_over_orphaned:
            co_await set_aside("orphaned",
                               "the board no longer holds its key, or its token is no longer usable");
            break;
        case resume_action::register_again:
        case resume_action::deliver_recorded:
        case resume_action::prove_first:
            take_over(record);
            break;
        case resume_action::start_over:
        case resume_action::start_rework:
        case resume_action::refuse_already_provisioned:
            break;
    }
    // Durable before the board's key is replaced or the cloud is asked.
    co_await shop_.book.flush();
    co_return action;
}

void procedure::take_over(const ledger::device_record& record) {
    const auto certificate = x509::parse_certificate(record.certificate_pem);
    if (!certificate)
        throw failure("station-ledger-broken", "Taking over the recorded certificate", subject(),
                      certificate.why_not());
    recorded_ = true;
    registered_ = !record.thing.empty();
    issued_.id = record.certificate;
    issued_.pem = record.certificate_pem;
    issued_.der = certificate->der;
    issued_.not_after = certificate->not_after;
    issued_.ownership_token = record.ownership_token.clone();
    request_.public_key = certificate->public_key;
    credential_.thing = record.thing;
    credential_.device_configuration = record.device_configuration;
    attempt_.status().certificate = issued_.id;
    attempt_.status().thing = record.thing;
}

asio::awaitable<void> procedure::set_aside(std::string_view state, std::string why) {
    ledger::certificate_set_aside event;
    event.certificate = issued_.id;
    event.state = state;
    event.why = std::move(why);
    event.attempt = attempt_.id();
    co_await attempt_.note(std::move(event));
}

asio::awaitable<void> procedure::obtain_certificate() {
    stop_if_asked();
    co_await make_csr();
    co_await issue();
}

asio::awaitable<void> procedure::make_csr() {
    attempt_.enter(step::csr);
    ledger::csr_made event;
    event.attempt = attempt_.id();
    event.key_origin = to_text(device_->makes_key());
    request_ = signing_request{};
    if (!cloud_makes_key()) {
        request_ = co_await with_board(device_->make_csr(filled(product_.common_name)));
        event.csr_sha256 = sha256_hex(request_.der);
        event.public_key_sha256 = sha256_hex(request_.public_key);
    }
    co_await attempt_.note(std::move(event));
}

asio::awaitable<void> procedure::issue() {
    attempt_.enter(step::issue);
    const monotonic_time until = shop_.time.now() + product_.patience;
    for (;;) {
        co_await cloud_available(until);
        ledger::issue_requested asked;
        asked.attempt = attempt_.id();
        if (!cloud_makes_key()) asked.public_key_sha256 = sha256_hex(request_.public_key);
        co_await attempt_.record(std::move(asked));

        auto answer = co_await settle(ask_for_certificate());
        if (answer.value) {
            issued_ = std::move(*answer.value);
            token_expires_ = shop_.time.utc_now() + shop_.settings.token_lifetime;
            co_return;
        }
        // What was asked and never answered is noted by the session, through the observer.
        if (!is_connection_lost(answer.error)) std::rethrow_exception(answer.error);
    }
}

asio::awaitable<issued_certificate> procedure::ask_for_certificate() {
    if (!cloud_makes_key()) {
        certificate_request request{attempt_.id(),    attempt_.status().slot, serial_,
                                    request_.pem,     request_.public_key,    request_.subject,
                                    product_.patience};
        co_return co_await shop_.cloud.create_certificate(std::move(request));
    }
    keys_request wanted{attempt_.id(), attempt_.status().slot, serial_, product_.patience};
    auto made = co_await shop_.cloud.create_keys(std::move(wanted));
    request_.public_key = std::move(made.public_key);
    credential_.private_key_pem = std::move(made.private_key_pem);
    co_return std::move(made.certificate);
}

bool procedure::cloud_makes_key() const {
    return device_->makes_key() == key_origin::cloud;
}

asio::awaitable<void> procedure::register_thing() {
    attempt_.enter(step::register_thing);
    // Each answer is named before it is looked at: g++ 12 miscompiles a co_await inside a condition of this
    // shape.
    const bool done = co_await register_once();
    if (done) co_return;
    // The token is not good any more, perhaps because it was used: the session asks again by itself when no
    // answer comes, so that the certificate may be registered whatever was heard.
    co_await set_aside("orphaned", "its ownership token was refused");
    recorded_ = false;
    co_await obtain_certificate();
    attempt_.enter(step::register_thing);
    const bool done_now = co_await register_once();
    if (!done_now)
        throw failure("cloud-token-refused", "Registering the thing", subject(),
                      "the cloud refused the token of the certificate it had just issued");
}

asio::awaitable<bool> procedure::register_once() {
    if (!recorded_) {
        ledger::issued issued;
        issued.attempt = attempt_.id();
        issued.certificate = issued_.id;
        issued.certificate_pem = issued_.pem;
        issued.public_key_sha256 = sha256_hex(request_.public_key);
        issued.not_after = issued_.not_after;
        issued.ownership_token = issued_.ownership_token.clone();
        issued.token_expires = token_expires_;
        issued.request_ms = issued_.request_ms;
        co_await attempt_.note(std::move(issued));
        recorded_ = true;
    }
    co_await earlier_answers_over(registration());
    const monotonic_time until = shop_.time.now() + product_.patience;
    for (;;) {
        registration_request request = registration();
        co_await sign(request);
        ledger::registration_requested asked;
        asked.attempt = attempt_.id();
        asked.certificate = issued_.id;
        asked.template_name = product_.template_name;
        asked.parameters = request.parameters;
        co_await attempt_.record(std::move(asked));
        attempt_.status().certificate = issued_.id;

        auto answer = co_await settle(shop_.cloud.register_thing(std::move(request)));
        if (answer.value) {
            credential_.thing = std::move(answer.value->thing);
            credential_.device_configuration = std::move(answer.value->device_configuration);
            registration_ms_ = std::move(answer.value->request_ms);
            co_return true;
        }
        if (has_code(answer.error, "cloud-token-refused")) co_return false;
        if (!is_connection_lost(answer.error)) std::rethrow_exception(answer.error);
        // The same token again is safe: it names the same certificate.
        co_await cloud_available(until);
    }
}

asio::awaitable<bool> procedure::holds_it_already() {
    attempt_.enter(step::prove);
    auto shown = co_await settle(prove());
    if (shown.value) co_return true;
    if (!has_code(shown.error, "device-proof-failed")) std::rethrow_exception(shown.error);
    co_return false;
}

asio::awaitable<void> procedure::deliver() {
    attempt_.enter(step::deliver);
    if (!registered_) {
        ledger::registered registered;
        registered.attempt = attempt_.id();
        registered.certificate = issued_.id;
        registered.thing = credential_.thing;
        registered.device_configuration = credential_.device_configuration;
        registered.request_ms = registration_ms_;
        co_await attempt_.note(std::move(registered));
        registered_ = true;
    }
    ledger::delivery_started started;
    started.attempt = attempt_.id();
    started.certificate = issued_.id;
    co_await attempt_.record(std::move(started));
    attempt_.status().thing = credential_.thing;
    attempt_.show_changed();

    credential_.certificate_pem = issued_.pem;
    credential_.certificate_der = issued_.der;
    credential_.ca_pem = product_.board_ca_pem;
    credential_.endpoint = product_.board_endpoint;
    credential_.port = product_.board_port;
    credential_.public_key = request_.public_key;
    co_await with_board(device_->deliver(credential_));
    credential_.private_key_pem = secret();  // the board has it; nobody else needs it any more
    ledger::delivered delivered;
    delivered.attempt = attempt_.id();
    delivered.certificate = issued_.id;
    co_await attempt_.note(std::move(delivered));
}

asio::awaitable<void> procedure::prove() {
    attempt_.enter(step::prove);
    credential_.certificate_pem = issued_.pem;
    credential_.certificate_der = issued_.der;
    credential_.endpoint = product_.board_endpoint;
    credential_.port = product_.board_port;
    credential_.public_key = request_.public_key;
    ledger::proved proved;
    proved.attempt = attempt_.id();
    proved.certificate = issued_.id;
    proved.proof = to_text(co_await with_board(device_->prove(credential_)));
    co_await attempt_.note(std::move(proved));
}

asio::awaitable<void> procedure::finish() {
    attempt_.enter(step::finish);
    const auto done = co_await settle(with_board(device_->finish()));
    const bool left_as_told = done.error && device_->restarting() && has_code(done.error, "port-gone");
    if (done.error && !left_as_told) std::rethrow_exception(done.error);
    if (current_.empty() || current_ == issued_.id) co_return;
    ledger::certificate_set_aside superseded;
    superseded.certificate = current_;
    superseded.state = "superseded";
    superseded.why = "an authorised rework replaced it";
    superseded.attempt = attempt_.id();
    superseded.replaced_by = issued_.id;
    co_await attempt_.note(std::move(superseded));
}

asio::awaitable<void> procedure::cloud_available(monotonic_time until) {
    if (shop_.cloud.status().connected) co_return;
    attempt_.show(slot_state::waiting_for_cloud);
    auto first = co_await (settle(shop_.cloud.available()) || gone_->wait() || shop_.stopping.wait() ||
                           shop_.time.wait_until(until));
    if (first.index() == 1)
        throw failure("port-gone", "Waiting for the cloud", subject(), "the board was unplugged");
    if (first.index() == 2) stop_if_asked();
    if (first.index() == 3) {
        const auto cloud = shop_.cloud.status();
        throw failure(cloud.trouble_code.empty() ? "cloud-unreachable" : cloud.trouble_code,
                      "Waiting for the cloud", subject(),
                      cloud.trouble.empty() ? "it did not come back in time" : cloud.trouble);
    }
    if (std::get<0>(first).error) std::rethrow_exception(std::get<0>(first).error);
    attempt_.show(slot_state::working);
}

template <class T>
asio::awaitable<T> procedure::with_board(asio::awaitable<T> step) {
    const auto left = [this] {
        return failure("port-gone", "Talking to the board", subject(), "it was unplugged");
    };
    if (gone_->is_set()) throw left();
    auto first = co_await (settle(std::move(step)) || gone_->wait());
    if (first.index() == 1) throw left();
    auto& result = std::get<0>(first);
    if (result.error && blames_board(result.error)) {
        // A terminal that hangs up in the middle of a read may yield old bytes, and the news of it comes
        // after.
        auto late = co_await (gone_->wait() || shop_.time.wait_for(news_of_unplugging));
        if (late.index() == 0) throw left();
    }
    if (result.error) std::rethrow_exception(result.error);
    if constexpr (!std::is_void_v<T>) co_return std::move(*result.value);
}

void procedure::stop_if_asked() const {
    if (shop_.stopping.is_set())
        throw failure("station-stopping", "Working on the board", subject(), "the station is being stopped");
}

std::string procedure::subject() const {
    return serial_.empty() ? std::string() : "serial " + serial_.text();
}

std::string procedure::filled(std::string_view pattern) const {
    return fill(pattern, {{"serial", serial_.text()},
                          {"order", seat_.order.text()},
                          {"station", shop_.settings.id},
                          {"slot", attempt_.status().slot.text()},
                          {"product", product_.name.text()}});
}

/// Before anything is recorded or sent, so that board and station may leave meanwhile.
asio::awaitable<void> procedure::earlier_answers_over(registration_request request) {
    const monotonic_time from = shop_.cloud.registrable_from(request);
    if (from <= shop_.time.now()) co_return;
    attempt_.show(slot_state::waiting_for_cloud);
    auto first = co_await (shop_.time.wait_until(from) || gone_->wait() || shop_.stopping.wait());
    if (first.index() == 1)
        throw failure("port-gone", "Waiting until no answer about its earlier certificate can come",
                      subject(), "the board was unplugged");
    stop_if_asked();
    attempt_.show(slot_state::working);
}

registration_request procedure::registration() const {
    registration_request request;
    request.attempt = attempt_.id();
    request.slot = attempt_.status().slot;
    request.serial = serial_;
    request.certificate = issued_.id;
    request.ownership_token = issued_.ownership_token.clone();
    request.template_name = product_.template_name;
    for (const auto& [name, pattern] : product_.parameters) request.parameters[name] = filled(pattern);
    if (!product_.thing_pattern.empty()) request.expected_thing = thing_name{filled(product_.thing_pattern)};
    request.serial_echo_key = product_.serial_echo;
    request.patience = product_.patience;
    request.certificate_echo_key = product_.certificate_echo;
    const bool known_by_part = product_.thing_pattern.empty() && product_.serial_echo.empty();
    request.registered_otherwise = (known_by_part && similar_serial_) ||
                                   std::any_of(registrations_.begin(), registrations_.end(),
                                               [this](const auto& other) { return other != issued_.id; });
    return request;
}

asio::awaitable<void> procedure::sign(registration_request& request) const {
    if (!product_.station_signed) co_return;
    registration_statement what{issued_.id, serial_, seat_.order, shop_.settings.id, shop_.time.utc_now()};
    const auto signed_ones = co_await signed_parameters(shop_.settings.sign, std::move(what));
    for (const auto& [name, value] : signed_ones) request.parameters[name] = value;
}

}  // namespace fleetline::station
