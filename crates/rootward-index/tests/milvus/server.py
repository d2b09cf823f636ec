"""A Milvus server for tests: `server.py [MS]` prints the port it listens at, and ends when its standard input does.

Whoever asks for all that was acknowledged waits for the server's next tick, which comes every MS milliseconds, 200 by default.

It needs the packages that requirements.txt beside it lists. Everything it writes is in a temporary folder, which goes with it.
"""

import contextlib
import pathlib
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request

from milvus import MilvusServer

SECONDS_TO_START = 180
PARTS = ("rootCoord", "proxy", "queryCoord", "queryNode", "indexNode", "dataCoord", "dataNode")


def free_ports(n: int) -> list[int]:
    """Ports that nobody has, all taken at once so that none comes twice."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket()) for _ in range(n)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in listeners]


def configured(folder: pathlib.Path) -> MilvusServer:
    """A server that shares no port with any other, and whose parts find each other on this machine."""
    server = MilvusServer(wait_for_started=False)
    server.set_base_dir(str(folder))
    keys = [key for key in server.config_keys if key.endswith("_port")]
    peer, server.webservice_port, *ports = free_ports(2 + len(keys))
    server.config.configs.update(zip(keys, ports))
    for part in PARTS:
        server.config.set(f"{part}.ip", "127.0.0.1")
    server.config.set("proxy.timeTickInterval", sys.argv[1] if len(sys.argv) > 1 else "200")
    # The etcd inside listens at 2379 and 2380, whatever port the server looks for it at, unless a file says otherwise.
    client = f"http://127.0.0.1:{server.config.configs['etcd_port']}"
    etcd = folder / "etcd.yaml"
    etcd.write_text(
        f"name: default\nlisten-client-urls: {client}\nadvertise-client-urls: {client}\n"
        f"listen-peer-urls: http://127.0.0.1:{peer}\ninitial-advertise-peer-urls: http://127.0.0.1:{peer}\n"
        f"initial-cluster: default=http://127.0.0.1:{peer}\n"
    )
    plain = "\n  use:\n    embed: true"
    assert plain in server.config.template_text, "the package's configuration is not that of milvus 2.3.5"
    server.config.template_text = server.config.template_text.replace(
        plain, f"\n  config:\n    path: {etcd}{plain}"
    )
    return server


def wait(server: MilvusServer, folder: pathlib.Path) -> None:
    """Waits until the server is healthy."""
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and server.server_proc.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            url = f"http://127.0.0.1:{server.webservice_port}/healthz"
            with urllib.request.urlopen(url, timeout=5) as answer:
                if b"OK" in answer.read():
                    return
        time.sleep(0.1)
    said = (folder / "logs" / "milvus-stderr.log").read_text(errors="replace")
    sys.exit(f"Milvus did not start within {SECONDS_TO_START} s, or ended:\n{said[:4000]}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rootward-milvus-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        server = configured(folder)
        try:
            server.start()
            wait(server, folder)
            print(server.config.configs["proxy_port"], flush=True)
            sys.stdin.read()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
