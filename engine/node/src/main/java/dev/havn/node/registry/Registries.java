// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import dev.havn.node.credential.Credential;
import dev.havn.node.credential.CredentialPlugin;
import dev.havn.node.credential.Keyring;
import dev.havn.node.credential.NodeCredentials;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images.Pulled;
import dev.havn.node.image.Reference;
import dev.havn.node.registry.RegistryHosts.Endpoint;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;

/// The registries that images come from. For many threads; a few pulls at a time, one of each
/// image.
public final class Registries implements AutoCloseable {
  private static final int PULLS_AT_A_TIME = 4;

  private final ImageStore store;
  private final ImageAccess access;
  private final Settings settings;
  private final Http http;
  private final Semaphore slots = new Semaphore(PULLS_AT_A_TIME, true);
  private final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>();
  private final Map<String, PullProgress> underWay = new ConcurrentHashMap<>();

  /// @param node credentials that all pods of the node may use
  public record Settings(
      RegistryHosts hosts,
      Proxies proxies,
      NodeCredentials node,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  public Registries(ImageStore store, ImageAccess access, Settings settings) {
    this.store = store;
    this.access = access;
    this.settings = settings;
    this.http = new Http(settings.executor(), settings.proxies());
  }

  /// Fetches an image with the first credential that its registry takes: those of the pod before
  /// those of the node, and none when there is none.
  ///
  /// @param pod the credentials of whom it is for
  /// @throws ImageException in the words of containerd
  public Pulled pull(Reference name, Keyring pod) {
    List<Optional<Credential>> all = new ArrayList<>();
    pod.of(name.name()).forEach(each -> all.add(Optional.of(each)));
    settings.node().of(name.name(), pod.namespace()).forEach(each -> all.add(Optional.of(each)));
    if (all.isEmpty()) {
      all.add(Optional.empty());
    }
    ReentrantLock lock = locks.computeIfAbsent(name.full(), _ -> new ReentrantLock());
    lock.lock();
    try {
      slots.acquireUninterruptibly();
      try {
        return pull(name, all);
      } finally {
        slots.release();
      }
    } finally {
      lock.unlock();
      locks.remove(name.full(), lock);
    }
  }

  private Pulled pull(Reference name, List<Optional<Credential>> all) {
    Instant begun = settings.clock().instant();
    List<String> refusals = new ArrayList<>();
    for (Optional<Credential> each : all) {
      PullProgress progress = new PullProgress(name.full(), settings.clock().instant());
      underWay.put(name.full(), progress);
      try {
        new ImagePull(store, access, settings.executor(), name, places(name, each), progress).run();
        access.grant(store.id(name.full()).orElse(""), name.name(), each);
        return new Pulled(Duration.between(begun, settings.clock().instant()), bytes(name));
      } catch (IOException e) {
        refusals.add(
            "failed to pull and unpack image \"%s\": %s".formatted(name.full(), e.getMessage()));
      } finally {
        underWay.remove(name.full(), progress);
      }
    }
    String distinct = String.join(", ", refusals.stream().distinct().toList());
    throw new ImageException(refusals.size() > 1 ? "[" + distinct + "]" : distinct, null);
  }

  /// The pulls that are under way, the oldest first; those that wait for others are not among them.
  public List<PullProgress.State> underWay() {
    Instant now = settings.clock().instant();
    return underWay.values().stream()
        .map(each -> each.at(now))
        .sorted(Comparator.comparing(PullProgress.State::since))
        .toList();
  }

  private long bytes(Reference name) {
    String id = store.id(name.full()).orElse("");
    return store.all().stream()
        .filter(each -> each.id().equals(id))
        .mapToLong(ImageStore.Kept::bytes)
        .findFirst()
        .orElse(0);
  }

  /// A mirror sees what the node has for the mirror's own name, never what is for the image's host.
  private List<RegistryClient> places(Reference name, Optional<Credential> credential) {
    List<RegistryClient> places = new ArrayList<>();
    for (Endpoint each : settings.hosts().of(name.host())) {
      Optional<Credential> shown =
          each.isMirror() ? settings.node().of(each.base()).stream().findFirst() : credential;
      places.add(
          new RegistryClient(
              http,
              each,
              name.repository(),
              new Authorization(http, each, name.repository(), shown)));
    }
    return places;
  }

  /// Plugins that give credentials for the service account of a pod.
  public List<CredentialPlugin> plugins() {
    return settings.node().plugins();
  }

  /// Whether a pod may use an image without asking anybody, which it may not when it is not here.
  public boolean isOpenTo(Reference name, Keyring pod) {
    List<Credential> credentials = pod.and(settings.node().known()).of(name.name());
    return store
        .id(name.full())
        .filter(id -> access.isOpen(id, name.name(), credentials))
        .isPresent();
  }

  @Override
  public void close() {
    http.close();
  }
}
