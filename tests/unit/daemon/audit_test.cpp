// SPDX-License-Identifier: Apache-2.0
// What leaves the building and comes back: signed reports as OpenSSL sees them, heads kept elsewhere,
// backups, and certificates that somebody has revoked. The real program.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "ledger/reader.hpp"
#include "ledger/station_key.hpp"
#include "station_directory.hpp"
#include "support/shell.hpp"

using namespace fleetline;
using namespace fleetline::test;

namespace {

const std::string program = FLEETLINE_BIN_DIR "/fleetline";

std::string readme_line() {
    auto line =
        shell("sed -n 's/^ *\\$ \\(openssl cms -verify .*\\)/\\1/p' " FLEETLINE_SOURCE_DIR "/README.md").text;
    REQUIRE(line.ends_with(".station.pem -out /dev/null\n"));
    line.pop_back();
    return line;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

struct audited_station : station_directory {
    audited_station() {
        after_a_day();
        const ledger::station_key made(path, "line-3", *parse_rfc3339("2026-11-24T05:58:00Z"));
    }

    said ask(const std::string& arguments) const {
        return shell(program + " --config " + config() + ' ' + arguments + " 2>&1");
    }
    std::string file(const std::string& name) const { return (path / name).string(); }

    void keeps_heads_elsewhere() const {
        std::string text = configuration;
        const std::string section = "[ledger]\n";
        text.insert(text.find(section) + section.size(), "checkpoint_file = \"elsewhere\"\n");
        std::ofstream{config()} << text;
    }

    /// To README's line.
    said openssl_says(const std::string& report) const {
        return shell("cd " + path.string() + "; " + replaced(readme_line(), "r.csv", report) + " 2>&1");
    }
};

void append(const std::string& file, const std::string& text) {
    std::ofstream{file, std::ios::app | std::ios::binary} << text;
}

bool has(const said& answer, const std::string& words) {
    return answer.text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a signed report of any format is verified with OpenSSL alone, and by audit verify",
          "[daemon][audit]") {
    const std::string format = GENERATE("csv", "jsonl", "xlsx", "pdf");
    const audited_station station;
    const std::string name = "report." + format;
    const auto made =
        station.ask("report --sign --include-failed --order WO-17 --since 2026-11-24 --format " + format +
                    " -o " + station.file(name));
    INFO(made.text);
    REQUIRE(made.status == 0);

    const auto openssl = station.openssl_says(name);
    CHECK(openssl.status == 0);
    CHECK(has(openssl, "CMS Verification successful"));
    const auto shown =
        shell("openssl cms -cmsout -print -noout -inform DER -in " + station.file(name) + ".p7s 2>&1");
    CHECK(has(
        shown,
        R"("filter":{"since":"2026-11-24T00:00:00.000Z","until":"","product":"","order":"WO-17","outcome":""})"));
    CHECK(has(shown, R"("rows":7,"checkpoint":{)"));
    const auto audit = station.ask("audit verify --report " + station.file(name));
    INFO(audit.text);
    CHECK(audit.status == 0);
    CHECK(has(audit, "every attempt since 2026-11-24T00:00:00.000Z of order WO-17"));
    const auto fingerprint = shell("openssl x509 -noout -fingerprint -sha256 -in " +
                                   station.file("station.pem") + " | sed s/.*=//")
                                 .text;
    CHECK(fingerprint.size() == 96);
    CHECK(has(audit, "SHA-256 " + fingerprint));
    CHECK_FALSE(has(audit, "complete "));

    const bool has_rows = format == "csv" || format == "jsonl";
    CHECK(has(audit, has_rows ? "fits the ledger, 7 rows\n"
                              : "fits the ledger, rows are not compared in this format\n"));
    CHECK(has(audit, has_rows ? " of order WO-17\n" : " of order WO-17, by its signed description 7 rows\n"));

    append(station.file(name), "x");
    CHECK(station.openssl_says(name).status != 0);
    const auto changed = station.ask("audit verify --report " + station.file(name));
    CHECK(changed.status == 1);
    CHECK(has(changed, "its signature: "));
    CHECK(has(changed, "signed        yes, but it does not fit\n"));
    CHECK_FALSE(has(changed, "without a signature"));
    CHECK(has(changed, "0 rows") == false);
    const auto document = station.ask("--json audit verify --report " + station.file(name));
    CHECK(has(document, "\"signed\": true,\n    \"signature_holds\": false,"));
    CHECK(has(document, std::string("\"rows_compared\": ") + (has_rows ? "true" : "false")));
}

TEST_CASE("OpenSSL takes the station's certificate as an anchor, in the line of README and of the manual",
          "[daemon][audit]") {
    // Up to 1.1.1g it refuses one that may not sign certificates as its own anchor, without -partial_chain.
    const auto line = readme_line();
    CHECK(line.find(" -partial_chain ") != std::string::npos);
    const auto manual =
        shell("sed -n '/^\\$ openssl cms -verify/,/^.Ed/p' " FLEETLINE_SOURCE_DIR
              "/packaging/man/fleetline.1 | sed '/^.Ed/d; s/^\\$ //; s/ *\\\\$//; s/^ *//' | paste -sd ' '");
    CHECK(manual.text == replaced(line, "r.csv", "november.csv") + '\n');
}

TEST_CASE("what is signed with a report keeps to its published schema", "[daemon][audit]") {
    const audited_station station;
    REQUIRE(station.ask("report --sign --format csv -o " + station.file("r.csv")).status == 0);
    const auto check = station.file("check.py");
    append(check, R"py(import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
told = json.load(open(sys.argv[2]))["report"]
jsonschema.validate(told["says"], schema, cls=jsonschema.Draft202012Validator)
print(told["signed"], told["completeness_checked"], len(told["signer_sha256"]), told["rows"], told["says"]["rows"], told["says"]["filter"]["outcome"])
)py");
    REQUIRE(
        station.ask("--json audit verify --report " + station.file("r.csv") + " > " + station.file("told"))
            .status == 0);

    const auto said =
        shell("python3 -W ignore " + check + " " FLEETLINE_SOURCE_DIR "/schema/report-manifest.schema.json " +
              station.file("told") + " 2>&1");

    CHECK(said.text == "True True 64 6 6 passed\n");
}

TEST_CASE("of a report that is not signed it is said that it may lack rows", "[daemon][audit]") {
    const audited_station station;
    const auto report = station.file("r.csv");
    REQUIRE(station.ask("report --format csv -o " + report).status == 0);
    REQUIRE(shell("sed -i 2d " + report).status == 0);

    const auto audit = station.ask("audit verify --report " + report);

    CHECK(audit.status == 0);
    CHECK(has(audit, "complete      not checked: without a signature"));
    CHECK(has(station.ask("--json audit verify --report " + report), "\"completeness_checked\": false"));
}

TEST_CASE("a ledger rewritten after a signed report left is found out by it", "[daemon][audit]") {
    const audited_station station;
    REQUIRE(station.ask("report --sign --format pdf -o " + station.file("r.pdf")).status == 0);
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(station.ledger() + ending);
    station.after_a_day();
    {
        line_story line{station.ledger(), "line-3"};
        line.append(ledger::station_stopped{"x"});
    }
    std::filesystem::remove(station.ledger());
    {
        line_story line{station.ledger(), "line-3"};
        line.append(ledger::station_started{"0.1.0", "another past"});
        tell_a_day(line);
    }

    auto audit = station.ask("audit verify --report " + station.file("r.pdf"));
    CHECK(audit.status == 1);
    CHECK(has(audit, "it is not this station's"));

    REQUIRE(station.ask("report --sign --format csv -o " + station.file("another.csv")).status == 0);
    audit = station.ask("audit verify --report " + station.file("r.pdf"));
    CHECK(audit.status == 1);
    CHECK(has(audit, "is another one, the ledger was rewritten since then"));
}

TEST_CASE("a report signed by somebody else is not this station's", "[daemon][audit]") {
    const audited_station station;
    const audited_station other;
    REQUIRE(station.ask("report --sign --format csv -o " + station.file("r.csv")).status == 0);
    REQUIRE(other.ask("report --sign --format csv -o " + station.file("r.csv")).status == 0);

    const auto audit = station.ask("audit verify --report " + station.file("r.csv"));

    CHECK(audit.status == 1);
    CHECK(has(audit, "it is not this station's"));
    CHECK(has(audit, "ledger.db: holds, "));
}

TEST_CASE("the head that a report signs is in the file elsewhere when the report is there",
          "[daemon][audit]") {
    const audited_station station;
    station.keeps_heads_elsewhere();

    REQUIRE(station.ask("report --sign --format csv -o " + station.file("r.csv")).status == 0);

    const auto audit = station.ask("audit verify --checkpoints " + station.file("elsewhere"));
    INFO(audit.text);
    CHECK(audit.status == 0);
    CHECK(has(audit, "1 signed head, kept elsewhere"));
}

TEST_CASE("the file elsewhere is the service's to append to, though root's report made it",
          "[daemon][audit]") {
    if (::geteuid() != 0) return;
    constexpr uid_t service = 65534;
    const audited_station station;
    station.keeps_heads_elsewhere();
    REQUIRE(::chown(station.path.c_str(), service, service) == 0);

    REQUIRE(station.ask("report --sign --format csv -o " + station.file("r.csv")).status == 0);

    struct stat made {};
    REQUIRE(::stat(station.file("elsewhere").c_str(), &made) == 0);
    CHECK(made.st_uid == service);
    CHECK(made.st_gid == service);
}

TEST_CASE("a report is the configured station's, whoever else the ledger knows", "[daemon][audit]") {
    const audited_station station;
    { line_story{station.ledger(), "line-9"}.append(ledger::station_started{"0.1.0", "a trial"}); }
    const auto report = station.file("r.pdf");

    REQUIRE(station.ask("report --sign --format pdf -o " + report).status == 0);

    CHECK(has(station.ask("audit verify --report " + report), "by station line-3 at "));
    CHECK(has(shell("pdftotext " + report + " - | head -40"), "line-3"));
    CHECK_FALSE(has(shell("pdftotext " + report + " -"), "line-9"));
}

TEST_CASE("signing needs a file, and the station's key", "[daemon][audit]") {
    const audited_station station;
    CHECK(station.ask("report --sign --format csv").status == 2);
    std::filesystem::remove(station.path / "station.key");
    const auto without = station.ask("report --sign --format csv -o " + station.file("r.csv"));
    CHECK(without.status == 1);
    CHECK(has(without, "the station has no key yet"));
    CHECK_FALSE(std::filesystem::exists(station.path / "r.csv"));
    CHECK_FALSE(std::filesystem::exists(station.path / "station.key"));
}

TEST_CASE("heads kept elsewhere are held against the ledger", "[daemon][audit]") {
    const audited_station station;
    REQUIRE(station.ask("report --sign --format csv -o " + station.file("r.csv")).status == 0);
    const auto told =
        shell("sqlite3 " + station.ledger() +
              " \"SELECT json_object('station', 'line-3', 'seq', seq, 'hash', lower(hex(hash)), "
              "'made_at', made_at, 'signer', signer, 'signature', signature) FROM checkpoint\"");
    append(station.file("heads.jsonl"), told.text);

    const auto verify = [&station](const std::string& name) {
        return station.ask("audit verify --checkpoints " + station.file(name));
    };
    const auto good = verify("heads.jsonl");
    CHECK(good.status == 0);
    CHECK(has(good, "1 signed head, kept elsewhere\n"));
    CHECK(has(good, "signed        1 head, the last at event "));
    const auto with_report = station.ask("audit verify --checkpoints " + station.file("heads.jsonl") +
                                         " --report " + station.file("r.csv"));
    CHECK(with_report.status == 0);
    CHECK(has(with_report, "1 signed head, kept elsewhere\n"));

    auto others = replaced(told.text, "line-3", "line-4");
    others = replaced(others, "\"signer\":\"", "\"signer\":\"00");
    append(station.file("shared.jsonl"), told.text + others);
    const auto shared = verify("shared.jsonl");
    CHECK(shared.status == 0);
    CHECK(has(shared, "1 signed head, kept elsewhere; 1 of other stations\n"));
    append(station.file("others.jsonl"), others);
    const auto not_here = verify("others.jsonl");
    CHECK(not_here.status == 1);
    CHECK(has(not_here, "none of them is of a station that this ledger knows"));

    auto forged = told.text;
    forged.replace(forged.find("\"seq\":") + 6, 1, "9");
    append(station.file("heads.jsonl"), forged);
    const auto bad = verify("heads.jsonl");
    CHECK(bad.status == 1);
    CHECK(has(bad, "kept outside: it is not signed by this station, its signature does not hold"));

    append(station.file("torn.jsonl"), "{\"hash\":\"0123\n" + told.text);
    const auto torn = verify("torn.jsonl");
    CHECK(torn.status == 0);
    CHECK(has(torn, "1 signed head, kept elsewhere; 1 line is torn, the first is line 1"));
}

TEST_CASE("a file that has no head is not one that the ledger fits", "[daemon][audit]") {
    const audited_station station;
    append(station.file("other"), "not a head\n");
    append(station.file("empty"), "");
    const auto verify = [&station](const std::string& what) { return station.ask("audit verify " + what); };

    const auto other = verify("--checkpoints " + station.file("other"));
    CHECK(other.status == 1);
    CHECK(has(other, "there is none in the file, line 1: this is not a JSON object"));
    const auto empty = verify("--checkpoints " + station.file("empty"));
    CHECK(empty.status == 1);
    CHECK(has(empty, "first: there is none in the file\n"));
    CHECK(has(empty, "signed        no head of it is\n"));
    CHECK(has(station.ask("--json audit verify --checkpoints " + station.file("empty")), "\"holds\": false"));
    const auto no_report = verify("--report " + station.file("empty"));
    CHECK(no_report.status == 1);
    CHECK(has(no_report, "without a signature that is no report"));
    for (const std::string option : {"--checkpoints ", "--report "}) {
        const auto missing = verify(option + station.file("none"));
        CHECK(missing.status == 1);
        CHECK(missing.text == "fleetline: reading " + station.file("none") + ": No such file or directory\n");
        const auto directory = verify(option + station.path.string());
        CHECK(directory.status == 1);
        CHECK(directory.text == "fleetline: reading " + station.path.string() + ": Is a directory\n");
    }
}

TEST_CASE("a backup is verified, restored, and refused when it is broken", "[daemon][audit]") {
    const audited_station station;
    const auto copy = station.file("copy.db");
    const auto made = station.ask("backup " + copy);
    INFO(made.text);
    REQUIRE(made.status == 0);
    CHECK(has(made, "verified, "));
    CHECK(station.ask("backup " + copy).status == 0);
    CHECK(station.ask("backup " + station.config()).status == 1);
    std::filesystem::remove(station.ledger());

    const auto into_nothing = station.ask("restore " + copy);
    CHECK(into_nothing.status == 0);
    CHECK_FALSE(has(into_nothing, "it replaced"));
    CHECK(station.ask("show SN0001").status == 0);
    CHECK(station.ask("audit verify").status == 0);
    REQUIRE(station.ask("certificates mark-revoked 58092a33 --by Chen --note x").status == 0);
    const auto restored = station.ask("restore " + copy);
    INFO(restored.text);
    CHECK(has(restored, ", 1 more than this one, and is kept as " + station.ledger() + ".before-restore\n"));
    CHECK(has(station.ask("--json restore " + copy),
              "\"kept\": \"" + station.ledger() + ".before-restore-2\""));
    const auto directory = station.ask("restore " + station.path.string());
    CHECK(directory.status == 1);
    CHECK(has(directory, station.path.string() + ": it is a directory"));

    REQUIRE(shell("sqlite3 " + copy + " \"UPDATE attempt SET serial = 'SN9999' WHERE serial = 'SN0001'\"")
                .status == 0);
    const auto refused = station.ask("restore " + copy);
    CHECK(refused.status == 1);
    CHECK(has(refused, "its serial says 'SN9999'"));
    CHECK(station.ask("show SN0001").status == 0);
    CHECK(station.ask("restore " + station.file("nothing.db")).status == 1);
}

TEST_CASE("a report is signed from a ledger that no station has opened since it was put there",
          "[daemon][audit]") {
    const audited_station station;
    REQUIRE(station.ask("backup " + station.file("copy.db")).status == 0);
    const bool by_restore = GENERATE(true, false);
    if (by_restore) {
        REQUIRE(station.ask("restore " + station.file("copy.db")).status == 0);
    } else {
        for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(station.ledger() + ending);
        std::filesystem::copy_file(station.file("copy.db"), station.ledger());
    }

    const auto made = station.ask("report --sign --format csv -o " + station.file("r.csv"));

    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(station.ask("audit verify --report " + station.file("r.csv")).status == 0);
}

TEST_CASE("a certificate that somebody has revoked leaves the list, with who and why", "[daemon][audit]") {
    const audited_station station;
    REQUIRE(has(station.ask("certificates --to-revoke"), "58092a33de65"));

    CHECK(station.ask("certificates mark-revoked 58092a33 --by Chen").status == 2);
    CHECK(station.ask("certificates mark-revoked 58092a33").status == 2);
    CHECK(station.ask("certificates mark-revoked 0000000000 --by Chen --note x").status == 1);
    const auto marked = station.ask("certificates mark-revoked 58092a33 --by Chen --note 'ticket 4711'");
    INFO(marked.text);
    CHECK(marked.status == 0);

    CHECK_FALSE(has(station.ask("certificates --to-revoke"), "58092a33de65"));
    CHECK(has(station.ask("show SN0003"), " UTC by Chen: ticket 4711\n"));
    CHECK(has(station.ask("certificates --format csv"), "Z,Chen,ticket 4711\r\n"));
    CHECK(has(station.ask("certificates --json"), R"("revoked_note":"ticket 4711")"));
    CHECK(station.ask("certificates mark-revoked 58092a33 --by Chen --note 'again'").status == 1);
    CHECK(station.ask("audit verify").status == 0);
    CHECK(shell("sqlite3 " + station.ledger() +
                " \"SELECT payload FROM event WHERE kind = 'certificate-revoked'\"")
              .text ==
          "{\"by\":\"Chen\",\"certificate\":"
          "\"58092a33de652a72208e982638da693bdafd6207444adbaaacdbef7df38d5db7\","
          "\"note\":\"ticket 4711\"}\n");
}

TEST_CASE("who revoked and why is what any reader can trust, as over the API", "[daemon][audit]") {
    const audited_station station;
    const std::string who =
        GENERATE("--by '' --note x", "--by ' ' --note x", "--by \"$(printf 'a\\033b')\" --note x",
                 "--by Chen --note ''", "--by Chen --note \"$(printf 'a\\nb')\"",
                 "--by Chen --note \"$(printf '\\377')\"",
                 "--by Chen --note \"$(head -c 100000 /dev/zero | tr '\\0' x)\"");
    const auto refused = station.ask("certificates mark-revoked 58092a33 " + who);
    INFO(who << '\n' << refused.text);
    CHECK(refused.status == 2);
    CHECK(refused.text.starts_with("fleetline: --" + std::string{who.find("--by Chen") == 0 ? "note" : "by"} +
                                   ": it "));
    CHECK(has(station.ask("certificates --to-revoke"), "58092a33de65"));
}

TEST_CASE("a certificate's id may be given in capitals, as 'show' takes it", "[daemon][audit]") {
    const audited_station station;
    CHECK(station.ask("certificates mark-revoked 58092A33DE65 --by Chen --note x").status == 0);
}

TEST_CASE("what is recorded through the daemon is refused when it is not UTF-8, not put into other words",
          "[daemon][audit]") {
    const audited_station station;
    for (const std::string action : {"sign-on", "rework SN0001 --reason", "order open"}) {
        INFO(action);
        CHECK(station.ask(action + " \"$(printf 'a\\377')\"").status == 2);
    }
}

TEST_CASE("an export leaves a signed head behind, where whoever asks may sign", "[daemon][audit]") {
    const audited_station station;
    const auto signed_heads = [&station] {
        return shell("sqlite3 " + station.ledger() +
                     " 'SELECT count(*) FROM checkpoint JOIN head USING (seq, hash)'")
            .text;
    };
    REQUIRE(signed_heads() == "0\n");

    REQUIRE(station.ask("report --format csv -o " + station.file("report.csv")).status == 0);

    CHECK(signed_heads() == "1\n");
    CHECK(station.ask("audit verify").status == 0);
    std::filesystem::remove(station.path / "station.key");
    REQUIRE(station.ask("certificates mark-revoked 58092a33 --by Chen --note x").status == 0);
    CHECK(station.ask("report --format csv -o " + station.file("report.csv")).text.empty());
    CHECK(signed_heads() == "0\n");
}

TEST_CASE("no command to revoke is printed for what a board holds", "[daemon][audit]") {
    const audited_station station;

    const auto all = station.ask("certificates --format aws-cli");

    INFO(all.text);
    CHECK(all.status == 2);
    CHECK(has(all, "--to-revoke"));
    CHECK_FALSE(has(all, "aws iot"));
}

TEST_CASE("the script that revokes goes on after one that fails, and says which", "[daemon][audit]") {
    const audited_station station;
    const std::string endpoint = "abc-ats.iot.eu-central-1.amazonaws.com";
    REQUIRE(shell("sed -i 's/^endpoint = .*/endpoint = \"" + endpoint + "\"/' " + station.config()).status ==
            0);
    REQUIRE(station.ask("certificates --to-revoke --format aws-cli > " + station.file("revoke.sh")).status ==
            0);
    // An aws that does not know the first one.
    append(station.file("aws"), "#!/bin/sh\necho \"$*\" >> " + station.file("calls") +
                                    "\ncase $* in *58092a33de65*) exit 254 ;; esac\n");
    const auto run = [&station] {
        return shell("chmod +x " + station.file("aws") + "; PATH=" + station.path.string() + ":$PATH sh " +
                     station.file("revoke.sh") + " 2>&1");
    };

    const auto done = run();

    CHECK(done.status == 1);
    CHECK(done.text == "not revoked: 58092a33de652a72208e982638da693bdafd6207444adbaaacdbef7df38d5db7\n");
    const auto calls = shell("cat " + station.file("calls")).text;
    CHECK(calls ==
          "iot update-certificate --region eu-central-1 --certificate-id "
          "58092a33de652a72208e982638da693bdafd6207444adbaaacdbef7df38d5db7 --new-status REVOKED\n"
          "iot update-certificate --region eu-central-1 --certificate-id "
          "c20aaf6132912b323227311c126caad4cecf77142ddb39e5e3961b913371a109 --new-status REVOKED\n");
    CHECK(has(shell("cat " + station.file("revoke.sh")),
              "# Run it for the AWS account and region of the endpoint " + endpoint + ":\n"));
    REQUIRE(shell("sed -i /^case/d " + station.file("aws")).status == 0);
    CHECK(run().status == 0);
}

TEST_CASE("a report takes the place of no device and of no file of the station", "[daemon][audit]") {
    const audited_station station;
    const std::string csv = "report --format csv -o ";
    const auto before = shell("sha256sum " + station.ledger() + ' ' + station.file("station.key"));
    std::filesystem::create_symlink("ledger.db", station.file("link"));
    std::filesystem::create_hard_link(station.file("station.key"), station.file("key"));
    for (const std::string name :
         {"ledger.db", "ledger.db-wal", "ledger.db-shm", "station.key", "station.pem", "fleetline.toml",
          "claim.key", "link", "key", "./x/../ledger.db"}) {
        const auto said = station.ask(csv + station.file(name));
        INFO(name << ": " << said.text);
        CHECK(said.status == 2);
        CHECK(has(said, "would destroy a file of the station"));
    }
    CHECK(shell("sha256sum " + station.ledger() + ' ' + station.file("station.key")).text == before.text);

    std::filesystem::create_symlink("ledger.db", station.file("r.csv.p7s"));
    CHECK(station.ask(csv + station.file("r.csv") + " --sign").status == 2);
    CHECK_FALSE(std::filesystem::exists(station.file("r.csv")));

    std::filesystem::create_symlink("/dev/null", station.file("nowhere"));
    CHECK(station.ask(csv + station.file("nowhere")).text.empty());
    CHECK(std::filesystem::is_symlink(station.file("nowhere")));
    CHECK(std::filesystem::is_character_file("/dev/null"));
    CHECK(has(station.ask(csv + station.file("nowhere") + " --sign"), "is no regular file"));
    CHECK(has(station.ask(csv + "/dev/stdout | head -1"), "attempt_id,station,"));
    CHECK(station.ask(csv + "/dev/stdout > " + station.file("out") + "; cat " + station.file("out")).text ==
          station.ask(csv + '-').text);
}

TEST_CASE("no signature is left beside a report that is not signed, nor beside none", "[daemon][audit]") {
    const audited_station station;
    const auto report = station.file("r.csv");
    REQUIRE(station.ask("report --sign --format csv -o " + report).status == 0);
    REQUIRE(std::filesystem::exists(report + ".p7s"));

    REQUIRE(station.ask("report --include-failed --format csv -o " + report).status == 0);

    CHECK_FALSE(std::filesystem::exists(report + ".p7s"));
    CHECK_FALSE(std::filesystem::exists(report + ".station.pem"));
    CHECK(station.ask("audit verify --report " + report).status == 0);

    const auto directory = station.file("directory");
    std::filesystem::create_directory(directory);
    const auto refused = station.ask("report --sign --format csv -o " + directory);
    INFO(refused.text);
    CHECK(refused.status != 0);
    CHECK(has(refused, "directory"));
    CHECK_FALSE(std::filesystem::exists(directory + ".p7s"));
    CHECK_FALSE(std::filesystem::exists(directory + ".station.pem"));
}
