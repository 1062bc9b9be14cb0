"""Plays systemd: starts a command with sockets and a place to tell how it does, keeps descriptors, starts it again after a crash."""
import json, os, select, signal, socket, sys

options, command = json.loads(sys.argv[1]), sys.argv[2:]
report = os.dup(3)
os.close(3)


def tell(**what):
    os.write(report, (json.dumps(what) + "\n").encode())


def listen(name, address, port, uid=0):
    os.seteuid(uid)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((address, port))
    one.listen()
    os.seteuid(0) if uid else None
    return name, one.detach()


def start(sockets):
    pid = os.fork()
    if pid:
        return pid
    high = [os.dup2(fd, 200 + i) for i, (_, fd) in enumerate(sockets)]
    for i, fd in enumerate(high):
        os.dup2(fd, 3 + i, inheritable=True)
        os.close(fd)
    os.environ["NOTIFY_SOCKET"] = options["notify"]
    if sockets:
        names = ":".join(name for name, _ in sockets)
        os.environ.update(LISTEN_FDS=str(len(sockets)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=names)
    if options.get("watchdog"):
        os.environ.update(WATCHDOG_USEC=str(options["watchdog"] * 1000), WATCHDOG_PID=str(os.getpid()))
    os.execvp(command[0], command)


waker, woken = os.pipe()
os.set_blocking(woken, False)
signal.set_wakeup_fd(woken)
signal.signal(signal.SIGCHLD, lambda *_: None)
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(options["notify"])
given = [listen(**each) for each in options.get("sockets", [])]
kept, main = [], start(given)
successor = main
tell(started=main)
while True:
    ready, _, _ = select.select([0, manager, waker], [], [])
    if manager in ready:
        text, fds, _, _ = socket.recv_fds(manager, 8192, 253)
        lines = dict(line.split("=", 1) for line in text.decode().splitlines())
        if "FDSTORE" in lines:
            kept += [(lines["FDNAME"], fd) for fd in fds]
        else:
            for fd in fds:
                os.close(fd)
        if "FDSTOREREMOVE" in lines:
            for name, fd in kept:
                os.close(fd) if name == lines["FDNAME"] else None
            kept = [each for each in kept if each[0] != lines["FDNAME"]]
        successor = int(lines.get("MAINPID", successor))
        tell(heard=text.decode(), fds=len(fds))
    elif waker in ready:
        os.read(waker, 100)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                pid = 0
            if pid == 0:
                break
            tell(ended=pid, status=os.waitstatus_to_exitcode(status))
            if pid == main and os.waitstatus_to_exitcode(status) != 0 and options.get("restart"):
                main = start(given + kept)
                tell(started=main)
    elif 0 in ready:
        for pid in {main, successor}:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        break
