// SPDX-License-Identifier: Apache-2.0
#include "cloud/checkup.hpp"

#include <boost/asio/this_coro.hpp>

#include "cloud/claim_keeper.hpp"
#include "cloud/examination.hpp"
#include "cloud/visit.hpp"
#include "core/within.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;

namespace {

constexpr auto soon = std::chrono::days{30};
constexpr milliseconds claim_limit{5'000};
using state = checkup_step::state;

class way {
  public:
    way(asio::any_io_executor executor, const session_settings& settings, time_source& time,
        const logger& log, const checkup_wishes& wishes, std::vector<checkup_step>& steps)
        : executor_(std::move(executor)),
          time_(time),
          log_(log),
          wishes_(wishes),
          steps_(steps),
          claim_(settings, time) {}

    asio::awaitable<void> go() {
        const bool has_claim = co_await check_claim();
        if (!has_claim) co_return;
        examination hand(executor_, claim_.ready(), time_);
        auto wrong = hand.set_up();
        if (failed("claim", wrong)) co_return;
        wrong = co_await hand.look_up();
        if (failed("name", wrong)) co_return;
        good("name", hand.first_hop().host + " can be looked up");
        wrong = co_await hand.connect();
        if (failed("port", wrong)) co_return;
        good("port", hand.first_hop().text() + " takes connections");
        wrong = co_await hand.pass_proxy();
        if (failed("proxy", wrong)) co_return;
        if (hand.first_hop().proxy) good("proxy", "lets the station out");
        wrong = co_await hand.shake_hands();
        if (failed("server", wrong)) co_return;
        good("server", hand.server());
        wrong = co_await hand.listen();
        if (failed("claim's welcome", wrong)) co_return;
        good("claim's welcome", "the cloud takes the claim certificate");
        if (!wishes_.sign_in) co_return;
        visit there(executor_, claim_.ready(), time_, log_, wishes_.stay, steps_);
        co_await there.run();
    }

  private:
    bool failed(const char* what, const std::optional<trouble>& wrong) {
        if (!wrong) return false;
        steps_.push_back({what, state::bad, wrong->code, wrong->text});
        return true;
    }
    void good(const char* what, std::string text) {
        steps_.push_back({what, state::good, {}, std::move(text)});
    }

    asio::awaitable<bool> check_claim() {
        const auto report = co_await claim_.prepare();
        if (failed("claim", report.wrong)) co_return false;
        if (!report.exposed.empty()) {
            const bool to_all = report.exposed.starts_with("anybody");
            steps_.push_back({"claim", to_all ? state::bad : state::doubtful, "cloud-claim-invalid",
                              "its key is not the station's alone: " + report.exposed});
            if (to_all) co_return true;  // what comes after does not hang on it
        }
        const auto left = report.not_after - time_.utc_now();
        const bool short_lived = claim_.ready().claim.source == claim_source::command;
        const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(left).count();
        const auto life = short_lived && minutes < 120 ? std::to_string(minutes) + " minutes"
                                                       : std::to_string(minutes / 1440) + " days";
        const bool ends = !short_lived && left < soon;
        steps_.push_back({"claim", ends ? state::doubtful : state::good, ends ? "cloud-claim-expired" : "",
                          "certificate " + report.certificate_id.substr(0, 12) + " is valid until " +
                              to_rfc3339(report.not_after).substr(0, short_lived ? 16 : 10) + ", " + life +
                              " more"});
        co_return true;
    }

    asio::any_io_executor executor_;
    time_source& time_;
    const logger& log_;
    const checkup_wishes& wishes_;
    std::vector<checkup_step>& steps_;
    claim_keeper claim_;
};

}  // namespace

asio::awaitable<void> check_up(session_settings settings, time_source& time, const logger& log,
                               checkup_wishes wishes, std::vector<checkup_step>& steps) {
    settings.claim.command_timeout = std::min(settings.claim.command_timeout, claim_limit);
    const auto executor = co_await asio::this_coro::executor;
    way there(executor, settings, time, log, wishes, steps);
    const bool ended = co_await within(time, wishes.limit, there.go());
    if (ended) co_return;
    steps.push_back({"the way to the cloud", state::bad, "cloud-no-answer",
                     "it took longer than " + std::to_string(wishes.limit.count() / 1000) +
                         " s: the check was given up here"});
}

}  // namespace fleetline::cloud
