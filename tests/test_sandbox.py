"""What student code cannot reach, however it tries."""

import contextlib
import errno
import json
import os
import platform
import re
import sys
import tempfile
from pathlib import Path

import pytest
from workers import (
    ASSIGNMENT,
    COURSE,
    FIRST,
    FULL,
    IMPORTS,
    LIMITS,
    Grader,
    pool,
    solutions,
)

from autograder.errors import SandboxError
from autograder.model import Kind
from autograder.running.tier import Tier, detect
from autograder.running.zygotes import HEADROOM, Zygotes, _refuse_readable, _visible
from autograder.worker import kernel, namespaces, seccomp
from autograder.worker.namespaces import SYSTEM
from autograder.worker.sandbox import PROCESSES, UNPRIVILEGED

SEARCH = """
import builtins, gc, glob, os, sys, types
words = {words}
def readable():
    for top in ("/", "/proc", {course!r}, os.path.dirname({course!r}), *sys.path):
        for place, _, files in os.walk(top, onerror=lambda error: None):
            for name in files:
                if name.endswith((".py", ".yml", ".db", ".json", ".md")) or "secret" in name:
                    yield os.path.join(place, name)
def holds(value):
    text = value if isinstance(value, str) else ""
    return any(word in text for word in words)
found = [n for n, m in list(sys.modules.items()) if "reference" in n and "autograder" in n]
found += ["module " + n for n in sys.modules if n.endswith((".judge", ".checks", ".draw"))
          and n.startswith("autograder")]
for thing in gc.get_objects():
    code = getattr(thing, "__code__", None) if isinstance(thing, types.FunctionType) else None
    if code and holds(" ".join(map(str, code.co_consts))):
        found.append("function " + thing.__qualname__)
for path in readable():
    try:
        with open(path, errors="replace") as file:
            if holds(file.read(1 << 20)): found.append("file " + path)
    except OSError: pass
for path in ({course!r} + "/grading.yml", {course!r} + "/reference/backprop/train.py",
             {course!r} + "/.autograder-secret"):
    if {namespaces} and os.path.exists(path): found.append("exists " + path)
for name in os.environ:
    if "AUTOGRADER" in name: found.append("variable " + name)
def {first}(*args):
    raise ValueError("found: " + repr(found[:5]))
"""


def test_a_search_of_memory_and_files_finds_no_reference(grader):
    sentences = [m.sentence for r in ASSIGNMENT.references.values() for m in r.mistakes.values()]
    words = [sentence[:60] for sentence in sentences]
    search = SEARCH.format(
        words=words, course=str(COURSE.folder), first=FIRST, namespaces=grader.tier.namespaces
    )
    patient = LIMITS.model_copy(update={"cell_seconds": 120.0, "notebook_seconds": 120.0})
    with pool(grader.tier, patient) as zygotes:
        graded = Grader(zygotes, grader.tier)(IMPORTS, search, limits=patient)
    assert graded.notes == {}
    assert "found: []" in graded.hints[FIRST]
    assert set(graded.points.values()) == {0}


def test_nothing_is_handed_from_one_submission_to_the_next(grader):
    places = "import os, tempfile\nplaces = ['x', os.path.join(tempfile.gettempdir(), 'y')]\n"
    write = places + "for place in places: open(place, 'w').write('answer')"
    read = f"{places}def {FIRST}(*args): raise ValueError(list(map(os.path.exists, places)))"
    assert grader(write).notes == {}
    assert "[False, False]" in grader(read).hints[FIRST]


REFUSED = {  # as Python would write it, with what it must say
    "a process": "os.fork()",
    "a program": "os.execv('/usr/bin/env', ['env'])",
    "a spawned program": "os.posix_spawn('/usr/bin/env', ['env'], {})",
    "a shell": "subprocess.run('ls', shell=True)",
    "a pool": "multiprocessing.Pool(1)",
    "a TCP socket": "socket.socket()",
    "a UDP socket": "socket.socket(type=socket.SOCK_DGRAM)",
    "a local socket": "socket.socket(socket.AF_UNIX)",
    "a kernel socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "a file in memory": "os.memfd_create('x')",
    "a signal to all": "os.kill(-1, 0)",
    "a signal to the group": "os.kill(0, 0)",
    "a signal to the parent": "os.kill(os.getppid() or 2, 0)",
    "a handle on a process": "os.pidfd_open(os.getpid())",
    "signals by a file": "fcntl.fcntl(3, fcntl.F_SETOWN, 1)",
    "another signal by a file": "fcntl.fcntl(3, fcntl.F_SETSIG, 9)",
    "a lease": "fcntl.fcntl(3, fcntl.F_SETLEASE, fcntl.F_RDLCK)",
    "notices of a folder": "fcntl.fcntl(os.open('.', 0), fcntl.F_NOTIFY, fcntl.DN_ACCESS)",
    "more processor time": "resource.setrlimit(resource.RLIMIT_CPU, (999, 999))",
    "another user": "os.setuid(0)",
    "another group of processes": "os.setpgid(0, 0)",
    "another root": "os.chroot('.')",
    "another host name": "socket.sethostname('x')",
    "priority": "os.setpriority(os.PRIO_PROCESS, 0, -5)",
    "a device": "os.mknod('x', 0o20666, os.makedev(1, 3))",
    "a pipe with a name": "os.mkfifo('x')",
    "attributes of a file": "os.setxattr('.', 'user.x', b'x')",
}
CALLS = {  # straight to the kernel, by number on x86_64
    **{"shmget": (29, 0x1234, 1 << 20, 0o1666), "msgget": (68, 0x1234, 0o1666)},
    **{"semget": (64, 0x1234, 1, 0o1666), "mq_open": (240, b"x", 0o102, 0o666, 0)},
    **{"keyctl": (250, 1, 0), "add_key": (248, b"user", b"name", b"answer", 6, -4)},
    **{"ptrace": (101, 0, 0, 0, 0), "process_vm_readv": (310, 1, 0, 0, 0, 0, 0)},
    **{"process_vm_writev": (311, 1, 0, 0, 0, 0, 0), "pidfd_getfd": (438, 3, 3, 0)},
    **{"unshare": (272, 0x10000000), "setns": (308, 3, 0), "clone": (56, 0x10000011, 0, 0, 0, 0)},
    **{"mount": (165, b"none", b"/tmp", b"tmpfs", 0, 0), "umount2": (166, b"/tmp", 0)},
    **{"pivot_root": (155, b".", b"."), "open_tree": (428, -100, b"/", 0)},
    **{"move_mount": (429, -1, b"", -1, b"", 0), "fsopen": (430, b"tmpfs", 0)},
    **{"io_uring_setup": (425, 1, 0), "bpf": (321, 0, 0, 0), "userfaultfd": (323, 0)},
    **{"perf_event_open": (298, 0, 0, 0, 0, 0), "memfd_secret": (447, 0)},
    **{"kexec_load": (246, 0, 0, 0, 0), "init_module": (175, 0, 0, 0), "swapon": (167, b"x", 0)},
    **{"prctl PDEATHSIG": (157, 1, 0, 0, 0, 0), "prctl DUMPABLE": (157, 4, 1, 0, 0, 0)},
    **{"prlimit of another": (302, 1, 0, b"\xff" * 16, 0), "tkill": (200, 1, 9)},
    **{"sched_setscheduler": (144, 0, 0, 0), "chown": (92, b".", 0, 0), "acct": (163, 0)},
    **{"inotify_init1": (294, 0), "fanotify_init": (300, 0, 0), "mincore": (27, 0, 0, 0)},
    **{"futex_waitv": (449, 0, 0, 0, 0, 0), "timer_create": (222, 0, 0, 0)},
    **{"personality": (135, 0x40000), "name_to_handle_at": (303, -100, b".", 0, 0, 0)},
}
ANSWERED = f"""
import ctypes, errno, fcntl, multiprocessing, os, resource, socket, subprocess
libc = ctypes.CDLL(None, use_errno=True)
found = []
def straight(name, number, *arguments):
    ctypes.set_errno(0)
    words = [a if isinstance(a, bytes) else ctypes.c_long(a) for a in arguments]
    if libc.syscall(number, *words) != -1 or ctypes.get_errno() != errno.EPERM:
        found.append(name + " " + errno.errorcode.get(ctypes.get_errno(), "done"))
def python(name, code):
    try: eval(code)
    except (OSError, ValueError): return
    found.append(name)
def {FIRST}(*args): raise ValueError("found: " + repr(found))
"""


def test_what_an_exercise_does_not_need_is_refused_by_the_kernel(grader):
    tries = "".join(f"python({name!r}, {code!r})\n" for name, code in REFUSED.items())
    graded = grader(ANSWERED + tries)
    assert graded.notes == {}
    assert "found: []" in graded.hints[FIRST], graded.hints[FIRST]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are of x86_64")
def test_system_calls_that_reach_out_of_the_worker_are_refused(grader):
    tries = "".join(f"straight({name!r}, *{call!r})\n" for name, call in CALLS.items())
    graded = grader(ANSWERED + tries)
    assert graded.notes == {}
    assert "found: []" in graded.hints[FIRST], graded.hints[FIRST]


SIGNS = """
import ctypes, fcntl, os, struct, sys
SHARED = os.__file__
def flock():
    one, two = open(SHARED), open(SHARED)
    fcntl.flock(one, fcntl.LOCK_EX)
    try: fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError: return True
def lock():
    F_OFD_GETLK, F_OFD_SETLK = 36, 37
    one, two = open(SHARED), open(SHARED)
    lock = lambda kind: struct.pack("hhqqi4x", kind, 0, 0, 1, 0)
    fcntl.fcntl(one, F_OFD_SETLK, lock(fcntl.F_RDLCK))
    found = fcntl.fcntl(two, F_OFD_GETLK, lock(fcntl.F_WRLCK))
    return struct.unpack("hhqqi4x", found)[0] != fcntl.F_UNLCK
def futex():
    FUTEX, FUTEX_WAIT, moment = {futex}, 0, struct.pack("qq", 0, 1000)
    libc = ctypes.CDLL(None, use_errno=True)
    word = ctypes.cast(libc.getpid, ctypes.c_void_p)  # in a page that all have of one file
    value = ctypes.c_int.from_address(word.value & ~3).value
    word = ctypes.c_void_p(word.value & ~3)
    return libc.syscall(FUTEX, word, FUTEX_WAIT, value, moment, None, 0) != 0
found = [sign.__name__ for sign in (flock, lock, futex) if sign()]
def {first}(*args): raise ValueError("found: %r" % found)
"""


@pytest.mark.skipif(platform.machine() not in seccomp.AUDIT_ARCH, reason="no system call numbers")
def test_no_lock_or_futex_on_a_shared_file_is_a_sign_to_another_worker(grader):
    number = seccomp.FUTEX[list(seccomp.AUDIT_ARCH).index(platform.machine())]
    assert "found: []" in grader(SIGNS.format(futex=number, first=FIRST)).hints[FIRST]


def test_a_worker_changes_no_rights_and_times_of_what_its_user_owns(grader):
    """It may be the user that the course belongs to; Landlock leaves this to be denied."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        path = Path(folder, "file")
        path.write_text("x")
        if os.getuid() == 0:
            os.chown(path, UNPRIVILEGED, -1)
        before = path.stat()
        cell = (
            "import os\nfor change in (lambda p: os.chmod(p, 0), lambda p: os.utime(p, (0, 0))):\n"
            f"    try: change({str(path)!r})\n    except OSError: pass"
        )
        assert grader(*solutions(), cell).notes == {}
        assert path.stat() == before


OTHER_TABLES = {
    "x32": "ctypes.CDLL(None).syscall(0x40000000 + 39)",
    "i386": (
        "import mmap\n"
        "    code = mmap.mmap(-1, 4096, prot=7)\n"  # mov eax, 20 (getpid); int 0x80; ret
        "    code.write(b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3')\n"
        "    start = ctypes.addressof(ctypes.c_char.from_buffer(code))\n"
        "    ctypes.CFUNCTYPE(ctypes.c_int)(start)()"
    ),
}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x86_64 has them")
@pytest.mark.parametrize("call", OTHER_TABLES.values(), ids=OTHER_TABLES)
def test_another_table_of_system_calls_ends_the_worker(grader, call):
    code = f"import ctypes\ndef {FIRST}(*args):\n    {call}"
    graded = grader(*solutions(**{FIRST: code}))
    assert graded.kinds[FIRST] <= {Kind.crashed, Kind.not_run}
    assert graded.points == FULL | {FIRST: 0}


HONEST = {
    "threads": "import threading\nt = threading.Thread(target=print); t.start(); t.join()",
    "many torch threads": (
        "torch.set_num_threads(8); (torch.ones(512, 512) @ torch.ones(512, 512)).sum().item()"
    ),
    "a pool of threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool: assert list(pool.map(abs, [-1, 2])) == [1, 2]"
    ),
    "asyncio": "import asyncio\nassert asyncio.run(asyncio.to_thread(abs, -1)) == 1",
    "files": (
        "import os, pathlib, shutil, tempfile\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    path = pathlib.Path(folder, 'a'); path.write_text('x'); path.rename(folder + '/b')\n"
        "    shutil.copytree(folder, folder + '2'); shutil.rmtree(folder + '2')\n"
        "    os.symlink('b', folder + '/c'); os.chmod(folder + '/b', 0o600)\n"
        "    os.truncate(folder + '/b', 0)"
    ),
    "saving tensors": (
        "torch.save(torch.ones(3), 'x.pt'); assert torch.load('x.pt').sum() == 3\n"
        "torch.load('x.pt', mmap=True)"
    ),
    "arrays on disk": (
        "import numpy as np\n"
        "m = np.memmap('m', dtype='f4', mode='w+', shape=9); m[:] = 1; m.flush(); np.save('n', m)"
    ),
    "a picture": (
        "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.savefig('p.png'); plt.show()"
    ),
    "a progress bar": "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass",
    "time": "import time; time.sleep(0.01); time.perf_counter(); time.time()",
    "alarms": "import signal; signal.alarm(9); signal.setitimer(signal.ITIMER_REAL, 0)",
    "training": (
        "m = nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.Dropout())\n"
        "o = torch.optim.AdamW(m.parameters())\n"
        "m(torch.randn(4, 1, 8)).square().mean().backward(); o.step()"
    ),
    "data loaders": (
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "data = TensorDataset(torch.ones(8, 2))\n"
        "assert len(list(DataLoader(data, batch_size=2, shuffle=True))) == 4"
    ),
    "checkpoints, func and profiler": (
        "from torch.utils.checkpoint import checkpoint\n"
        "checkpoint(torch.exp, torch.ones(2, requires_grad=True), use_reentrant=False)\n"
        "torch.func.vmap(torch.func.grad(lambda x: x * x))(torch.ones(3))"
    ),
    "questions about the machine": (
        "import os, platform; os.cpu_count(); platform.platform(); os.getloadavg"
    ),
    "locks": (
        "import fcntl, threading\n"
        "with open('l', 'w') as file:\n"
        "    fcntl.flock(file, fcntl.LOCK_EX); fcntl.lockf(file, fcntl.LOCK_EX)\n"
        "lock = threading.Lock(); threads = [threading.Thread(target=lock.acquire) for _ in 'ab']\n"
        "for t in threads: t.start()\n"
        "threads[0].join(); lock.release(); threads[1].join()"
    ),
    "a thread of C": (
        "import ctypes\nlibc, thread = ctypes.CDLL(None), ctypes.c_ulong()\n"
        "assert libc.pthread_create(ctypes.byref(thread), None, libc.usleep, 100_000) == 0\n"
        "assert libc.pthread_join(thread, None) == 0"
    ),
    "databases": (
        "import sqlite3\n"
        "for name, mode in ((':memory:', 'MEMORY'), ('a', 'DELETE'), ('b', 'WAL')):\n"
        "    one = sqlite3.connect(name); one.execute(f'PRAGMA journal_mode = {mode}')\n"
        "    with one: one.execute('CREATE TABLE t AS SELECT 1 AS x')\n"
        "    two = one if name == ':memory:' else sqlite3.connect(name)\n"
        "    with two: two.execute('INSERT INTO t VALUES (2)')\n"
        "    assert one.execute('SELECT sum(x) FROM t').fetchone() == (3,)"
    ),
    "copies with their times": (
        "import shutil; open('c', 'w').close(); shutil.copy2('c', 'd'); shutil.copymode('c', 'd')"
    ),
    "megabytes of warnings": "import sys\nfor _ in range(600): sys.stderr.write('x' * 10_000)",
}


@pytest.mark.parametrize("cell", HONEST.values(), ids=HONEST)
def test_what_honest_notebooks_do_is_allowed(grader, cell):
    cells = solutions()
    cells[1] = f"{cell}\n{cells[1]}"
    graded = grader(*cells)
    assert graded.notes == {}
    assert graded.points == FULL


def test_what_the_kernel_refuses_is_explained(grader):
    source = f"import subprocess\ndef {FIRST}(*args): subprocess.run('ls')"
    graded = grader(*solutions(**{FIRST: source}), "import socket; socket.socket()")
    assert "not available while grading" in graded.hints[FIRST]
    assert "not available while grading" in graded.notes[len(FULL) + 2][0]


# Files are known by device and inode: a path, a link or a mount that leads to one is found.
WALK = """
import json, os
hidden = {{tuple(pair) for pair in json.load(open("hidden.json"))}}
found, seen = [], 0
for top in {tops}:  # the root itself cannot be listed
    for place, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(place, name)
            try: status = os.stat(path)
            except OSError: continue
            seen += 1
            if (status.st_dev, status.st_ino) in hidden: found.append(path)
for path in {paths}:
    try: os.close(os.open(path, os.O_RDONLY)); found.append(path)
    except OSError: pass
    if {namespaces} and os.path.lexists(path) and not os.path.isdir(path): found.append(path)
def {first}(*args): raise ValueError("found: %r of %d" % (found[:5], seen))
"""


def test_no_path_leads_to_answers_points_results_or_the_repository(grader, tmp_path):
    """The test's own environment is an editable install, whose finder knows the checkout."""
    (tmp_path / "grades.db").write_text("results")
    root = COURSE.folder
    shown = [ASSIGNMENT.folder, *(Path(path) for path in _visible(ASSIGNMENT.folder))]
    tops = [
        p for p in (*root.iterdir(), tmp_path) if p not in (root / ".venv", root / "assignments")
    ]
    hidden = [
        path
        for top in tops
        for path in ([top, *top.rglob("*")] if top.is_dir() else [top])
        if not any(path.is_relative_to(s) or s.is_relative_to(path) for s in shown)
    ]
    assert {"reference", "grading.yml", "README.md", "grades.db"} <= {path.name for path in hidden}
    pairs = [[status.st_dev, status.st_ino] for status in map(os.stat, hidden)]
    tops = {"/", "/scratch", "/etc", *SYSTEM, *map(str, shown), *map(str, root.parents)}
    walk = WALK.format(
        tops=sorted(tops),
        paths=[str(path) for path in (*hidden[:500], root)],
        namespaces=grader.tier.namespaces,
        first=FIRST,
    )
    patient = LIMITS.model_copy(update={"cell_seconds": 120.0, "notebook_seconds": 120.0})
    with pool(grader.tier, patient) as zygotes:
        files = {"hidden.json": json.dumps(pairs)}
        graded = Grader(zygotes, grader.tier)(IMPORTS, walk, limits=patient, files=files)
    assert graded.notes == {}
    hint = graded.hints[FIRST]
    assert "found: [] of " in hint, hint
    assert int(re.search(r"of (\d+)", hint)[1]) > 1000  # it did walk


def test_of_the_system_no_more_is_shown_than_python_needs(grader):
    paths = [
        "/usr/bin/env",
        "/usr/src",
        "/usr/local/src",
        "/usr/games",
        "/etc/passwd",
        "/etc/hosts",
    ]
    code = (
        "import os\ndef attempt(path):\n    try: os.close(os.open(path, os.O_RDONLY))\n"
        "    except OSError: return 'denied'\n"
        f"def {FIRST}(*args): raise ValueError([attempt(p) for p in {paths}])"
    )
    assert str(["denied"] * len(paths)) in grader(code).hints[FIRST]


IN_A_READABLE_FOLDER = {
    "of the system": Path("/usr/share/course"),
    "of the system, by another name": Path("/lib/course"),
    "of the packages": Path(pytest.__file__).parent / "course",
    "of Python": Path(os.__file__).parent,
    "of the exercises": ASSIGNMENT.folder / "results",
}


@pytest.mark.parametrize("path", IN_A_READABLE_FOLDER.values(), ids=IN_A_READABLE_FOLDER)
def test_without_namespaces_nothing_hidden_may_lie_in_a_readable_folder(path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    for hidden in (path, tmp_path / "link" / "subs.zip"):
        with pytest.raises(SandboxError) as told:
            Zygotes(ASSIGNMENT.folder, (COURSE.folder, hidden), Tier("B", 7), LIMITS, 1)
        assert f"{os.path.realpath(hidden)} lies in there: move it" in str(told.value)
    with Zygotes(ASSIGNMENT.folder, (COURSE.folder, path), Tier("A", 7), LIMITS, 1):
        pass  # there it is masked


def test_without_namespaces_a_course_beside_readable_folders_is_fine():
    for course in ("/usr/src/app", "/usr/local/src", "/srv", str(COURSE.folder), sys.prefix, "/"):
        _refuse_readable((course,), _visible(ASSIGNMENT.folder))


@pytest.mark.skipif(not detect(trusted=True).namespaces, reason="no namespaces on this machine")
def test_hidden_files_and_folders_are_empty_in_namespaces_and_stay_so(tmp_path):
    shown, folder, file = (
        tmp_path / "shown",
        tmp_path / "shown/folder",
        tmp_path / "shown/class.zip",
    )
    folder.mkdir(parents=True)
    for path in (shown / "public", folder / "results", file):
        path.write_text("content")
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:  # go on as the zygote does, which has all capabilities there
        with contextlib.suppress(BaseException), open(writer, "w") as pipe:
            kernel.call("prctl", kernel.PR_SET_DUMPABLE, 1, 0, 0, 0)  # pools of other tests hid us
            namespaces.leave()
            namespaces.settle([str(shown)], [str(folder), str(file)])
            said = [(shown / "public").read_text(), file.read_text(), os.listdir(folder)]
            for path in (file, folder / "new", folder):
                try:
                    path.touch() if path == folder / "new" else path.chmod(0o777)
                    said.append("changed")
                except OSError as error:
                    said.append(errno.errorcode[error.errno])
            json.dump(said, pipe)
        os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        assert json.load(pipe) == ["content", "", [], "EROFS", "EROFS", "EROFS"]
    os.waitpid(child, 0)


HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", 0),
    "aarch64": ("/usr/include/asm-generic/unistd.h", 1),
}


@pytest.mark.parametrize("header, column", HEADERS.values(), ids=HEADERS)
def test_the_numbers_of_system_calls_are_the_kernels(header, column):
    if not Path(header).exists():
        pytest.skip("the kernel's headers are not installed")
    lines = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text())
    numbers = {name: int(number) for name, number in lines}
    numbers.setdefault("newfstatat", numbers.get("fstatat"))
    ours = {
        n: v[column]
        for n, v in (
            seccomp.ALLOWED
            | seccomp.CONDITIONAL
            | seccomp.OF_THE_OWNER
            | seccomp.UNSUPPORTED
            | {"futex": seccomp.FUTEX}
        ).items()
    }
    assert {n: v for n, v in ours.items() if v is not None} == {
        n: numbers[n] for n, v in ours.items() if v is not None
    }
    assert [n for n, v in ours.items() if v is None and n in numbers] == []


def test_a_worker_is_in_a_cgroup_of_its_own_with_its_limits(grader):
    if not (tier := detect()).cgroups or not grader.tier.namespaces:
        pytest.skip("no cgroups on this machine")
    names = ("pids.max", "memory.max", "memory.limit_in_bytes")
    others = groups()  # of the zygote of other tests
    with pool(tier) as zygotes, zygotes.lease() as zygote:
        seen, known = [], set(descendants(os.getpid()))
        for _ in range(3):
            (mine,) = {folder.name for folder in groups() if folder not in others}
            with zygote.worker():
                made = [folder for folder in groups() if folder.name == mine]
                limits = {
                    f.name: f.read_text() for g in made for f in g.iterdir() if f.name in names
                }
                assert int(limits.pop("pids.max")) == PROCESSES + 1
                (memory,) = limits.values()
                assert int(memory) == (LIMITS.memory_mb << 20) + HEADROOM
                (worker,) = set(descendants(os.getpid())) - known
                for folder in made:
                    assert str(worker) in (folder / "cgroup.procs").read_text().split()
            seen.append(mine)
        assert len(set(seen)) == 3  # nothing is left over from one to the next
    assert groups() == others


def groups() -> list[Path]:
    return [path for path in Path("/sys/fs/cgroup").rglob(f"autograder-{os.getpid()}-*")]


def test_no_worker_process_is_left(grader):
    with pool(grader.tier) as zygotes:
        others = set(descendants(os.getpid()))  # of other tests, and what they keep warm
        hangs = solutions(**{FIRST: f"def {FIRST}(*args):\n    while True: pass"})
        Grader(zygotes, grader.tier)(*hangs)
        ours = set(descendants(os.getpid())) - others
        assert len(ours) == (2 if grader.tier.namespaces else 1)


def descendants(process: int) -> list[int]:
    """The zygote (in namespaces with the parent that waits for it), and what it started."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [d for child in map(int, children) for d in (child, *descendants(child))]


def test_a_scratch_folder_is_all_that_a_worker_can_write(grader):
    places = ["/", "/tmp/../x", "/usr/x", str(COURSE.folder / "x"), str(ASSIGNMENT.folder / "x")]
    code = (
        "import os\ndef attempt(path):\n    try: open(path, 'w'); return 'written'\n"
        "    except OSError as error: return 'denied'\n"
        f"def {FIRST}(*args): raise ValueError([attempt(p) for p in {json.dumps(places)}])"
    )
    assert str(["denied"] * len(places)) in grader(code).hints[FIRST]
