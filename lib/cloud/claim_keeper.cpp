// SPDX-License-Identifier: Apache-2.0
#include "cloud/claim_keeper.hpp"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cloud/command.hpp"
#include "core/encoding.hpp"
#include "x509/x509.hpp"

namespace fleetline::cloud {

namespace {

using json = nlohmann::json;

constexpr milliseconds ends_soon{30'000};

utc_time end_of(const json& claim) {
    const auto found = claim.find("expiration");
    if (found == claim.end()) return {};
    if (found->is_number()) {
        const auto seconds = found->get<double>();
        if (seconds < 0 || seconds > 4e9) return {};
        return utc_time{milliseconds{static_cast<std::int64_t>(seconds * 1000)}};
    }
    if (!found->is_string()) return {};
    const auto when = parse_rfc3339(found->get<std::string>());
    return when ? *when : utc_time{};
}

}  // namespace

/// A file without a name, 0600, that is never on a disk; kept from swap where the limit allows, and wiped.
class claim_keeper::memory_file {
  public:
    memory_file(const char* name, std::string_view text)
        : descriptor_(memfd_create(name, MFD_CLOEXEC)), size_(text.size()) {
        if (descriptor_ < 0 || fchmod(descriptor_, S_IRUSR | S_IWUSR) != 0) return;
        if (ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) return;
        void* const mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
        if (mapped == MAP_FAILED) return;
        content_ = static_cast<char*>(mapped);
        (void)mlock(content_, size_);
        text.copy(content_, size_);
    }
    ~memory_file() {
        if (content_ != nullptr) {
            explicit_bzero(content_, size_);
            munmap(content_, size_);
        }
        if (descriptor_ >= 0) close(descriptor_);
    }
    memory_file(const memory_file&) = delete;
    memory_file& operator=(const memory_file&) = delete;

    std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

  private:
    int descriptor_;
    std::size_t size_;
    char* content_ = nullptr;
};

claim_keeper::claim_keeper(const session_settings& settings, time_source& time)
    : time_(time), ready_(settings) {}

claim_keeper::~claim_keeper() = default;

boost::asio::awaitable<claim_report> claim_keeper::prepare() {
    claim_report report;
    const bool fetched = ready_.claim.source == claim_source::command && time_.utc_now() + ends_soon >= ends_;
    if (fetched) {
        report.wrong = co_await fetch();
        if (report.wrong) co_return report;
    }
    report = check_claim(ready_, time_.utc_now());
    if (fetched && report.wrong && report.wrong->code == "cloud-claim-expired") {
        // It has just been made.
        report.wrong->code = "station-clock-wrong";
        report.wrong->text += ": the clock is ahead, for the claim has just been fetched";
    }
    if (ready_.claim.source == claim_source::command) report.not_after = std::min(report.not_after, ends_);
    co_return report;
}

boost::asio::awaitable<std::optional<trouble>> claim_keeper::fetch() {
    const auto& claim = ready_.claim;
    auto result = co_await run_command(time_, claim.command, claim.command_timeout);
    if (!result.ended || result.status != 0) {
        co_return trouble{
            "cloud-claim-unavailable",
            "The command that fetches the claim failed" +
                (result.ended ? " with status " + std::to_string(result.status) : std::string{}) + ": " +
                printable(result.complaint)};
    }
    auto fetched = read_claim(result.output.reveal());
    if (!fetched) {
        co_return trouble{
            "cloud-claim-unavailable",
            "What the command that fetches the claim printed cannot be used: " + fetched.why_not()};
    }
    certificate_ = std::make_unique<memory_file>("claim-certificate", fetched->certificate_pem);
    key_ = std::make_unique<memory_file>("claim-key", fetched->key_pem.reveal());
    ready_.claim.certificate_file = certificate_->path();
    ready_.claim.key_file = key_->path();
    ends_ = fetched->ends;
    co_return std::nullopt;
}

checked<fetched_claim> read_claim(std::string_view text) {
    auto claim = json::parse(text, nullptr, false);
    if (!claim.is_object()) return reason{"it is not JSON"};
    const auto certificate = claim.find("certificatePem");
    if (certificate == claim.end() || !certificate->is_string()) return reason{"certificatePem is missing"};
    const auto pair = claim.find("keyPair");
    if (pair == claim.end() || !pair->is_object()) return reason{"keyPair is missing"};
    const auto key = pair->find("PrivateKey");
    if (key == pair->end() || !key->is_string()) return reason{"keyPair.PrivateKey is missing"};
    fetched_claim fetched;
    fetched.certificate_pem = certificate->get<std::string>();
    auto& key_text = key->get_ref<std::string&>();
    fetched.key_pem = secret(key_text);
    explicit_bzero(key_text.data(), key_text.size());
    fetched.ends = end_of(claim);
    if (fetched.ends == utc_time{}) {
        const auto parsed = x509::parse_certificate(fetched.certificate_pem);
        if (parsed) fetched.ends = parsed->not_after;
    }
    return fetched;
}

}  // namespace fleetline::cloud
