// SPDX-License-Identifier: Apache-2.0
// `fleetline slots discover` on a terminal, as a person sees it. Run under umockdev-wrapper: the program's
// unmodified libudev sees the devices of a test bed.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <umockdev.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace std::chrono_literals;

namespace {

struct unref {
    void operator()(UMockdevTestbed* bed) const { g_object_unref(bed); }
};

/// The machine's USB ports. umockdev takes a node's name once only.
class ports {
  public:
    void plug(const std::string& name, const std::string& port, int interface = 0) {
        const auto number = std::to_string(interface);
        const auto path = path_of(name, port, interface);
        const std::string text = "P: " + path + "\nN: " + name + "\nE: DEVNAME=/dev/" + name +
                                 "\nE: SUBSYSTEM=tty\nE: ID_BUS=usb\nE: ID_PATH=pci-0000:00:14.0-usb-0:" + port + ":1." +
                                 number + "\nE: ID_USB_INTERFACE_NUM=0" + number +
                                 "\nE: ID_VENDOR_ID=0483\nE: ID_MODEL_ID=374e\nE: ID_SERIAL_SHORT=SN7\n\n";
        GError* error = nullptr;
        if (umockdev_testbed_add_from_string(bed_.get(), text.c_str(), &error) == 0)
            throw std::runtime_error(error->message);
    }
    void unplug(const std::string& name, const std::string& port, int interface = 0) {
        const auto path = "/sys" + path_of(name, port, interface);
        umockdev_testbed_uevent(bed_.get(), path.c_str(), "remove");
        umockdev_testbed_remove_device(bed_.get(), path.c_str());
    }

  private:
    static std::string path_of(const std::string& name, const std::string& port, int interface) {
        return "/devices/pci0/usb1/1-" + port + "/1-" + port + ":1." + std::to_string(interface) + "/" + name;
    }

    std::unique_ptr<UMockdevTestbed, unref> bed_{umockdev_testbed_new()};
};

/// `fleetline slots discover` with its talk on a terminal and its entries in a pipe.
class talk {
  public:
    talk() {
        std::array<int, 2> entries{};
        if (pipe2(entries.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        program_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
        if (program_ == 0) {
            dup2(entries[1], STDOUT_FILENO);
            execl(FLEETLINE_BIN_DIR "/fleetline", "fleetline", "--config", "/no/such/file", "slots", "discover", nullptr);
            _exit(127);
        }
        close(entries[1]);
        entries_ = entries[0];
    }
    ~talk() {
        if (program_ > 0) {
            kill(program_, SIGKILL);
            waitpid(program_, nullptr, 0);
        }
        close(terminal_);
        close(entries_);
    }
    talk(const talk&) = delete;
    talk& operator=(const talk&) = delete;

    /// Waits until the program has said it, and forgets what was said up to there.
    void expect(const std::string& what) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (said_.find(what) == std::string::npos) {
            pollfd waited{terminal_, POLLIN, 0};
            std::array<char, 4096> piece{};
            const bool ready = poll(&waited, 1, 100) > 0;
            const auto size = ready ? ::read(terminal_, piece.data(), piece.size()) : 0;
            if (size > 0) said_.append(piece.data(), static_cast<std::size_t>(size));
            if (size < 0 || std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error("it never said '" + what + "', but: " + said_);
        }
        said_.erase(0, said_.find(what) + what.size());
    }
    void type(const std::string& text) {
        if (::write(terminal_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            throw std::runtime_error("cannot type");
    }

    /// Its exit status.
    int end() {
        std::array<char, 4096> piece{};
        for (ssize_t size = 0; (size = ::read(entries_, piece.data(), piece.size())) > 0;)
            printed.append(piece.data(), static_cast<std::size_t>(size));
        int status = 0;
        waitpid(std::exchange(program_, 0), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    std::string printed;

  private:
    pid_t program_ = 0;
    int terminal_ = -1;
    int entries_ = -1;
    std::string said_;
};

constexpr const char* ready = "Waiting for a board";

}  // namespace

TEST_CASE("a person plugs a board into each fixture in turn and gets the entries") {
    ports usb;
    usb.plug("ttyUSB0", "1.9");
    talk with;
    with.expect("There already: /dev/ttyUSB0");
    with.expect(ready);
    usb.plug("ttyUSB1", "1.1");
    with.expect("/dev/ttyUSB1  0483:374e  interface 00  serial SN7");
    with.expect("slot's name");
    with.type("A1\n");
    with.expect(ready);
    usb.unplug("ttyUSB1", "1.1");

    usb.plug("ttyACM0", "1.2", 0);  // a board with two ttys
    usb.plug("ttyACM1", "1.2", 2);
    with.expect("  2  /dev/ttyACM1");
    with.type("7\n");
    with.expect("A number from 1 to 2");
    with.type("2\n");
    with.expect("slot's name");
    with.type("A1\n");
    with.expect("A1 is the slot at pci-0000:00:14.0-usb-0:1.1:1.0");
    with.type("A2\n");
    with.expect(ready);
    with.type("\n");
    CHECK(with.end() == 0);
    CHECK(with.printed ==
          "[[slot]]  # 0483:374e\nname = \"A1\"\nport = \"pci-0000:00:14.0-usb-0:1.1:1.0\"\n\n"
          "[[slot]]  # 0483:374e\nname = \"A2\"\nport = \"pci-0000:00:14.0-usb-0:1.2:1.2\"\ninterface = \"02\"\n");
}

TEST_CASE("what was named before an interruption is printed all the same") {
    ports usb;
    talk with;
    with.expect(ready);
    usb.plug("ttyUSB0", "1.1");
    with.expect("slot's name");
    with.type("A1\n");
    with.expect(ready);
    with.type("\003");  // Ctrl-C
    with.expect("Interrupted");
    CHECK(with.end() == 1);
    CHECK(with.printed == "[[slot]]  # 0483:374e\nname = \"A1\"\nport = \"pci-0000:00:14.0-usb-0:1.1:1.0\"\n");
}

TEST_CASE("a board that is unplugged before it has a name is let go") {
    ports usb;
    talk with;
    with.expect(ready);
    usb.plug("ttyUSB0", "1.1");
    with.expect("slot's name");
    usb.unplug("ttyUSB0", "1.1");
    with.expect("That board is gone");
    with.expect(ready);
    with.type("\004");  // Ctrl-D
    with.expect("No slot was named");
    CHECK(with.end() == 1);
    CHECK(with.printed.empty());
}
