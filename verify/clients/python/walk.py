# SPDX-License-Identifier: Apache-2.0
# The walk-through's steps with the Python client: walk.py KUBECONFIG containers|simulated
import sys
import time

from kubernetes import client, config, watch
from kubernetes.stream import portforward, stream

NAMESPACE = "walk-python"

config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()
apps = client.AppsV1Api()


def until_ready(replicas):
    watcher = watch.Watch()
    for event in watcher.stream(apps.list_namespaced_deployment, NAMESPACE, timeout_seconds=60):
        now = event["object"]
        status = now.status
        if (
            now.metadata.generation == status.observed_generation
            and status.updated_replicas == replicas
            and status.available_replicas == replicas
            and status.replicas == replicas
        ):
            return
    sys.exit(f"the deployment has not {replicas} ready replicas")


def expect(what, actual, expected):
    if expected not in actual:
        sys.exit(f"{what}: expected {expected!r} in {actual!r}")


def until(what, is_so):
    """A container runs before its server has said something and listens."""
    end = time.monotonic() + 60
    while not is_so():
        if time.monotonic() > end:
            sys.exit(f"not within a minute: {what}")
        time.sleep(0.05)


def page(pod):
    forward = portforward(core.connect_get_namespaced_pod_portforward, pod, NAMESPACE, ports="8080")
    socket = forward.socket(8080)
    socket.setblocking(True)
    page = b""
    try:
        socket.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while piece := socket.recv(1024):
            page += piece
    except OSError as not_yet:
        return str(not_yet)
    return page.decode()


core.create_namespace({"metadata": {"name": NAMESPACE}})
template = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "example/web:1"}]},
}
spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}
apps.create_namespaced_deployment(NAMESPACE, {"metadata": {"name": "web"}, "spec": spec})
until_ready(3)

if sys.argv[2] == "containers":
    pod = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items[0].metadata.name
    until("its first words", lambda: "web 1 starts" in core.read_namespaced_pod_log(pod, NAMESPACE))
    told = stream(
        core.connect_get_namespaced_pod_exec,
        pod,
        NAMESPACE,
        command=["id"],
        stdin=False,
        stdout=True,
        stderr=True,
        tty=False,
    )
    expect("exec", told, "uid=0(root) gid=0")
    until("a page", lambda: "web 1" in page(pod))

apps.patch_namespaced_deployment("web", NAMESPACE, {"spec": {"replicas": 5}})
until_ready(5)
try:
    core.read_namespaced_config_map("nope", NAMESPACE)
    sys.exit("a config map that nobody made")
except client.ApiException as missing:
    expect("error", missing.body, 'configmaps \\"nope\\" not found')

core.delete_namespace(NAMESPACE)
for _ in range(120):
    if all(each.metadata.name != NAMESPACE for each in core.list_namespace().items):
        print("walked through")
        sys.exit(0)
    time.sleep(0.5)
sys.exit("the namespace has not gone")
