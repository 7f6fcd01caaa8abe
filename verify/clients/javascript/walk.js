// SPDX-License-Identifier: Apache-2.0
// Walks through a cluster with @kubernetes/client-node: node walk.js KUBECONFIG containers|simulated
// Ends with "walked through", or with what was not as expected.
import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import * as k8s from "@kubernetes/client-node";

const NAMESPACE = "walk-javascript";
const PATIENCE_MS = 60_000;
const group = "javascript.example.com";

const [kubeconfig, pods] = process.argv.slice(2);
const config = new k8s.KubeConfig();
config.loadFromFile(kubeconfig);
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);

async function until(what, isSo) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await isSo();
    if (found) return found;
    assert(Date.now() < end, `not within ${PATIENCE_MS} ms: ${what}`);
    await pause(50);
  }
}

/** A sink that keeps what was written into it. */
class Said extends Writable {
  text = "";
  _write(piece, _encoding, done) {
    this.text += piece;
    done();
  }
}

async function code(promise) {
  try {
    await promise;
    return 200;
  } catch (failure) {
    return failure.code;
  }
}

async function rollsOut() {
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "web", image: "example/web:1" }] } };
  const seen = new Set();
  const list = () => core.listNamespacedPod({ namespace: NAMESPACE });
  const informer = k8s.makeInformer(config, `/api/v1/namespaces/${NAMESPACE}/pods`, list);
  informer.on("add", (pod) => seen.add(pod.metadata.name));
  informer.on("delete", (pod) => seen.delete(pod.metadata.name));
  await informer.start();
  const spec = { replicas: 3, selector: { matchLabels: labels }, template };
  await apps.createNamespacedDeployment({ namespace: NAMESPACE, body: { metadata: { name: "web" }, spec } });
  await until("three pods are available", async () => {
    const web = await apps.readNamespacedDeployment({ namespace: NAMESPACE, name: "web" });
    return web.status?.availableReplicas === 3 && seen.size === 3;
  });
  const at = { namespace: NAMESPACE, name: "web" };
  // Whoever writes the status meanwhile makes what was read stale.
  await until("a scale is written", async () => {
    const scale = await apps.readNamespacedDeploymentScale(at);
    scale.spec.replicas = 1;
    const answer = await code(apps.replaceNamespacedDeploymentScale({ ...at, body: scale }));
    assert([200, 409].includes(answer), `a scale: ${answer}`);
    return answer === 200;
  });
  await until("the informer sees pods go", () => seen.size === 1);
  await informer.stop();
}

async function podsSpeak() {
  const found = await core.listNamespacedPod({ namespace: NAMESPACE, labelSelector: "app=web" });
  const pod = found.items.find((each) => !each.metadata.deletionTimestamp).metadata.name;
  const command = pods === "containers" ? ["id"] : ["hello"];
  const out = new Said();
  const status = await new Promise((resolve, reject) => {
    new k8s.Exec(config).exec(NAMESPACE, pod, "web", command, out, out, null, false, resolve).catch(reject);
  });
  assert.equal(status.status, "Success");
  assert.match(out.text, pods === "containers" ? /^uid=0\(root\)/ : /hello/);
  if (pods !== "containers") return;
  const log = new Said();
  const following = await new k8s.Log(config).log(NAMESPACE, pod, "web", log, { follow: true });
  await until("the log begins", () => log.text.includes("web 1 starts"));
  following.abort();
  const forward = new k8s.PortForward(config);
  const server = net.createServer((socket) => forward.portForward(NAMESPACE, pod, [8080], socket, null, socket));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page = () =>
    new Promise((resolve) => {
      const request = http.get({ port: server.address().port, host: "127.0.0.1", agent: false }, async (answer) => {
        let text = "";
        for await (const piece of answer) text += piece;
        resolve(text);
      });
      // Its server begins to listen a little after it has said so.
      request.on("error", (failure) => resolve(failure.message));
    });
  await until("a page", async () => (await page()) === "web 1");
  server.close();
}

async function writes() {
  const at = { namespace: NAMESPACE, name: "settings" };
  const metadata = { name: "settings", namespace: NAMESPACE };
  const settings = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "1" } };
  const created = await core.createNamespacedConfigMap({ namespace: NAMESPACE, body: settings });
  assert.equal(await code(core.createNamespacedConfigMap({ namespace: NAMESPACE, body: settings })), 409);
  const as = (strategy) => k8s.setHeaderOptions("Content-Type", strategy);
  const { StrategicMergePatch, MergePatch, JsonPatch, ServerSideApply } = k8s.PatchStrategy;
  await core.patchNamespacedConfigMap({ ...at, body: { data: { b: "2" } } }, as(StrategicMergePatch));
  await core.patchNamespacedConfigMap({ ...at, body: { data: { a: null } } }, as(MergePatch));
  await core.patchNamespacedConfigMap({ ...at, body: [{ op: "add", path: "/data/c", value: "3" }] }, as(JsonPatch));
  assert.equal(await code(core.replaceNamespacedConfigMap({ ...at, body: created })), 409);
  const wanted = { ...settings, data: { d: "4" } };
  await objects.patch(wanted, undefined, undefined, "walk", undefined, ServerSideApply);
  const now = await core.readNamespacedConfigMap(at);
  assert.deepEqual(now.data, { b: "2", c: "3", d: "4" });
  const watcher = new k8s.Watch(config);
  const events = [];
  const query = { resourceVersion: created.metadata.resourceVersion, fieldSelector: "metadata.name=settings" };
  const path = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
  const watching = await watcher.watch(path, query, (type) => events.push(type), () => {});
  await core.deleteNamespacedConfigMap(at);
  await until("the watch sees the end", () => events.includes("DELETED"));
  watching.abort();
  assert.deepEqual(events, ["MODIFIED", "MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]);
  assert.equal(await code(core.readNamespacedConfigMap(at)), 404);
}

async function customResources() {
  const names = { plural: "steps", singular: "step", kind: "Step" };
  // The model calls it _default, since default is a word of the language.
  const length = { type: "integer", maximum: 100, _default: 7 };
  const properties = { spec: { type: "object", properties: { length } } };
  const schema = { openAPIV3Schema: { type: "object", properties } };
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `steps.${group}` },
    spec: { group, scope: "Namespaced", names, versions: [{ name: "v1", served: true, storage: true, schema }] },
  };
  await objects.create(definition);
  const custom = config.makeApiClient(k8s.CustomObjectsApi);
  const at = { group, version: "v1", namespace: NAMESPACE, plural: "steps" };
  const step = (name, spec) => ({ apiVersion: `${group}/v1`, kind: "Step", metadata: { name }, spec });
  await until("steps are served", async () => (await code(custom.listNamespacedCustomObject(at))) === 200);
  const created = await custom.createNamespacedCustomObject({ ...at, body: step("first", {}) });
  assert.equal(created.spec.length, 7);
  const far = custom.createNamespacedCustomObject({ ...at, body: step("far", { length: 101 }) });
  assert.equal(await code(far), 422);
  await objects.delete(definition);
}

await core.createNamespace({ body: { metadata: { name: NAMESPACE } } });
for (const step of [rollsOut, podsSpeak, writes, customResources]) {
  await step();
  console.log(step.name);
}
await core.deleteNamespace({ name: NAMESPACE });
await until("the namespace goes", async () => (await code(core.readNamespace({ name: NAMESPACE }))) === 404);
console.log("walked through");
process.exit(0);
