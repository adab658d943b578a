# SPDX-License-Identifier: Apache-2.0
"""In the machine, inside the service's sandbox and as its user: tries what must not succeed, one line of JSON for each."""
import ctypes
import json
import os
import socket
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)


def reading(path):
    with open(path, "rb") as file:
        file.read(1)


def writing(path):
    with open(path, "ab"):
        pass


def opening(tty):
    os.close(os.open(tty, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))


def calling(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def set_user_bit():
    path = "/var/lib/fleetline/probe"
    with open(path, "w"):
        pass
    try:
        os.chmod(path, 0o4755)
    finally:
        os.unlink(path)


def root_by_a_program():
    """A set-user-id program that tells whom it runs as."""
    told = subprocess.run(["/usr/local/bin/root-id", "-u"], capture_output=True, text=True)
    if told.stdout.strip() != "0":
        raise PermissionError(f"it runs as {told.stdout.strip()} {told.stderr.strip()}")


def executable_memory():
    import mmap
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


MUST_NOT = {
    "read the passwords": lambda: reading("/etc/shadow"),
    "read root's files": lambda: os.listdir("/root"),
    "read a user's files": lambda: reading("/home/somebody/secret"),
    "read another program's temporary file": lambda: reading("/tmp/of-somebody"),
    "read another service's state": lambda: reading("/var/lib/somebody/secret"),
    "look into another service's state": lambda: os.listdir("/var/lib/somebody"),
    "see another user's process": lambda: reading("/proc/1/status"),
    "write beside the programs": lambda: writing("/usr/bin/probe"),
    "write the system's settings": lambda: writing("/etc/probe"),
    "write its own configuration's neighbours": lambda: writing("/etc/hostname"),
    "write another service's state": lambda: writing("/var/lib/dpkg/probe"),
    "write into /var": lambda: writing("/var/probe"),
    "write a kernel setting": lambda: writing("/proc/sys/kernel/sysrq"),
    "write a control group": lambda: writing("/sys/fs/cgroup/cgroup.procs"),
    "read the kernel's log": lambda: reading("/dev/kmsg"),
    "read the disk": lambda: reading("/dev/vda"),
    "read memory": lambda: reading("/dev/mem"),
    "open the machine's own serial port": lambda: reading("/dev/ttyS0"),
    "open the rig's port": lambda: reading("/dev/virtio-ports/rig"),
    "make a device": lambda: os.mknod("/var/lib/fleetline/probe", 0o20666, os.makedev(1, 1)),
    "become root": lambda: os.setuid(0),
    "become root by a set-user-id program": root_by_a_program,
    "leave its group": lambda: os.setgid(0),
    "make a set-user-id file": set_user_bit,
    "make memory writable and executable": executable_memory,
    "make a user namespace": lambda: calling("unshare", 0x10000000),
    "mount": lambda: calling("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "change the clock": lambda: __import__("time").clock_settime(0, 0),
    "change the host's name": lambda: socket.sethostname("probe"),
    "trace a process": lambda: calling("ptrace", 16, 1, None, None),
    "open a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "open a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0),
    "run at real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "raise its priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -5),
}
MUST = {
    "write its state": lambda: (writing("/var/lib/fleetline/probe"), os.unlink("/var/lib/fleetline/probe")),
    "read its configuration": lambda: reading("/etc/fleetline/fleetline.toml"),
    "write in its run directory": lambda: (writing("/run/fleetline/probe"), os.unlink("/run/fleetline/probe")),
    "open a USB adapter's port": lambda: opening("/dev/ttyUSB0"),
    "open a board's own USB port": lambda: opening("/dev/ttyACM0"),
    "reach the cloud": lambda: socket.create_connection(("10.0.2.2", int(sys.argv[1])), 10).close(),
    "hear udev": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15).close(),
}


def main():
    for table, wanted in ((MUST_NOT, False), (MUST, True)):
        for what, attempt in table.items():
            why = ""
            try:
                attempt()
                done = True
            except (OSError, PermissionError, ValueError) as trouble:
                done, why = False, str(trouble)
            print(json.dumps({"what": what, "done": done, "wanted": wanted, "why": why}), flush=True)


main()
