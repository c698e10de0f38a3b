"""Everything somebody who owns the gateway could try on a segment, one attempt a line.

usage: attacks.py SEGMENT OWN_FOLDER HOLD
SEGMENT is attacked; OWN_FOLDER is on the same file system and belongs to the caller. With HOLD = append or read, a
descriptor of that kind is opened first and used by the attempts that need one. Instead of a path, SEGMENT may be
"own": then each attempt gets a fresh file in OWN_FOLDER, which shows that the attempts are real.

Prints {"attempt", "error", "changed"} a line: error is the errno's name or null, changed what is different afterwards.
"""
import ctypes, errno, fcntl, hashlib, json, mmap, os, struct, subprocess, sys

segment, own, hold = sys.argv[1:4]
libc = ctypes.CDLL(None, use_errno=True)
GETFLAGS, SETFLAGS, SETXATTR, CLONE, MOVE_EXT = 0x80086601, 0x40086602, 0x401C5820, 0x40049409, 0xC028660F
APPEND_FL, IMMUTABLE_FL = 0x20, 0x10
count = 0


def own_file(text=b"0123456789abcdef\n"):
    global count
    count += 1
    path = os.path.join(own, "own-%d-%d" % (os.getpid(), count))
    with open(path, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return path


def opened(path, flags, act=lambda fd: None):
    fd = os.open(path, flags)
    try:
        return act(fd)
    finally:
        os.close(fd)


def fallocate(fd, mode, start=0, length=4096):
    if libc.fallocate(fd, mode, ctypes.c_long(start), ctypes.c_long(length)) != 0:
        raise OSError(ctypes.get_errno(), "fallocate")


def set_flags(fd, clear):
    flags = struct.unpack("I", fcntl.ioctl(fd, GETFLAGS, b"\0\0\0\0"))[0]
    fcntl.ioctl(fd, SETFLAGS, struct.pack("I", flags & ~clear))


def clear_o_append(fd):
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_APPEND)
    os.pwrite(fd, b"X", 0)


def program(*command):
    if subprocess.run(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode != 0:
        raise OSError(errno.EPERM, "refused")


def map_and_write(fd):
    with mmap.mmap(fd, 4, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE) as pages:
        pages[0:1] = b"X"


def exchange_blocks(fd):
    def swap(mine):
        fcntl.ioctl(mine, MOVE_EXT, struct.pack("IIQQQQ", 0, fd, 0, 0, 1, 0))

    opened(own_file(b"another page of text\n" * 400), os.O_RDWR, swap)


def swap_for_symlink(path, fd):
    link = os.path.join(own, "link-%d" % os.getpid())
    if not os.path.lexists(link):
        os.symlink(own_file(), link)
    os.rename(link, path)


def folder_of(path):
    return os.path.dirname(path)


def make_in_folder(path, make):
    name = os.path.join(folder_of(path), "s00000999.log")
    make(name)
    (os.rmdir if os.path.isdir(name) and not os.path.islink(name) else os.unlink)(name)


def move_folder(path):
    os.rename(folder_of(path), folder_of(path) + ".gone")
    os.rename(folder_of(path) + ".gone", folder_of(path))


W, RW, A = os.O_WRONLY, os.O_RDWR, os.O_APPEND

ATTEMPTS = {
    # By name.
    "open for overwriting": lambda p, fd: opened(p, W, lambda f: os.pwrite(f, b"X", 0)),
    "open for reading and overwriting": lambda p, fd: opened(p, RW, lambda f: os.pwrite(f, b"X", 0)),
    "open and truncate": lambda p, fd: opened(p, W | A | os.O_TRUNC),
    "open through /proc for overwriting": lambda p, fd: opened("/proc/self/fd/%d" % fd, W, lambda f: os.pwrite(f, b"X", 0)),
    "truncate": lambda p, fd: os.truncate(p, 3),
    "unlink": lambda p, fd: os.unlink(p),
    "rename away": lambda p, fd: os.rename(p, os.path.join(own, "stolen")),
    "rename in place": lambda p, fd: os.rename(p, p + ".old"),
    "rename another over it": lambda p, fd: os.rename(own_file(), p),
    "swap it for a symbolic link": swap_for_symlink,
    "link": lambda p, fd: os.link(p, own_file() + ".link"),
    "chmod": lambda p, fd: os.chmod(p, 0o777),
    "chown": lambda p, fd: os.chown(p, os.getuid(), -1),
    "back-dated utimes": lambda p, fd: os.utime(p, (1, 1)),
    "back-dated utimes by descriptor": lambda p, fd: os.utime(fd, (1, 1)),
    "extended attribute": lambda p, fd: os.setxattr(p, "user.note", b"x"),
    "chattr -a -i": lambda p, fd: program("chattr", "-a", "-i", p),
    "chattr +d": lambda p, fd: program("chattr", "+d", p),
    # By a descriptor that was open before.
    "clear O_APPEND and pwrite": lambda p, fd: clear_o_append(fd),
    "pwritev2 with RWF_NOAPPEND": lambda p, fd: os.pwritev(fd, [b"X"], 0, 0x20),
    "ftruncate": lambda p, fd: os.ftruncate(fd, 3),
    "fchmod": lambda p, fd: os.fchmod(fd, 0o777),
    "FS_IOC_SETFLAGS": lambda p, fd: set_flags(fd, APPEND_FL | IMMUTABLE_FL),
    "FS_IOC_FSSETXATTR": lambda p, fd: fcntl.ioctl(fd, SETXATTR, b"\0" * 28),
    "shared mapping": lambda p, fd: map_and_write(fd),
    "punch a hole": lambda p, fd: fallocate(fd, 3),
    "collapse a range": lambda p, fd: fallocate(fd, 8),
    "zero a range": lambda p, fd: fallocate(fd, 16),
    "insert a range": lambda p, fd: fallocate(fd, 32),
    "exchange blocks": lambda p, fd: exchange_blocks(fd),
    # In the folder.
    "make a file beside it": lambda p, fd: make_in_folder(p, lambda name: os.close(os.open(name, os.O_CREAT | W, 0o600))),
    "make a folder beside it": lambda p, fd: make_in_folder(p, os.mkdir),
    "make a symbolic link beside it": lambda p, fd: make_in_folder(p, lambda name: os.symlink("/etc/passwd", name)),
    "link another beside it": lambda p, fd: make_in_folder(p, lambda name: os.link(own_file(), name)),
    "move its folder": lambda p, fd: move_folder(p),
    "chmod its folder": lambda p, fd: (os.chmod(folder_of(p), 0o777), os.chmod(folder_of(p), 0o700)),
}


def seen(path):
    try:
        found = os.lstat(path)
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
    except OSError as error:
        return {"gone": errno.errorcode[error.errno]}
    flags = subprocess.run(["lsattr", "-d", path], capture_output=True, text=True).stdout.split(" ")[0]
    return {
        "inode": found.st_ino, "mode": found.st_mode, "owner": found.st_uid, "links": found.st_nlink,
        "size": found.st_size, "mtime": found.st_mtime_ns, "sha256": digest, "flags": flags,
    }


def page_of_text():
    folder = os.path.join(own, "control-%d-%d" % (os.getpid(), count))
    os.mkdir(folder)
    path = os.path.join(folder, "s00000000.log")
    with open(path, "wb") as file:
        file.write(b"0123456789abcde\n" * 1024)
        file.flush()
        os.fsync(file.fileno())
    return path


HOW = {"append": RW | A, "read": os.O_RDONLY}
if hold not in HOW:
    raise SystemExit("HOLD is append or read")
for name, attempt in ATTEMPTS.items():
    path = page_of_text() if segment == "own" else segment
    count += 1
    fd = os.open(path, HOW[hold])
    before, error = seen(path), None
    try:
        attempt(path, fd)
    except OSError as failure:
        error = errno.errorcode.get(failure.errno, str(failure.errno))
    except ValueError:
        error = "EINVAL"  # Python will not map more than there is of an empty file
    os.close(fd)
    after = seen(path)
    changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    print(json.dumps({"attempt": name, "error": error, "changed": changed}), flush=True)
