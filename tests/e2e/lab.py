"""Concourse and what it needs, inside the run's own namespaces: whatever is started here ends with them."""

import os
import signal
import subprocess
import time
from pathlib import Path
from threading import Lock

from . import images
from .concourse import Concourse
from .environments import Environments
from .github import GitHub
from .tools import CNI, Tools, run
from .wait import until

# All names of the outside world, for the containers and for us: the address of the containers' bridge.
HOST = "10.80.0.1"
POOL = "10.80.0.0/16"
NAMES = ["concourse.test", "environments.test", "git.test", "github.test", "registry.test"]
STATE = Path("/run/e2e")  # in memory, and gone with the namespaces
DATABASE = ["-h", "127.0.0.1", "-U", "postgres"]

CONTAINERD = """\
version = 2
state = "STATE"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
"""
REGISTRY = """\
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: /run/e2e/registry}}
http: {addr: "0.0.0.0:5000"}
"""
# Images keep the names that they have outside.
DEFAULTS = """\
registry-image:
  insecure: true
  registry_mirror: {host: "registry.test:5000"}
"""


class Lab:
    """A running Concourse, and the world around it."""

    def __init__(self, tools: Tools, logs: Path) -> None:
        self.tools, self.logs = tools, logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.another: Path | None = None
        self.making = Lock()

    def up(self) -> None:
        """Starts everything; ends when a worker runs."""
        self.prepare()
        tools = self.tools
        self.start("registry", ["docker-registry", "serve", self.file("registry.yml", REGISTRY)])
        self.start("git", ["git", "daemon", "--export-all", "--reuseaddr", f"--base-path={STATE}/git", STATE / "git"])
        authority = STATE / "ca.pem"
        self.start("github", [
            tools.fake_github, "--listen", "0.0.0.0:443", "--name", "github.test", "--prefix", "/api/v3", "--ca", authority,
        ])  # fmt: skip
        self.start_postgres()
        self.start_web()
        for name, layout in images.make(STATE / "images", STATE / "types", tools).items():
            self.push(layout, name)
        until("the fake GitHub's certificate authority", authority.exists)
        self.github = GitHub("https://github.test", authority)
        self.environments = Environments(HOST, 9000)
        self.concourse = Concourse(tools.fly, "http://concourse.test:8080", STATE, self.logs, self.sql)
        until("Concourse's API", self.concourse.login)
        # The scheduler's ten seconds are fixed in the program, but read from this table each time.
        self.sql("update components set interval = '1s' where name = 'scheduler'")
        self.start_worker()

    def push(self, layout: Path, name: str) -> None:
        """Brings an image to the registry."""
        run([
            "skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", f"oci:{layout}",
            f"docker://127.0.0.1:5000/{name}",
        ])  # fmt: skip

    def prepare(self) -> None:
        """Makes the namespaces a place to live in: nothing of it is seen outside."""
        for folder in (Path("/run"), Path("/var/lib/cni")):
            folder.mkdir(parents=True, exist_ok=True)
            run(["mount", "-t", "tmpfs", "tmpfs", folder])
        for folder in ("git", "home", "keys", "pg", "registry", "types"):
            (STATE / folder).mkdir(parents=True)
        hosts = self.file("hosts", f"127.0.0.1 localhost\n{HOST} {' '.join(NAMES)}\n")
        run(["mount", "--bind", hosts, "/etc/hosts"])
        run(["ip", "link", "set", "lo", "up"])
        # By the name that Concourse gives it; made here so that servers can listen before the first container. Without
        # an address of its own it changes address with the containers, and those that run lose it for half a minute.
        run(["ip", "link", "add", "name", "concourse0", "address", "02:00:00:00:00:01", "type", "bridge"])
        run(["ip", "address", "add", f"{HOST}/16", "dev", "concourse0"])
        run(["ip", "link", "set", "concourse0", "up"])
        for name in ("http_proxy", "https_proxy", "no_proxy"):  # the worker would hand these to every container
            os.environ.pop(name, None)
            os.environ.pop(name.upper(), None)
        os.environ["HOME"] = str(STATE / "home")

    def file(self, name: str, text: str) -> Path:
        """A file of the run's state."""
        path = STATE / name
        path.write_text(text)
        return path

    def start(self, name: str, command: list[object]) -> None:
        """Starts a program whose output goes to a log."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def dead(self) -> str | None:
        """The first program that ended though nobody asked it to."""
        for name, process in self.running.items():
            if process.poll() is not None:
                return f"{name} ended with {process.returncode}; see {name}.log"
        return None

    def start_postgres(self) -> None:
        """Starts PostgreSQL, as its own user; what is lost with the machine is meant to be lost."""
        bin, data = self.tools.postgres, STATE / "pg"
        run(["chown", "postgres:postgres", data])
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        run([*user, bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"], cwd="/")
        settings = "listen_addresses=127.0.0.1 unix_socket_directories= fsync=off synchronous_commit=off full_page_writes=off"
        flags = [flag for setting in settings.split() for flag in ("-c", setting)]
        self.start("postgres", [*user, bin / "postgres", "-D", data, *flags])
        until("PostgreSQL", lambda: subprocess.run([bin / "pg_isready", "-q", *DATABASE]).returncode == 0)
        run([bin / "createdb", *DATABASE, "concourse"])

    def sql(self, query: str) -> str:
        """What Concourse's database answers."""
        return run([self.tools.postgres / "psql", *DATABASE, "-d", "concourse", "-qAtc", query]).strip()

    def start_web(self) -> None:
        """Starts Concourse's web node. It looks for work every second, which is what a test has patience for."""
        concourse, keys = self.tools.concourse, STATE / "keys"
        run([concourse, "generate-key", "-t", "rsa", "-f", keys / "session"])
        for name in ("tsa", "worker"):
            run([concourse, "generate-key", "-t", "ssh", "-f", keys / name])
        self.start("web", [
            concourse, "web",
            "--external-url", "http://concourse.test:8080", "--peer-address", "127.0.0.1",
            "--session-signing-key", keys / "session", "--tsa-host-key", keys / "tsa",
            "--tsa-authorized-keys", keys / "worker.pub", "--tsa-heartbeat-interval", "5s",
            "--postgres-host", "127.0.0.1", "--postgres-user", "postgres", "--postgres-database", "concourse",
            "--add-local-user", "alice:alice", "--main-team-local-user", "alice",
            "--base-resource-type-defaults", self.file("defaults.yml", DEFAULTS),
            "--component-runner-interval", "1s", "--lidar-scanner-interval", "1s", "--build-tracker-interval", "1s",
            "--max-checks-per-second", "-1", "--gc-interval", "10s", "--log-level", "info",
        ])  # fmt: skip

    def another_resource(self) -> Path:
        """An image of the resource of the same content and another digest."""
        with self.making:
            if self.another is None:
                self.another = images.next_version(STATE / "images/next", self.tools)
            return self.another

    def kill_worker(self) -> None:
        """The worker dies, and with it all that it ran: as when its machine does."""
        worker = self.running.pop("worker")
        worker.kill()
        worker.wait()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                name = (process / "comm").read_text().strip()
                ours = name.startswith("containerd") or "/garden" in (process / "cgroup").read_text()
                if ours:
                    os.kill(int(process.name), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError):
                pass  # it ended meanwhile

    def start_worker(self) -> None:
        """Starts a worker, and waits until it runs."""
        keys = STATE / "keys"
        # A name and a folder of its own: one that was killed counts as running for some seconds more.
        name = f"worker-{time.monotonic_ns()}"
        work = STATE / "workers" / name
        work.mkdir(parents=True)
        self.start("worker", [
            self.tools.concourse, "worker", "--name", name, "--ephemeral", "--work-dir", work,
            "--tsa-host", "127.0.0.1:2222", "--tsa-public-key", keys / "tsa.pub", "--tsa-worker-private-key", keys / "worker",
            "--resource-types", STATE / "types", "--baggageclaim-driver", "overlay", "--sweep-interval", "10s",
            "--runtime", "containerd", "--containerd-bin", "/usr/bin/containerd",
            "--containerd-config", self.file("containerd.toml", CONTAINERD.replace("STATE", str(work / "state"))),
            "--containerd-init-bin", self.tools.init,
            "--containerd-cni-plugins-dir", CNI, "--containerd-network-pool", POOL, "--containerd-external-ip", "127.0.0.1",
            "--containerd-mtu", "1500", "--containerd-privileged-mode", "fuse-only",
            # Names come from this list alone, and nothing is beyond the bridge.
            "--containerd-additional-hosts", f"{HOST} {' '.join(NAMES)}", "--containerd-dns-server", "127.0.0.1",
            # Else it would take over the chain INPUT.
            "--containerd-allow-host-access",
        ])  # fmt: skip
        until("a running worker", lambda: self.dead() or name in self.concourse.workers(), seconds=90)
        if dead := self.dead():
            raise RuntimeError(dead)
