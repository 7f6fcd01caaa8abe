// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.ApiServer;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Closing;
import dev.havn.reconcile.RealTime;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node in a process of its own: what `havn join` starts. It finds the cluster again for ever;
/// meanwhile its containers run on.
public final class NodeAgent implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeAgent.class);
  private static final Duration READY_WITHIN = Duration.ofSeconds(60);
  private static final Duration PAUSE_MIN = Duration.ofMillis(200);
  private static final Duration PAUSE_MAX = Duration.ofSeconds(30);

  private final Instant started;
  private final DataDirectory directory;
  private final ServerLog log;
  private final NodeFile node;
  private final RenewedCertificate certificate;
  private final RealTime executor;
  private final HeapPolicy heap;
  private final KubernetesClient client;
  private final Api api;
  private final JoinedNode joined;
  private final ControlSocket control;
  private final CountDownLatch ready = new CountDownLatch(1);
  private final CountDownLatch stop = new CountDownLatch(1);
  private volatile String trouble = "";
  private Duration pause = PAUSE_MIN;
  private boolean closed;

  private NodeAgent(
      JoinRequest request,
      DataDirectory directory,
      NodeFile node,
      NodeCertificates certificates,
      RealTime executor,
      SecureRandom random)
      throws IOException {
    InstantSource clock = InstantSource.system();
    this.started = clock.instant();
    this.directory = directory;
    this.log = ServerLog.open(directory.path());
    Thread.setDefaultUncaughtExceptionHandler(new Uncaught(Runtime.getRuntime()::halt));
    this.node = node;
    this.executor = executor;
    this.heap = new HeapPolicy(new JvmMemory(), executor);
    this.certificate =
        new RenewedCertificate(
            certificates,
            NodeCertificates.Purpose.CLIENT,
            node.name(),
            /* address= */ "",
            ownIdentity(certificates, directory));
    this.client = new NodeClient(node.server(), certificates.authority()).of(certificate::identity);
    this.api = new Api(client);
    this.joined =
        new JoinedNode(
            request,
            directory,
            node,
            certificates,
            api,
            new World(clock, executor, random),
            random);
    this.control = ControlSocket.open(directory.controlSocket(), this::answer);
  }

  private static Authority.Identity ownIdentity(
      NodeCertificates certificates, DataDirectory directory) throws IOException {
    return certificates
        .read(NodeCertificates.Purpose.CLIENT)
        .orElseThrow(
            () ->
                new StartException(
                    directory.path() + " has lost its certificate: `havn reset`, and join anew"));
  }

  /// Joins if need be, and starts the node; it is not Ready yet when this returns.
  ///
  /// @throws StartException when something in the way is the user's to move
  public static NodeAgent start(JoinRequest request) {
    SecureRandom random = new SecureRandom();
    DataDirectory directory = DataDirectory.open(request.dataDirectory(), random);
    RealTime executor = new RealTime();
    try {
      NodeCertificates certificates =
          new NodeCertificates(directory.path(), InstantSource.system(), random);
      NodeFile node = request.settle(certificates);
      NodeAgent agent = new NodeAgent(request, directory, node, certificates, executor, random);
      agent.heap.start();
      agent.executor.execute(agent::begin);
      return agent;
    } catch (IOException e) {
      release(executor, directory);
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException e) {
      release(executor, directory);
      throw e;
    }
  }

  private static void release(RealTime executor, DataDirectory directory) {
    executor.shutdownNow();
    directory.close();
  }

  /// Begins to work, or tries again later.
  private void begin() {
    try {
      if (joined.begin()) {
        trouble = "";
        LOG.info("node {} of {} is ready", node.name(), node.server());
        ready.countDown();
        new CertificateWatch(executor, this::renewOwn, joined::renew).look();
        return;
      }
    } catch (ContainerRuntime.StartException | IOException e) {
      say(e);
    } catch (Api.RefusedException | UncheckedIOException | StartException e) {
      say(e);
    }
    later(this::begin, pause);
    pause = pause.multipliedBy(2).compareTo(PAUSE_MAX) > 0 ? PAUSE_MAX : pause.multipliedBy(2);
  }

  private void say(Exception e) {
    String words =
        e instanceof UncheckedIOException
            ? node.server() + " does not answer (" + JoinRequest.cause(e) + ")"
            : String.valueOf(e.getMessage());
    if (!words.equals(trouble)) {
      LOG.warn("the node does not work yet, and tries again: {}", words);
    }
    trouble = words;
  }

  private void later(Runnable task, Duration delay) {
    try {
      var unused = executor.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("the node is being stopped");
    }
  }

  private void renewOwn() throws IOException {
    if (certificate.renew(api)) {
      LOG.info("the node's certificate is renewed");
    }
  }

  /// Waits until the node works.
  ///
  /// @return false when it does not yet, and goes on trying
  public boolean awaitReady() {
    try {
      return ready.await(READY_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("interrupted while the node started", e);
    }
  }

  /// What keeps the node from working, empty when nothing does.
  public String trouble() {
    return trouble;
  }

  /// Waits until somebody asks the node to stop, and stops it.
  public void awaitStop() {
    try {
      stop.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    close();
  }

  /// Who and where it is.
  public JsonNode status() {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    status.put("joined", true).put("version", ApiServer.VERSION).put("server", node.server());
    status.put("node", node.name()).put("address", node.address());
    status.put("dataDirectory", directory.path().toString());
    status.put("clusterId", directory.clusterId()).put("since", started.toString());
    status.put("process", ProcessHandle.current().pid());
    status.put("dataBytes", Usage.bytesOf(directory.path()));
    status.put("residentBytes", Usage.residentBytes());
    status.put("ready", ready.getCount() == 0);
    joined.describe(status);
    if (!trouble.isEmpty()) {
      status.withArrayProperty("problems").add(trouble);
    }
    Usage.shortage(directory.path()).ifPresent(status.withArrayProperty("problems")::add);
    return status;
  }

  /// Of [ControlCommands] those that a node alone can do.
  private JsonNode answer(String command, JsonNode arguments) {
    return switch (command) {
      case "status" -> status();
      case "down" -> {
        stop.countDown();
        yield JsonNodeFactory.instance.nullNode();
      }
      case "image load" ->
          runtimes().imageCommands().load(Path.of(arguments.path("file").asText()));
      case "image pull" -> runtimes().imageCommands().pull(arguments.path("name").asText());
      case "image list" -> runtimes().imageCommands().list();
      case "image remove" ->
          runtimes().imageCommands().remove(arguments.path("name").asText(), runtimes()::isUsed);
      default ->
          throw new StartException(
              "this is a node of "
                  + node.server()
                  + ", which does not know '"
                  + command
                  + "': ask there");
    };
  }

  private Runtimes runtimes() {
    Optional<Runtimes> open = joined.runtimes();
    return open.orElseThrow(
        () -> new StartException("the node does not work yet: `havn status` says why"));
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    stop.countDown();
    LOG.info("stopping");
    Closing closing = new Closing();
    closing.step(heap::close);
    closing.step(control::close);
    closing.step(joined::close);
    closing.step(client::close);
    closing.step(executor::shutdownNow);
    // Whoever stopped it looks there.
    closing.failure().ifPresent(e -> LOG.error("the node is not wholly stopped", e));
    closing.step(log::close);
    closing.step(directory::close);
    closing.finish();
  }
}
