// SPDX-License-Identifier: Apache-2.0
// A disk that fails when told to: a SQLite VFS over files in memory, each in two layers, what programs read
// and what has reached the platter. Registered under a name of its own for as long as it lives; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace fleetline::test {

enum class fault {
    none,
    short_write,  ///< half of the bytes are written, then the disk is full
    failed_sync,  ///< what was written since the last one may never reach the platter, though it reads as
                  ///< written
    failed_read,
    power_cut  ///< nothing works until power_on(), and what was not synced is lost, in part or as a whole
};

class faulty_disk {
  public:
    faulty_disk();
    ~faulty_disk();
    faulty_disk(const faulty_disk&) = delete;
    faulty_disk& operator=(const faulty_disk&) = delete;

    const std::string& name() const { return name_; }

    /// Calls that a fault of this kind can hit, counted since it was set.
    std::int64_t calls() const { return calls_; }
    /// The next fault: at the `call`-th call of its kind from now, and at as many after it.
    void set(fault what, std::int64_t call, int times = 1);
    bool has_struck() const { return struck_; }

    /// The machine starts again: of every write that was not synced, by this seed, all, some or nothing is
    /// there.
    void power_cut_now() { off_ = true; }
    void power_on(std::uint32_t seed);

    /// As above for the process alone: after a power_cut_now() that was its end, what it had written is
    /// there.
    void program_starts_again();

    /// The files of another disk, as a program that is gone has left them.
    void take_files_of(const faulty_disk& other);

    struct change {
        std::int64_t at = 0;
        std::size_t begin = 0, size = 0;  ///< what is written there, in the file's `written`
        bool truncates = false;
        bool abandoned = false;  ///< a sync failed: the system takes it for written, and it is not
    };
    struct file {
        file();
        ~file();
        file(const file&) = delete;
        file& operator=(const file&) = delete;

        std::string seen, platter;
        std::vector<change> pending;
        std::string written;      ///< of the pending changes
        bool lasting = false;     ///< its name has reached the platter
        bool is_new_log = false;  ///< it takes the directory with it
        std::vector<std::unique_ptr<char[]>> shared;
        int open = 0;
    };

    /// For the VFS. Whether this call goes wrong.
    bool strikes(fault kind);
    bool off() const { return off_; }
    std::shared_ptr<file> find(const std::string& path) const;
    std::shared_ptr<file> make(const std::string& path);
    void remove(const std::string& path, bool lasting);
    void sync_directory();

  private:
    struct vfs;
    std::string name_;
    std::unique_ptr<vfs> vfs_;
    std::map<std::string, std::shared_ptr<file>> files_;
    std::map<std::string, std::shared_ptr<file>> removed_;  ///< and the directory was not synced since
    fault next_ = fault::none;
    std::int64_t at_ = 0;
    int times_ = 0;
    std::int64_t calls_ = 0;
    bool struck_ = false;
    bool off_ = false;
};

}  // namespace fleetline::test
