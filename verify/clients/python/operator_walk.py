# SPDX-License-Identifier: Apache-2.0
"""An operator of kopf with admission webhooks, and a walk through what it does: operator_walk.py KUBECONFIG"""

import asyncio
import atexit
import datetime
import ipaddress
import logging
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time

import kopf
import kubernetes
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

GROUP, VERSION, PLURAL = "python.example.com", "v1", "letters"
NAMESPACE = "walk-kopf"
PATIENCE_SECONDS = 60
REFUSAL = "a letter without words"

DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PLURAL}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": PLURAL, "singular": "letter", "kind": "Letter"},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["text"],
                                "properties": {"text": {"type": "string"}, "stamp": {"type": "string"}},
                            },
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    },
}


def certificate():
    """Files of a certificate for 127.0.0.1, which is its own authority; what kopf would make itself needs an old OpenSSL."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "letters")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = pathlib.Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    (folder / "certificate").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {"cafile": folder / "certificate", "certfile": folder / "certificate", "pkeyfile": folder / "key"}


class Complaints(logging.Handler):
    """What kopf warns of and what it calls an error, but for the letter that is meant to be refused."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        if REFUSAL not in record.getMessage():
            self.lines.append(record.getMessage())


@kopf.on.startup()
def configure(settings, **_):
    settings.admission.server = kopf.WebhookServer(addr="127.0.0.1", host="127.0.0.1", **certificate())
    settings.admission.managed = GROUP
    settings.persistence.finalizer = f"{GROUP}/finalizer"


@kopf.on.login()
def login(**arguments):
    return kopf.login_with_kubeconfig(**arguments)


@kopf.on.mutate(PLURAL)
def stamp(spec, patch, **_):
    if not spec.get("stamp"):
        patch.spec["stamp"] = "penny"


@kopf.on.validate(PLURAL)
def read(spec, **_):
    if spec["text"] == "":
        raise kopf.AdmissionError(REFUSAL, code=422)


@kopf.on.create(PLURAL)
@kopf.on.update(PLURAL, field="spec")
def post(body, spec, name, patch, **_):
    copy = {"metadata": {"name": name}, "data": {"text": spec["text"], "stamp": spec["stamp"]}}
    kopf.adopt(copy, owner=body)
    maps = kubernetes.client.CoreV1Api()
    try:
        maps.create_namespaced_config_map(NAMESPACE, copy)
    except kubernetes.client.ApiException as there:
        if there.status != 409:
            raise
        maps.patch_namespaced_config_map(name, NAMESPACE, copy)
    patch.status["posted"] = spec["text"]
    kopf.info(body, reason="Posted", message=spec["text"])


@kopf.on.delete(PLURAL)
def burn(name, **_):
    ashes = {"metadata": {"name": f"ashes-{name}"}}
    kubernetes.client.CoreV1Api().create_namespaced_config_map(NAMESPACE, ashes)


def until(what, is_so):
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            if is_so():
                return
        except kubernetes.client.ApiException as missing:
            if missing.status != 404:
                raise
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")


def is_gone(read_it):
    try:
        read_it()
        return False
    except kubernetes.client.ApiException as missing:
        return missing.status == 404


def refused(write, message):
    try:
        write()
    except kubernetes.client.ApiException as refusal:
        assert message in refusal.body, refusal.body
        return refusal.status
    raise AssertionError(f"nobody said {message}")


def walk():
    core = kubernetes.client.CoreV1Api()
    custom = kubernetes.client.CustomObjectsApi()
    admission = kubernetes.client.AdmissionregistrationV1Api()
    at = {"group": GROUP, "version": VERSION, "namespace": NAMESPACE, "plural": PLURAL}

    def letter(name, text):
        metadata = {"name": name}
        return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Letter", "metadata": metadata, "spec": {"text": text}}

    def get():
        return custom.get_namespaced_custom_object(name="first", **at)

    def copy():
        return core.read_namespaced_config_map("first", NAMESPACE).data

    until("kopf writes its webhooks", lambda: admission.read_validating_webhook_configuration(GROUP).webhooks)
    until("both of them", lambda: admission.read_mutating_webhook_configuration(GROUP).webhooks)
    empty = letter("empty", "")
    status = refused(lambda: custom.create_namespaced_custom_object(body=empty, **at), REFUSAL)
    assert status == 422, status
    created = custom.create_namespaced_custom_object(body=letter("first", "hello"), **at)
    assert created["spec"]["stamp"] == "penny", created
    until("the letter is posted", lambda: get().get("status", {}).get("posted") == "hello")
    assert copy() == {"text": "hello", "stamp": "penny"}, copy()
    custom.patch_namespaced_custom_object(name="first", body={"spec": {"text": "good bye"}}, **at)
    until("the copy follows", lambda: copy()["text"] == "good bye")
    until("it is posted again", lambda: get()["status"]["posted"] == "good bye")
    events = lambda: core.list_namespaced_event(NAMESPACE, field_selector="reason=Posted").items
    until("the events are there", lambda: len(events()) >= 2)
    custom.delete_namespaced_custom_object(name="first", **at)
    until("the letter goes", lambda: is_gone(get))
    until("its copy goes", lambda: is_gone(copy))
    core.read_namespaced_config_map("ashes-first", NAMESPACE)


def remove():
    kubernetes.client.ApiextensionsV1Api().delete_custom_resource_definition(DEFINITION["metadata"]["name"])
    kubernetes.client.CoreV1Api().delete_namespace(NAMESPACE)


def main():
    os.environ["KUBECONFIG"] = sys.argv[1]
    kubernetes.config.load_kube_config(sys.argv[1])
    complaints = Complaints()
    kopf.configure(verbose=False)
    logging.getLogger("kopf").addHandler(complaints)
    kubernetes.client.CoreV1Api().create_namespace({"metadata": {"name": NAMESPACE}})
    kubernetes.client.ApiextensionsV1Api().create_custom_resource_definition(DEFINITION)
    ready, stop = threading.Event(), threading.Event()
    failures = []

    def user():
        try:
            assert ready.wait(PATIENCE_SECONDS), "kopf has not begun"
            walk()
        except BaseException as failure:
            failures.append(failure)
        finally:
            stop.set()

    walking = threading.Thread(target=user)
    walking.start()
    asyncio.run(kopf.operator(namespaces=[NAMESPACE], standalone=True, ready_flag=ready, stop_flag=stop))
    walking.join()
    remove()
    if failures:
        raise failures[0]
    assert not complaints.lines, complaints.lines
    print("walked through")


main()
