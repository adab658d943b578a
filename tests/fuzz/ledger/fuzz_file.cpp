// SPDX-License-Identifier: Apache-2.0
// A ledger file that was damaged, by chance or by somebody: every question is answered, or refused with a
// failure.
#include "core/failure.hpp"
#include "ledger/reader.hpp"
#include "scratch.hpp"

using namespace fleetline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = fuzz::scratch("ledger.db");
    for (const char* ending : {"-wal", "-shm"}) std::filesystem::remove(file.string() + ending);
    fuzz::write(file, fuzz::patched(fuzz::good_ledger(), data, size));
    try {
        const ledger::reader book(file);
        book.verify();
        book.attempts({}, [&book](const ledger::attempt_row& row) {
            book.events_of(row.attempt_id);
            book.transcript(row.attempt_id);
            return true;
        });
        book.devices({}, [](const auto&) { return true; });
        book.certificates({}, [](const auto&) { return true; });
        book.orders([](const auto&) { return true; });
        book.find("SN0001");
    } catch (const failure&) {
    }
    return 0;
}
