# SPDX-License-Identifier: Apache-2.0
"""A small Debian 12 for QEMU: root disk, kernel and initrd, built once and cached.

The disk has what the packages depend on, but not the packages: the test installs them inside the machine. Debian's generic
kernel, because the cloud one has no USB; started directly, with a busybox initrd, so there is no bootloader.
"""
import hashlib
import lzma
import os
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGES = ("systemd", "systemd-sysv", "udev", "dbus", "libpam-systemd", "python3", "kmod", "iproute2", "procps")
KEPT_MODULES = ("crypto", "lib", "arch", "fs/ext4", "fs/jbd2", "fs/mbcache.ko", "fs/autofs", "fs/fuse", "drivers/usb",
                "drivers/virtio", "drivers/block/virtio_blk.ko", "drivers/net/virtio_net.ko",
                "drivers/net/net_failover.ko", "net/core/failover.ko", "drivers/char")
INITRD_MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
while read -r module; do /bin/busybox insmod "/modules/$module"; done </modules/order
tries=0
until [ -b /dev/vda ] || [ $tries = 100 ]; do /bin/busybox sleep 0.1; tries=$((tries + 1)); done
/bin/busybox mount -t ext4 /dev/vda /root
for place in proc sys dev; do /bin/busybox mount --move /$place /root/$place; done
exec /bin/busybox switch_root /root /sbin/init
"""


def run(*argv, **kwargs):
    return subprocess.run([str(a) for a in argv], check=True, **kwargs)


def output(*argv):
    return run(*argv, capture_output=True, text=True).stdout


def cache_directory():
    return pathlib.Path(os.environ.get("FLEETLINE_VM_CACHE", ROOT / "build" / "vm"))


def dependencies_of(package):
    names = []
    for word in output("dpkg-deb", "-f", package, "Depends").split(","):
        name = re.sub(r"[|(].*", "", word).strip()
        if name and not name.startswith("fleetline"):
            names.append(name)
    return names


def write_root(folder, packages, kernel_package):
    """The root file system as a directory, pruned kernel modules included; answers the kernel's version."""
    run("mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(packages),
        "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*", "bookworm", folder,
        "http://deb.debian.org/debian")
    unpacked = folder.parent / "kernel"
    run("apt-get", "download", kernel_package, cwd=folder.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run("dpkg-deb", "-x", next(folder.parent.glob("linux-image-*.deb")), unpacked)
    version = next((unpacked / "lib/modules").iterdir()).name
    source, target = unpacked / "lib/modules" / version, folder / "usr/lib/modules" / version
    for name in KEPT_MODULES:
        kept = source / "kernel" / name
        (target / "kernel" / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if kept.is_dir() else shutil.copy)(kept, target / "kernel" / name)
    for listing in source.glob("modules.*"):
        shutil.copy(listing, target)
    run("depmod", "-b", folder, version)
    write_vmlinux(unpacked / f"boot/vmlinuz-{version}", folder.parent / "vmlinux")
    write_initrd(folder, version)
    shutil.rmtree(unpacked)
    return version


def write_vmlinux(compressed, target):
    """Unpacked here rather than by the emulated processor at each start."""
    data = compressed.read_bytes()
    for found in re.finditer(b"\xfd7zXZ\x00", data):  # the unpacking code holds these bytes as well
        try:
            kernel = lzma.LZMADecompressor().decompress(data[found.start():])
        except lzma.LZMAError:
            continue
        if kernel.startswith(b"\x7fELF"):
            target.write_bytes(kernel)
            return
    raise RuntimeError(f"no kernel found in {compressed}")


def write_initrd(root, version):
    folder = root.parent / "initrd"
    for name in ("bin", "proc", "sys", "dev", "root", "modules"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy("/bin/busybox", folder / "bin/busybox")
    order = []
    for module in INITRD_MODULES:
        listed = output("modprobe", "-d", root, "-S", version, "--show-depends", module)
        for line in listed.splitlines():
            path = pathlib.Path(line.split()[-1]) if line.startswith("insmod") else None
            if path and path.name not in order:
                order.append(path.name)
                shutil.copy(path, folder / "modules" / path.name)
    (folder / "modules/order").write_text("\n".join(order) + "\n")
    (folder / "init").write_text(INIT)
    (folder / "init").chmod(0o755)
    with open(root.parent / "initrd.cpio", "wb") as out:
        subprocess.run("find . | cpio -o -H newc --quiet", shell=True, cwd=folder, stdout=out, check=True)
    shutil.rmtree(folder)


def settle_in(folder):
    """What makes the tree a machine of the rig's."""
    (folder / "etc/hostname").write_text("station\n")
    # The rehearsal cloud's certificate is one for "localhost"; here that is the host.
    (folder / "etc/hosts").write_text("10.0.2.2 localhost\n127.0.1.1 station\n")
    (folder / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 0\n")
    (folder / "etc/systemd/network/10-rig.network").write_text("[Match]\nName=en* eth*\n[Network]\nAddress=10.0.2.15/24\n"
                                                               "Gateway=10.0.2.2\n")
    (folder / "usr/lib/rig").mkdir()
    for program in (HERE / "guest").glob("*.py"):
        shutil.copy(program, folder / "usr/lib/rig")
    for unit in (HERE / "guest").glob("*.service"):
        shutil.copy(unit, folder / "etc/systemd/system")
    (folder / "etc/machine-id").write_text("")
    run("systemctl", "--root", folder, "enable", "--quiet", "rig-agent.service", "rig-shown.service",
        "systemd-networkd.service")
    run("systemctl", "--root", folder, "mask", "--quiet", "apt-daily.timer", "apt-daily-upgrade.timer", "getty.target",
        "e2scrub_all.timer", "fstrim.timer", "systemd-binfmt.service", "dpkg-db-backup.timer",
        "mosquitto.service")  # the rehearsal starts one of its own


def our_packages():
    """fleetline and its rehearsal, as `scripts/package` left them."""
    return tuple(next((ROOT / "build" / "deb").glob(f"{name}_*.deb")) for name in ("fleetline", "fleetline-rehearsal"))


def build(*packages_to_come):
    """The directory with `root.ext4`, `vmlinux` and `initrd.cpio` that fits the dependencies of these packages."""
    packages = sorted({*PACKAGES, *(name for package in packages_to_come for name in dependencies_of(package))})
    kernel = next(line.split()[-1] for line in output("apt-cache", "depends", "linux-image-amd64").splitlines()
                  if "Depends:" in line)
    recipe = hashlib.sha256("\n".join([*packages, kernel]).encode())
    for source in (HERE / "image.py", *sorted((HERE / "guest").iterdir())):
        recipe.update(source.read_bytes())
    folder = cache_directory() / ("image-" + recipe.hexdigest()[:12])
    if (folder / "root.ext4").exists():
        return folder
    if os.getuid() != 0:
        raise SystemExit("building the machine's image needs root (mmdebstrap, file owners): run scripts/test --vm as root once")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"Building the machine's image in {folder} ...", flush=True)
    tree = folder / "root"
    write_root(tree, packages, kernel)
    settle_in(tree)
    unfinished = folder / "root.unfinished"
    run("mke2fs", "-q", "-t", "ext4", "-m", "0", "-E", "root_owner=0:0", "-d", tree, unfinished, "2G")
    shutil.rmtree(tree)
    for package_file in folder.glob("*.deb"):
        package_file.unlink()
    unfinished.rename(folder / "root.ext4")
    return folder


if __name__ == "__main__":
    build(*our_packages())
