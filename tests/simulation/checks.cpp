// SPDX-License-Identifier: Apache-2.0
#include "checks.hpp"

#include <algorithm>
#include <vector>

#include "ledger/reader.hpp"

namespace fleetline::simulation {

namespace {

class books {
  public:
    books(const ledger::reader& file, story& told) : file_(file), story_(told) {
        file_.certificates({}, [this](const auto& row) {
            if (row.certificate_id.empty())
                ++lost_[row.serial];
            else
                certificates_[row.certificate_id] = row;
            return true;
        });
    }

    void chain() {
        for (const auto& problem : file_.verify().problems) story_.violation("I4: " + problem);
        file_.attempts({}, [this](const auto& row) {
            if (row.outcome.empty()) story_.violation("I5: attempt " + row.attempt_id + " has no outcome");
            return true;
        });
    }

    /// Certificates issued = delivered + listed with a reason.
    void certificates(const std::map<std::string, cloud::certificate>& handed_out, const witness& watching) {
        for (const auto& [serial, count] : watching.forgiven()) lost_[serial] += count;
        std::map<std::string, std::int64_t> unknown;
        for (const auto& [id, made] : handed_out) {
            const auto found = certificates_.find(id);
            if (found != certificates_.end()) {
                one(made, found->second);
                continue;
            }
            ++unknown[made.serial];
            if (made.registered)
                story_.violation("books: " + name(id, made) + " is registered and not recorded");
            if (made.answered_in_calm)
                story_.violation("books: " + name(id, made) + " came when all was well, and is not recorded");
            // Of one that nobody asked for there is only the answer, and a station that dies with it in hand
            // leaves nothing that could tell of it.
            if (made.answered && made.serial == "nobody" && !watching.unwritten().contains(id))
                story_.violation("books: " + name(id, made) + " was handed out and is not recorded");
        }
        for (const auto& [serial, count] : unknown)
            if (serial != "nobody" && count > lost_[serial])
                story_.violation("books: " + std::to_string(count) + " certificates of " + serial +
                                 " are not recorded, and " + std::to_string(lost_[serial]) +
                                 " are said to be lost");
        for (const auto& [id, row] : certificates_)
            if (!handed_out.contains(id))
                story_.violation("books: " + short_id(id) + " was never handed out");
    }

    /// One serial has at most one current certificate (invariant I6), and it is the board's.
    void boards(const std::map<std::string, std::string>& held) {
        std::set<std::string> serials;
        for (const auto& [id, row] : certificates_) {
            if (row.state != "current") continue;
            if (!serials.insert(row.serial).second)
                story_.violation("I6: " + row.serial + " has two current certificates");
        }
        for (const auto& [id, serial] : held) {
            const auto found = certificates_.find(id);
            if (found == certificates_.end()) continue;  // an empty board
            if (found->second.serial != serial)
                story_.violation("I1: " + serial + " holds " + short_id(id) + " of " + found->second.serial);
        }
    }

    void orders(const std::map<std::string, order_model>& models) {
        std::map<std::string, std::set<std::string>> passed;
        std::set<std::string> earlier;
        ledger::filter all;
        all.newest_first = false;
        std::vector<ledger::attempt_row> ended;
        file_.attempts(all, [&](const auto& row) {
            if (row.outcome == "passed") ended.push_back(row);
            const auto model = models.find(row.order);
            if (model != models.end() && model->second.allow_list &&
                !model->second.serials.contains(row.serial))
                story_.violation("order " + row.order + " took " + row.serial + ", which is not on its list");
            return true;
        });
        std::sort(ended.begin(), ended.end(),
                  [](const auto& a, const auto& b) { return a.event_seq < b.event_seq; });
        for (const auto& row : ended)
            if (earlier.insert(row.serial).second) passed[row.order].insert(row.serial);
        for (const auto& [order, model] : models)
            if (model.quota > 0 && static_cast<std::int64_t>(passed[order].size()) > model.quota)
                story_.violation("order " + order + " has " + std::to_string(passed[order].size()) +
                                 " boards of " + std::to_string(model.quota));
    }

  private:
    static std::string name(const std::string& id, const cloud::certificate& made) {
        return "certificate " + short_id(id) + " of " + made.serial;
    }

    void one(const cloud::certificate& made, const ledger::certificate_row& row) {
        const auto about = name(row.certificate_id, made) + " (" + row.state + ", " + row.why + ")";
        const bool aside = row.state == "unaccounted" || row.state == "orphaned" || row.state == "superseded";
        if (!aside && row.state != "current")
            story_.violation("books: " + about + " is neither held nor listed");
        if (aside && row.why.empty()) story_.violation("books: " + about + " is listed without a reason");
        if (made.registered && row.state == "unaccounted")
            story_.violation("books: " + about + " is registered, and nobody is told to revoke it");
        // Whose a late answer was, a station that has started since cannot know.
        const bool from_before = row.state == "unaccounted" && row.serial.empty();
        if (made.serial != "nobody" && row.serial != made.serial && !from_before)
            story_.violation("I1: " + about + " is recorded for '" + row.serial + "'");
        if (row.state == "current" && row.thing_name != made.thing)
            story_.violation("I1: " + about + " is recorded as " + row.thing_name + ", registered as " +
                             made.thing);
    }

    const ledger::reader& file_;
    story& story_;
    std::map<std::string, ledger::certificate_row> certificates_;
    std::map<std::string, std::int64_t> lost_;  ///< answers that never came, by serial
};

}  // namespace

void check_books(const ledger::reader& from, const std::map<std::string, cloud::certificate>& handed_out,
                 const std::map<std::string, std::string>& held,
                 const std::map<std::string, order_model>& orders, const witness& watching, story& told) {
    books all(from, told);
    all.chain();
    all.certificates(handed_out, watching);
    all.boards(held);
    all.orders(orders);
}

}  // namespace fleetline::simulation
