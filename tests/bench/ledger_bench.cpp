// SPDX-License-Identifier: Apache-2.0
// Measures the ledger: builds one of N attempts with a real chain, then looks things up, exports, verifies,
// each in a process of its own, so that its peak memory is its own. Prints a JSON list of {"metric", "value",
// "unit"}.
//
// usage: bench_ledger [--attempts N] [--file PATH] [--keep]
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "ledger/reader.hpp"
#include "ledger_generator.hpp"
#include "report/columns.hpp"
#include "report/statistics.hpp"
#include "report/writer.hpp"

using namespace fleetline;
using bench::generator;

namespace {

using steady = std::chrono::steady_clock;

double seconds_since(steady::time_point began) {
    return std::chrono::duration<double>(steady::now() - began).count();
}

/// Lines of "metric value unit", as the phases hand them on.
class results {
  public:
    void add(const std::string& metric, double value, const std::string& unit) {
        std::array<char, 200> line{};
        std::snprintf(line.data(), line.size(), "ledger.%s %.6g %s\n", metric.c_str(), value, unit.c_str());
        std::cout << line.data() << std::flush;
    }
};

double peak_memory_mib() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) / 1024;
}

struct wanted {
    std::uint64_t attempts = 100'000;
    std::filesystem::path file = std::filesystem::temp_directory_path() / "fleetline-bench-ledger.db";
    bool keep = false;
    std::string phase;
    std::uint64_t boards = 0;
};

std::vector<double> times_of(int times, const std::function<void()>& what) {
    std::vector<double> took;
    for (int i = 0; i < times; ++i) {
        const auto began = steady::now();
        what();
        took.push_back(seconds_since(began) * 1000);
    }
    std::sort(took.begin(), took.end());
    return took;
}

void percentiles(results& out, const std::string& metric, int times, const std::function<void()>& what) {
    const auto took = times_of(times, what);
    out.add(metric + ".p50", took[took.size() / 2], "ms");
    out.add(metric + ".p99", took[took.size() * 99 / 100], "ms");
}

void must(bool holds) {
    if (!holds) throw std::runtime_error("a lookup found nothing");
}

void generate(const wanted& how, results& out) {
    ledger::options station;
    station.file = how.file;
    station.station = "bench";
    station.durable = false;
    ledger::writer to(station);
    // A group of the generator's is larger than a station's: it is to stay in memory until it is committed.
    to.rows().database().exec("PRAGMA cache_size = -24000; PRAGMA wal_autocheckpoint = 20000");
    generator made(to, how.attempts);
    const auto began = steady::now();
    const auto events = made.run();
    out.add("generate", static_cast<double>(events) / seconds_since(began), "events/s");
    out.add("events", static_cast<double>(events), "events");
    out.add("boards", static_cast<double>(made.boards()), "boards");
    out.add("size",
            static_cast<double>(std::filesystem::file_size(how.file)) / static_cast<double>(how.attempts),
            "bytes/attempt");
}

void look_up(const wanted& how, results& out) {
    const auto began = steady::now();
    const ledger::reader book(how.file);
    out.add("open", seconds_since(began) * 1000, "ms");
    std::mt19937_64 chance(2);
    const auto any = [&] { return generator::serial_of(chance() % how.boards); };
    std::vector<std::string> certificates;
    for (int i = 0; i < 500; ++i)
        if (const auto device = book.device(any()); device && !device->certificate_id.empty())
            certificates.push_back(device->certificate_id.substr(0, 12));
    percentiles(out, "lookup.serial", 2000, [&] { must(!book.find(any()).empty()); });
    percentiles(out, "lookup.thing", 2000, [&] { must(!book.find("meter-" + any()).empty()); });
    percentiles(out, "lookup.certificate", 2000,
                [&] { must(!book.find(certificates[chance() % certificates.size()]).empty()); });
    percentiles(out, "device", 1000, [&] { must(book.device(any()).has_value()); });
    percentiles(out, "newest_50", 200, [&] {
        ledger::filter some;
        some.limit = 50;
        book.attempts(some, [](const auto&) { return true; });
    });
}

void stats_of(const ledger::reader& book, const ledger::filter& wanted, const std::string& metric,
              results& out) {
    const auto began = steady::now();
    const auto found = report::collect(book, wanted, report::grouping::hour);
    out.add(metric, seconds_since(began) * 1000, "ms");
    out.add(metric + ".attempts", static_cast<double>(found.total.attempts()), "attempts");
}

void stats(const wanted& how, results& out) {
    const ledger::reader book(how.file);
    ledger::filter last;
    last.limit = 1;
    utc_time end{};
    book.attempts(last, [&end](const ledger::attempt_row& row) {
        end = *parse_rfc3339(row.started_at);
        return false;
    });
    ledger::filter day;
    day.since = end - std::chrono::hours{24};
    const auto whole = day;
    // A line's day, not the generator's: 16 slots at 5 s a board for 24 hours are 276,480 attempts.
    std::int64_t rows = 0;
    book.attempts(day, [&](const ledger::attempt_row& row) {
        if (++rows == 5760) day.since = parse_rfc3339(row.started_at).value();
        return rows < 5760;
    });
    stats_of(book, day, "stats.day", out);
    stats_of(book, whole, "stats.whole_day", out);
}

/// The same columns in SQLite's own shell, booleans and certificate_sha256 included.
const char* const same_columns =
    "SELECT a.attempt_id, station.name AS station, a.slot, a.serial, a.serial_source, a.product, "
    "a.work_order AS "
    "\"order\", a.operator_name AS operator, a.dialect, a.firmware_version, a.started_at, a.finished_at, "
    "a.duration_ms, a.outcome, a.failure_code, a.failure_step, a.thing_name, c.certificate_id, "
    "c.certificate_id AS "
    "certificate_sha256, c.not_after AS certificate_not_after, a.public_key_sha256, a.key_origin, a.proof, "
    "a.replaces "
    "AS replaces_certificate_id, a.template_name AS template, CASE a.clock_synchronised WHEN 0 THEN 'false' "
    "ELSE "
    "'true' END AS clock_synchronised, a.last_event AS event_seq, lower(hex(event.hash)) AS event_hash FROM "
    "attempt "
    "AS a JOIN station ON station.number = a.station LEFT JOIN certificate AS c ON c.number = a.certificate "
    "LEFT "
    "JOIN event ON event.seq = a.last_event ORDER BY a.number;";

double export_csv(const wanted& how, const std::filesystem::path& file) {
    const auto began = steady::now();
    const ledger::reader book(how.file);
    auto to = report::output::to_file(file);
    const auto writer = report::make_csv_writer(to);
    ledger::filter all;
    all.newest_first = false;
    book.attempts(all, [&](const ledger::attempt_row& row) {
        writer->row(row);
        return true;
    });
    writer->finish();
    to.commit();
    return seconds_since(began);
}

void exports(const wanted& how, results& out) {
    const auto ours = how.file.string() + ".ours.csv";
    const auto theirs = how.file.string() + ".sqlite.csv";
    const double mine = export_csv(how, ours);
    out.add("export.csv", static_cast<double>(how.attempts) / mine, "rows/s");
    out.add("export.csv.peak_memory", peak_memory_mib(), "MiB");
    {
        std::FILE* query = std::fopen((theirs + ".sql").c_str(), "w");
        std::fputs(same_columns, query);
        std::fclose(query);
    }
    const auto began = steady::now();
    const std::string line = "sqlite3 -readonly -csv -header " + how.file.string() + " < " + theirs +
                             ".sql > " + theirs + " && sync " + theirs;
    if (std::system(line.c_str()) != 0) throw std::runtime_error("sqlite3 failed");
    const double sqlite = seconds_since(began);
    out.add("export.sqlite3", static_cast<double>(how.attempts) / sqlite, "rows/s");
    out.add("export.times_sqlite3", sqlite / mine, "x");
    // Lines end as RFC 4180 has it; sqlite3's end with LF, or with CR LF, by its version.
    if (std::system(("sed 's/\\r*$/\\r/' " + theirs + " | cmp -s " + ours + " -").c_str()) != 0)
        out.add("export.differs", 1, "(the two files are not the same)");
    for (const auto& file : {ours, theirs, theirs + ".sql"}) std::filesystem::remove(file);
}

/// The formats with figures in front, which are of all attempts; the rows are the first hundred thousand.
void report_with_cover(const wanted& how, results& out) {
    const auto file = how.file.string() + '.' + how.phase;
    const auto began = steady::now();
    const ledger::reader book(how.file);
    ledger::filter some;
    some.newest_first = false;
    some.limit = 100'000;
    auto front = report::make_cover(book, "bench", some, system_time_source().utc_now());
    out.add(how.phase + ".figures", seconds_since(began), "s");
    auto to = report::output::to_file(file);
    const auto writer = how.phase == "pdf" ? report::make_pdf_writer(to, std::move(front))
                                           : report::make_xlsx_writer(to, std::move(front));
    const auto cover_made = steady::now();
    std::int64_t rows = 0;
    book.attempts(some, [&](const ledger::attempt_row& row) {
        writer->row(row);
        ++rows;
        return true;
    });
    writer->finish();
    to.commit();
    out.add(how.phase, static_cast<double>(rows) / seconds_since(cover_made), "rows/s");
    std::filesystem::remove(file);
}

/// The least that verify could do: one thread that reads every row of the table and hashes it.
double scan_and_hash(const wanted& how) {
    const auto began = steady::now();
    SQLite::Database database(how.file.string(), SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX);
    ledger::statement row(database,
                          "SELECT seq, recorded_at, kind, attempt, payload, previous_hash, hash, "
                          "clock_synchronised FROM event");
    ledger::chain_hasher hasher;
    std::int64_t events = 0, wrong = 0;
    for (; row.step(); ++events) {
        const auto hash = hasher({row.view(5), row.integer(0), "bench", row.view(1), row.integer(7) != 0,
                                  row.view(2), row.integer(3), row.view(4)});
        if (ledger::bytes_of(hash) != row.view(6)) ++wrong;
    }
    if (wrong != 0) throw std::runtime_error("an event does not have its hash");
    return static_cast<double>(events) / seconds_since(began);
}

void verify(const wanted& how, results& out) {
    const double least = scan_and_hash(how);  // this first: it also brings the file into memory
    const auto began = steady::now();
    const auto found = ledger::reader(how.file).verify();
    const double ours = static_cast<double>(found.events) / seconds_since(began);
    out.add("verify", ours, "events/s");
    out.add("verify.scan_and_hash", least, "events/s");
    out.add("verify.times_scan_and_hash", ours / least, "x");
    if (!found.problems.empty()) throw std::runtime_error(found.problems.front());
}

/// What a slot records of a board: that it passed, with what the station asks meanwhile; or that it was gone
/// at once, in three events that are all waited for.
enum class shape { passed, gone };

/// As the station does: before what it is about to do is on the disk, it does not do it.
bool is_waited_for(const ledger::event& what) {
    return std::holds_alternative<ledger::identified>(what) ||
           std::holds_alternative<ledger::issue_requested>(what) ||
           std::holds_alternative<ledger::registration_requested>(what) ||
           std::holds_alternative<ledger::delivery_started>(what) ||
           std::holds_alternative<ledger::attempt_finished>(what);
}

boost::asio::awaitable<void> passed_attempt(ledger::ledger& book, const attempt_id& id, std::uint64_t board,
                                            std::mt19937_64& chance) {
    const serial_number serial(generator::serial_of(board));
    for (auto& one : bench::attempt_of(id, serial.text(), board % 256 + 1, true,
                                       system_time_source().utc_now(), chance)) {
        const bool identified = std::holds_alternative<ledger::identified>(one);
        if (std::holds_alternative<ledger::attempt_finished>(one))
            book.store_transcript(id, std::string(2000, 'x'));
        if (is_waited_for(one))
            co_await book.append(std::move(one));
        else
            book.append_later(std::move(one));
        if (!identified) continue;
        co_await book.open_order(product_name("meter"));
        co_await book.device(serial);
    }
}

boost::asio::awaitable<void> gone_attempt(ledger::ledger& book, const attempt_id& id, std::uint64_t board) {
    ledger::attempt_started started;
    started.attempt = id;
    co_await book.append(std::move(started));
    ledger::identified who;
    who.attempt = id;
    who.serial = serial_number(generator::serial_of(board));
    const auto serial = who.serial;
    co_await book.append(std::move(who));
    co_await book.device(serial);
    book.store_transcript(id, std::string(2000, 'x'));
    ledger::attempt_finished ended;
    ended.attempt = id;
    ended.outcome = "failed";
    co_await book.append(std::move(ended));
}

/// One slot of many, with ids and serial numbers as a line's.
boost::asio::awaitable<void> slot_at_work(ledger::ledger& book, shape what, steady::time_point until,
                                          std::uint64_t& boards, std::int64_t& attempts) {
    static std::mt19937_64 chance(3);
    while (steady::now() < until) {
        const attempt_id id(make_unique_id(system_time_source().utc_now()));
        if (what == shape::passed)
            co_await passed_attempt(book, id, boards++, chance);
        else
            co_await gone_attempt(book, id, boards++);
        ++attempts;
    }
}

/// Attempts that slots got done, and in how long.
struct throughput {
    std::int64_t attempts = 0;
    double seconds = 0;

    throughput& operator+=(const throughput& more) {
        attempts += more.attempts;
        seconds += more.seconds;
        return *this;
    }
    double rate() const { return static_cast<double>(attempts) / seconds; }
};

throughput work_of(const std::filesystem::path& file, shape what, int slots, std::size_t commit_limit) {
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + ending);
    ledger::options how;
    how.file = file;
    how.station = "bench";
    how.commit_limit = commit_limit;
    boost::asio::io_context io{1};
    system_time_source time;
    const logger log{logger::target::nowhere};
    std::uint64_t boards = 0;
    throughput done;
    const auto began = steady::now();
    {
        ledger::ledger book(how, io.get_executor(), time, log);
        ledger::order_opened order;
        order.order = order_name("WO-1");
        order.product = product_name("meter");
        book.append_later(std::move(order));
        for (int slot = 0; slot < slots; ++slot)
            boost::asio::co_spawn(
                io, slot_at_work(book, what, began + std::chrono::seconds{2}, boards, done.attempts),
                [](const std::exception_ptr& why) {
                    if (why) std::rethrow_exception(why);
                });
        io.run();
    }
    done.seconds = seconds_since(began);  // with what is left to be written back
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + ending);
    return done;
}

/// The least that an event on the disk could take: its bytes appended to a file, and a sync. The mean, as
/// that of the slot is one.
double bare_append_ms(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0) throw std::runtime_error("cannot write " + file.string());
    const std::string event(400, 'x');
    const auto took = times_of(300, [&] {
        if (::write(descriptor, event.data(), event.size()) != static_cast<ssize_t>(event.size()) ||
            ::fdatasync(descriptor) != 0)
            throw std::runtime_error("cannot write " + file.string());
    });
    ::close(descriptor);
    std::filesystem::remove(file);
    double all = 0;
    for (const auto one : took) all += one;
    return all / static_cast<double>(took.size());
}

void group_commit(const wanted& how, results& out) {
    const std::filesystem::path file = how.file.string() + ".group";
    // By turns: a disk's mood changes within seconds.
    constexpr int rounds = 3;
    std::array<throughput, 2> alone, together;  // of each shape
    throughput one, one_alone;
    double bare = 0;
    for (int round = 0; round < rounds; ++round) {
        for (const auto what : {shape::passed, shape::gone}) {
            alone[static_cast<std::size_t>(what)] += work_of(file, what, 256, 1);
            together[static_cast<std::size_t>(what)] += work_of(file, what, 256, 512);
        }
        one += work_of(file, shape::gone, 1, 512);
        bare += bare_append_ms(file) / rounds;
        one_alone += work_of(file, shape::gone, 1, 1);
    }
    const auto event_ms = [](const throughput& of) { return 1000 / of.rate() / 3; };
    for (const auto& [what, name] :
         {std::pair{shape::passed, "commit"}, std::pair{shape::gone, "commit.gone"}}) {
        const auto& each = alone[static_cast<std::size_t>(what)];
        const auto& group = together[static_cast<std::size_t>(what)];
        out.add(name + std::string(".transaction_each"), each.rate(), "attempts/s");
        out.add(name + std::string(".together"), group.rate(), "attempts/s");
        out.add(name + std::string(".times"), group.rate() / each.rate(), "x");
    }
    out.add("commit.one_slot", event_ms(one), "ms/event");
    out.add("commit.one_slot.transaction_each", event_ms(one_alone), "ms/event");
    out.add("commit.bare_append", bare, "ms/event");
    out.add("commit.one_slot.times_bare_append", event_ms(one) / bare, "x");
}

struct phase {
    const char* name;
    void (*run)(const wanted&, results&);
};
constexpr std::array phases{
    phase{"generate", generate}, phase{"lookup", look_up},         phase{"stats", stats},
    phase{"export", exports},    phase{"xlsx", report_with_cover}, phase{"pdf", report_with_cover},
    phase{"verify", verify},     phase{"commit", group_commit}};

/// Runs a phase in a process of its own and hands its lines on.
void spawn(const phase& which, wanted& how, std::string& json) {
    const std::string line = std::filesystem::read_symlink("/proc/self/exe").string() + " --phase " +
                             which.name + " --file " + how.file.string() + " --attempts " +
                             std::to_string(how.attempts) + " --boards " + std::to_string(how.boards);
    std::FILE* from = ::popen(line.c_str(), "r");
    if (from == nullptr) throw std::runtime_error("cannot run " + line);
    std::array<char, 200> text{};
    std::array<char, 100> metric{};
    std::array<char, 60> unit{};
    std::array<char, 32> number{};
    double value = 0;
    while (std::fgets(text.data(), text.size(), from) != nullptr) {
        if (std::sscanf(text.data(), "%99s %lf %59[^\n]", metric.data(), &value, unit.data()) != 3) continue;
        std::fprintf(stderr, "%-44s %14.3f %s\n", metric.data(), value, unit.data());
        if (std::strcmp(metric.data(), "ledger.boards") == 0) how.boards = static_cast<std::uint64_t>(value);
        std::snprintf(number.data(), number.size(), "%.6g", value);
        json += std::string(json.empty() ? "" : ",\n ") + R"({"metric":")" + metric.data() + R"(","value":)" +
                number.data() + R"(,"unit":")" + unit.data() + "\"}";
    }
    if (::pclose(from) != 0) throw std::runtime_error(std::string(which.name) + " failed");
}

wanted read(int argc, char** argv) {
    wanted how;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const std::string value = i + 1 < argc ? argv[i + 1] : "";
        if (word == "--keep")
            how.keep = true;
        else if (word == "--attempts")
            how.attempts = std::stoull(value);
        else if (word == "--file")
            how.file = value;
        else if (word == "--phase")
            how.phase = value;
        else if (word == "--boards")
            how.boards = std::stoull(value);
    }
    return how;
}

}  // namespace

int main(int argc, char** argv) try {
    auto how = read(argc, argv);
    results out;
    for (const auto& one : phases) {
        if (how.phase != one.name) continue;
        one.run(how, out);
        out.add(how.phase + ".peak_memory", peak_memory_mib(), "MiB");
        return 0;
    }
    const auto remove = [&how] {
        for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(how.file.string() + ending);
    };
    remove();
    std::string json;
    for (const auto& one : phases) spawn(one, how, json);
    std::printf("[%s]\n", json.c_str());
    if (!how.keep) remove();
    return 0;
} catch (const std::exception& why) {
    std::cerr << "bench_ledger: " << why.what() << '\n';
    return 1;
}
