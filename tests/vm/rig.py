# SPDX-License-Identifier: Apache-2.0
"""One emulated station PC: boot, run commands in it, plug and unplug USB serial ports, pull its power plug."""
import base64
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


class RigError(Exception):
    """The machine did not do what it was told."""


def connect(path, patience=30):
    deadline = time.monotonic() + patience
    while True:
        peer = socket.socket(socket.AF_UNIX)
        try:
            peer.connect(str(path))
            return peer
        except OSError:
            peer.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class Lines:
    """A socket that speaks JSON, a line at a time."""

    def __init__(self, path):
        self.peer = connect(path)
        self.pending = b""

    def send(self, message):
        self.peer.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, patience):
        deadline = time.monotonic() + patience
        while b"\n" not in self.pending:
            self.peer.settimeout(max(0.01, deadline - time.monotonic()))
            chunk = self.peer.recv(1 << 20)
            if not chunk:
                raise RigError("the machine hung up")
            self.pending += chunk
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    def close(self):
        self.peer.close()


class Rig:
    def __init__(self, folder, image, disk):
        self.dir, self.image, self.disk = pathlib.Path(folder), pathlib.Path(image), pathlib.Path(disk)
        self.qemu = self.store = self.qmp = self.agent = None

    def path(self, name):
        return self.dir / name

    # -- power --------------------------------------------------------------------------------------------------------
    def boot(self, patience=240, seat=None):
        """Returns the seconds until the machine answered. `seat` plugs boards while it is still switched off."""
        for name in ("disk.sock", "qmp.sock", "agent.sock"):
            self.path(name).unlink(missing_ok=True)
        self.store = subprocess.Popen([sys.executable, HERE / "disk.py", self.disk, self.path("disk.sock")],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.store.stdout.readline()
        began = time.monotonic()
        with open(self.path("qemu.log"), "ab") as log:
            self.qemu = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.qmp = Lines(self.path("qmp.sock"))
        self.qmp.receive(30)
        self.command_qmp("qmp_capabilities")
        if seat:
            seat()
        self.command_qmp("cont")
        self.agent = Lines(self.path("agent.sock"))
        self.run("true", patience=patience)
        return time.monotonic() - began

    def command(self):
        return ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "Westmere,+rdrand", "-smp", "2", "-m", "640",
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-S",
                "-kernel", self.image / "vmlinux", "-initrd", self.image / "initrd.cpio",
                "-append", "root=/dev/vda rw console=ttyS0 quiet random.trust_cpu=on net.ifnames=0 mitigations=off "
                # On a busy host the emulated timer may miss the kernel's check.
                "no_timer_check",
                "-serial", f"file:{self.path('console.log')}",
                "-qmp", f"unix:{self.path('qmp.sock')},server=on,wait=off",
                # First, so that its place is free: udev's ID_PATH of every port hangs on it.
                "-device", "qemu-xhci,id=xhci,addr=04.0,p2=8,p3=8",
                "-device", "usb-hub,id=hub1,bus=xhci.0,port=1", "-device", "usb-hub,id=hub2,bus=xhci.0,port=2",
                "-blockdev", f"driver=nbd,node-name=disk,server.type=unix,server.path={self.path('disk.sock')}",
                "-device", "virtio-blk-pci,drive=disk",
                "-netdev", "user,id=net", "-device", "virtio-net-pci,id=nic,netdev=net", "-device", "virtio-serial-pci",
                "-chardev", f"socket,id=agent,path={self.path('agent.sock')},server=on,wait=off",
                "-device", "virtserialport,chardev=agent,name=rig",
                "-chardev", f"file,id=shown,path={self.path('shown.jsonl')},append=on",
                "-device", "virtserialport,chardev=shown,name=shown"]

    def power_cut(self, keep=0.5, seed=0):
        """Pulls the plug; a random part `keep` of what the disk had not flushed survives. Answers how many sectors were lost."""
        self.qemu.send_signal(signal.SIGSTOP)
        self.store.stdin.write(f"cut {keep} {seed}\n")
        self.store.stdin.flush()
        lost = int(self.store.stdout.readline() or 0)
        self.close()
        return lost

    def shut_down(self, patience=120):
        self.agent.send({"run": ["systemctl", "--no-block", "poweroff"], "timeout": 30})
        self.qemu.wait(patience)
        self.store.stdin.close()
        self.store.wait(60)
        self.close()

    def close(self):
        for process in (self.qemu, self.store):
            if process and process.poll() is None:
                process.kill()
            if process:
                process.wait()
        for pipe in (self.store.stdin, self.store.stdout) if self.store else ():
            pipe.close()
        for line in (self.qmp, self.agent):
            if line:
                line.close()
        self.qemu = self.store = self.qmp = self.agent = None

    # -- inside -------------------------------------------------------------------------------------------------------
    def ask(self, request, patience):
        self.agent.send(request)
        answer = self.agent.receive(patience)
        if "error" in answer:
            raise RigError(f"{request.get('run') or request.get('put') or request.get('get')}: {answer['error']}")
        return answer

    def run(self, *argv, check=True, patience=120):
        """In the machine, as root; answers status, out, err."""
        answer = self.ask({"run": [str(a) for a in argv], "timeout": patience}, patience + 30)
        if check and answer["status"] != 0:
            raise RigError(f"{' '.join(map(str, argv))} ended with {answer['status']}:\n{answer['out']}{answer['err']}")
        return answer

    def sh(self, text, **kwargs):
        return self.run("sh", "-c", text, **kwargs)["out"]

    def put(self, target, data, mode=0o644):
        text = base64.b64encode(data.encode() if isinstance(data, str) else data).decode()
        self.ask({"put": target, "data": text, "mode": mode}, 120)

    def wait_for(self, what, holds, patience=120, pause=0.3):
        deadline = time.monotonic() + patience
        while True:
            result = holds()
            if result:
                return result
            if time.monotonic() > deadline:
                raise RigError(f"no {what} within {patience} s; the journal:\n" +
                               self.run("journalctl", "-u", "fleetlined", "-n", 30, "--no-pager", check=False)["out"])
            time.sleep(pause)

    # -- hardware -----------------------------------------------------------------------------------------------------
    def command_qmp(self, command, **arguments):
        self.qmp.send({"execute": command, "arguments": arguments})
        while True:
            answer = self.qmp.receive(60)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RigError(f"{command}: {answer['error']['desc']}")

    def plug(self, name, port, path, serial, driver="usb-serial"):
        """A USB serial port whose wire is the listening socket `path`; a `usb-redir` device tells its serial number itself."""
        told = {"serial": serial} if driver == "usb-serial" else {}
        address = {"type": "unix", "data": {"path": str(path)}}
        self.command_qmp("chardev-add", id=f"wire-{name}",
                         backend={"type": "socket", "data": {"addr": address, "server": False}})
        self.command_qmp("device_add", driver=driver, id=name, chardev=f"wire-{name}", bus="xhci.0", port=port, **told)

    def unplug(self, name):
        self.command_qmp("device_del", id=name)
        deadline = time.monotonic() + 20
        while True:  # the device lets go of its wire a little later
            try:
                self.command_qmp("chardev-remove", id=f"wire-{name}")
                return
            except RigError as trouble:
                if "not found" in str(trouble):
                    return  # a usb-redir device takes its wire with it
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
