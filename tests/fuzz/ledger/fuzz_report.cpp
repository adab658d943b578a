// SPDX-License-Identifier: Apache-2.0
// A report and its signature, both a stranger's, held against a good ledger. Input: report, a zero byte,
// signature.
#include <algorithm>
#include <system_error>

#include "core/failure.hpp"
#include "desk.hpp"
#include "ledger/checkpoint.hpp"
#include "report/check.hpp"
#include "report/signed_report.hpp"

using namespace fleetline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto ledger = [] {
        auto file = fuzz::scratch("good.db");
        fuzz::write(file, fuzz::good_ledger());
        return file;
    }();
    static const ledger::reader book(ledger);
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const auto split = std::min(bytes.find('\0'), bytes.size());
    const auto file = fuzz::scratch("report");
    fuzz::write(file, bytes.substr(0, split));
    fuzz::write(report::signature_file(file), bytes.substr(std::min(split + 1, bytes.size())));
    try {
        report::check_against(book, file);
        ledger::checkpoint_from(bytes);
        report::manifest_from(bytes);
    } catch (const failure&) {
    } catch (const std::system_error&) {
    }
    return 0;
}
