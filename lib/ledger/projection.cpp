// SPDX-License-Identifier: Apache-2.0
#include "ledger/projection.hpp"

#include "core/serial_range.hpp"
#include "ledger/event_codec.hpp"

namespace fleetline::ledger {

namespace {

class projector {
  public:
    projector(const place& at, book& books) : at_(at), books_(books) {}

    void operator()(const station_started&) {}
    void operator()(const station_stopped&) {}

    void operator()(const attempt_started& e) {
        if (e.attempt.empty()) throw impossible_event("an attempt without an id");
        auto& a = books_.add_attempt(at_.seq, e.attempt.text());
        a.station = at_.station;
        a.slot = e.slot.text();
        a.port = e.port;
        a.product = e.product.text();
        a.operator_name = e.operator_name;
        a.started_at = at_.recorded_at;
        a.clock_synchronised = at_.clock_synchronised;
        a.last_event = at_.seq;
    }

    void operator()(const identified& e) {
        auto& a = attempt();
        a.serial = e.serial.text();
        a.serial_source = e.serial_source;
        a.dialect = e.dialect;
        a.firmware_version = e.firmware_version;
        if (a.reached == stage::none) a.reached = stage::identified;
    }

    void operator()(const admitted& e) {
        auto& a = attempt();
        if (!e.serial.empty()) a.serial = e.serial.text();
        a.work_order = e.order.text();
        if (!e.operator_name.empty()) a.operator_name = e.operator_name;
        a.template_name = e.template_name;
        a.rework = e.rework;
    }

    void operator()(const serial_assigned& e) {
        if (e.serial.empty()) throw impossible_event("no serial number was assigned");
        auto& a = attempt();
        a.serial = e.serial.text();
        a.serial_source = "range";
        auto& o = order(e.order);
        o.last_assigned = a.serial;
        o.last_event = at_.seq;
    }

    void operator()(const resumed& e) {
        auto& a = attempt();
        const auto* from = books_.look_at_attempt(books_.attempt_number(e.from.text()));
        if (from == nullptr) throw impossible_event("it resumes an attempt that is not recorded");
        if (e.action == "start-over") return;
        a.key_origin = from->key_origin;
        a.public_key_sha256 = from->public_key_sha256;
    }

    void operator()(const csr_made& e) {
        auto& a = attempt();
        a.key_origin = e.key_origin;
        a.public_key_sha256 = e.public_key_sha256;
        a.certificate = 0;
        a.thing_name.clear();
        a.reached = stage::csr_made;
        void_others(a, "the board made a new key");
    }

    void operator()(const issue_requested&) { attempt().reached = stage::issue_requested; }

    void operator()(const issued& e) {
        auto& a = attempt();
        if (e.certificate.empty()) throw impossible_event("a certificate without an id");
        if (books_.has_certificate(e.certificate.text()))
            throw impossible_event("this certificate is recorded already");
        void_others(a, "a newer certificate was issued");
        auto& c = books_.add_certificate(at_.seq, e.certificate.text(), a.serial);
        c.attempt = at_.attempt;
        c.public_key_sha256 = e.public_key_sha256;
        c.issued_at = at_.recorded_at;
        if (e.not_after != utc_time{}) c.not_after = to_rfc3339(e.not_after);
        c.state = "issued";
        c.state_event = at_.seq;
        a.certificate = at_.seq;
        a.reached = stage::issued;
        if (!e.public_key_sha256.empty()) a.public_key_sha256 = e.public_key_sha256;
    }

    void operator()(const registration_requested& e) {
        auto& a = attempt();
        auto& c = work_on(a, e.certificate);
        if (!e.template_name.empty()) a.template_name = e.template_name;
        a.reached = stage::registration_requested;
        if (c.state == "issued") move(c, "requested");
    }

    void operator()(const registered& e) {
        auto& a = attempt();
        auto& c = work_on(a, e.certificate);
        move(c, "registered");
        c.thing_name = e.thing.text();
        c.registration = at_.seq;
        books_.drop_token(c.number);
        a.thing_name = c.thing_name;
        a.reached = stage::registered;
    }

    void operator()(const delivery_started& e) {
        auto& a = attempt();
        work_on(a, e.certificate);
        a.reached = stage::delivery_started;
    }

    void operator()(const delivered& e) {
        auto& a = attempt();
        move(work_on(a, e.certificate), "delivered");
        a.reached = stage::delivered;
    }

    void operator()(const proved& e) {
        auto& a = attempt();
        move(work_on(a, e.certificate), "proved");
        a.proof = e.proof;
        a.reached = stage::proved;
    }

    void operator()(const attempt_finished& e) {
        auto& a = attempt();
        a.outcome = e.outcome;
        a.failure_code = e.failure_code;
        a.failure_step = e.failure_step;
        a.failure_text = e.failure_text;
        a.finished_at = at_.recorded_at;
        a.duration_ms = e.duration_ms;
        a.step_ms = steps_to_json(e.step_ms);
        if (e.outcome == "passed")
            pass(a);
        else if (e.outcome != "failed" && e.outcome != "refused" && e.outcome != "abandoned")
            throw impossible_event("an outcome called '" + e.outcome + "'");
    }

    void operator()(const certificate_set_aside& e) {
        if (e.state != "unaccounted" && e.state != "orphaned" && e.state != "superseded")
            throw impossible_event("a certificate set aside as '" + e.state + "'");
        const auto* a = books_.look_at_attempt(at_.attempt);
        if (a != nullptr && a->open()) book_lost_answer(attempt(), e);
        auto* c = e.certificate.empty() ? nullptr : books_.certificate(e.certificate.text());
        if (c == nullptr) {
            c = &books_.add_certificate(at_.seq, e.certificate.text(),
                                        a != nullptr ? a->serial : std::string());
            c->attempt = at_.attempt;
            c->issued_at = at_.recorded_at;
        } else if (e.state == "unaccounted" && c->state != "issued" && c->state != "requested")
            throw impossible_event("the certificate is " + c->state + ", so it cannot be unaccounted for");
        if (c->state != "revoked") set_aside(*c, e.state, e.why, e.replaced_by.text());
        if (!e.replaced_by.empty()) replaces(e.replaced_by.text(), e.certificate.text());
    }

    void operator()(const registration_unaccounted&) {}

    void operator()(const rework_authorised& e) {
        if (e.serial.empty()) throw impossible_event("a rework of no serial number");
        books_.add_rework({at_.seq, e.serial.text(), e.reason, e.by, at_.recorded_at});
    }

    void operator()(const order_opened& e) {
        if (e.order.empty()) throw impossible_event("an order without a name");
        auto* known = books_.order(e.order.text());
        auto& o = known != nullptr ? *known : books_.add_order(e.order.text());
        o.product = e.product.text();
        o.quota = e.quota;
        o.allow_list = e.allow_list;
        o.opened_at = at_.recorded_at;
        o.opened_by = e.by;
        o.first_serial = e.first_serial;
        o.last_serial = e.last_serial;
        // Opened again with the same numbers, or more of them, it goes on where it was.
        const auto range = serial_range::between(e.first_serial, e.last_serial);
        if (!range || !range->holds(o.last_assigned)) o.last_assigned.clear();
        o.closed_at.clear();
        o.closed_by.clear();
        o.last_event = at_.seq;
    }

    void operator()(const order_serials_imported& e) { order(e.order).last_event = at_.seq; }

    void operator()(const order_closed& e) {
        auto& o = order(e.order);
        o.closed_at = at_.recorded_at;
        o.closed_by = e.by;
        o.last_event = at_.seq;
    }

    void operator()(const certificate_revoked& e) {
        auto* c = books_.certificate(e.certificate.text());
        if (c == nullptr) throw impossible_event("this certificate is not recorded");
        move(*c, "revoked");
        c->revoked_at = at_.recorded_at;
        c->revoked_by = e.by;
        c->revoked_note = e.note;
        books_.drop_token(c->number);
    }

  private:
    attempt_state& attempt() {
        auto* a = books_.attempt(at_.attempt);
        if (a == nullptr) throw impossible_event("its attempt has not begun");
        if (!a->open()) throw impossible_event("its attempt has ended");
        a->last_event = at_.seq;
        a->clock_synchronised = a->clock_synchronised && at_.clock_synchronised;
        return *a;
    }

    order_state& order(const order_name& name) {
        auto* o = books_.order(name.text());
        if (o == nullptr) throw impossible_event("the order is not recorded");
        return *o;
    }

    /// The certificate that the attempt goes on with: its own, or one an earlier attempt left behind.
    certificate_state& work_on(attempt_state& a, const certificate_id& id) {
        auto* c = books_.certificate(id.text());
        if (c == nullptr) throw impossible_event("the certificate is not recorded");
        if (!a.serial.empty() && !c->serial.empty() && a.serial != c->serial)
            throw impossible_event("the certificate is another board's");
        a.certificate = c->number;
        a.thing_name = c->thing_name;
        return *c;
    }

    void move(certificate_state& c, const char* state) {
        auto& changed = books_.change(c);
        changed.state = state;
        changed.state_event = at_.seq;
    }

    void set_aside(certificate_state& c, const std::string& state, const std::string& why,
                   const std::string& replaced_by) {
        move(c, state.c_str());
        if (!why.empty()) c.why = why;
        if (!replaced_by.empty()) c.replaced_by = replaced_by;
        books_.drop_token(c.number);
    }

    /// An answer whose certificate is not known: from here on the board's key is all there is, and the next
    /// plug must not book it again.
    static void book_lost_answer(attempt_state& a, const certificate_set_aside& e) {
        if (e.certificate.empty() && a.reached < stage::issued) a.reached = stage::csr_made;
    }

    /// A new key makes what earlier certificates of the serial stand for impossible to deliver.
    void void_others(attempt_state& a, const char* why) {
        for (auto* c : books_.certificates_of(a.serial)) {
            if (!c->under_way()) continue;
            const bool perhaps_registered = c->state != "issued";
            set_aside(*c, perhaps_registered ? "orphaned" : "unaccounted", why, {});
            if (perhaps_registered) a.replaces = c->certificate_id;
        }
    }

    void pass(attempt_state& a) {
        auto* mine = books_.certificate(a.certificate);
        if (mine == nullptr || (!mine->under_way() && mine->state != "current"))
            throw impossible_event("it passed without a certificate");
        for (auto* c : books_.certificates_of(a.serial)) {
            if (c == mine || c->state != "current") continue;
            set_aside(*c, "superseded", "a rework replaced it", mine->certificate_id);
            a.replaces = c->certificate_id;
        }
        move(*mine, "current");
        a.reached = stage::passed;
        auto* o = a.work_order.empty() ? nullptr : books_.order(a.work_order);
        if (o != nullptr && !books_.passed_before(a.serial, a.number, at_.seq)) {
            ++o->passed;
            o->last_event = at_.seq;
        }
        books_.note_pass(a.serial);
    }

    void replaces(const std::string& newer, const std::string& older) {
        const auto* c = books_.certificate(newer);
        const auto* a = c == nullptr ? nullptr : books_.look_at_attempt(c->attempt);
        if (a != nullptr && a->open()) books_.attempt(a->number)->replaces = older;
    }

    const place& at_;
    book& books_;
};

}  // namespace

void refuse_second_answer(const event& what, book& books) {
    const auto* aside = std::get_if<certificate_set_aside>(&what);
    if (aside == nullptr || aside->certificate.empty() || aside->certificate_pem.empty()) return;
    if (books.has_certificate(aside->certificate.text()))
        throw impossible_event("the certificate is recorded already");
}

void apply(const place& at, const event& what, book& books) {
    std::visit(projector(at, books), what);
}

}  // namespace fleetline::ledger
