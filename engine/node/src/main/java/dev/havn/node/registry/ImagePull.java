// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.LayerSource;
import dev.havn.node.image.Reference;
import dev.havn.node.registry.Manifest.Descriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One image on its way here. Layers that are here already are not fetched, unless they may be
/// others' secret, and an image that is here under the same digest not at all.
final class ImagePull {
  private static final Logger LOG = LoggerFactory.getLogger(ImagePull.class);
  private static final int LAYERS_AT_A_TIME = 3;
  private static final int INDEXES_MAX = 4;
  private static final int CONFIG_BYTES_MAX = 8 << 20;

  private final ImageStore store;
  private final ImageAccess access;
  private final Executor executor;
  private final Reference name;
  private final PullProgress progress;

  /// Where it may be, in the order in which they are asked; who has answered comes first.
  private volatile List<RegistryClient> places;

  private final Semaphore slots = new Semaphore(LAYERS_AT_A_TIME);
  private volatile boolean failed;

  ImagePull(
      ImageStore store,
      ImageAccess access,
      Executor executor,
      Reference name,
      List<RegistryClient> places,
      PullProgress progress) {
    this.store = store;
    this.access = access;
    this.executor = executor;
    this.name = name;
    this.places = places;
    this.progress = progress;
  }

  /// Something that a place is asked for.
  @FunctionalInterface
  private interface Question<T> {
    T ask(RegistryClient place) throws IOException;
  }

  /// The answer of the first place that gives one, or the refusal of the last, which is no mirror
  /// where one is not alone.
  private <T> T first(Question<T> question) throws IOException {
    IOException last = new RegistryException("nobody to ask");
    for (RegistryClient each : places) {
      try {
        T answer = question.ask(each);
        places = Stream.concat(Stream.of(each), places.stream()).distinct().toList();
        return answer;
      } catch (IOException e) {
        last = e;
      }
    }
    throw last;
  }

  void run() throws IOException {
    String digest;
    try {
      digest = first(place -> place.resolve(name.version()));
    } catch (IOException e) {
      throw new RegistryException(
          "failed to resolve reference \"%s\": %s".formatted(name.full(), e.getMessage()), e);
    }
    String byDigest = name.name() + "@" + digest;
    Optional<String> known = store.id(byDigest);
    if (known.isPresent()) {
      store.call(name.full(), known.get());
      return;
    }
    String at = digest;
    JsonNode json = manifest(at);
    for (int i = 0; Manifest.isIndex(json); i++) {
      if (i == INDEXES_MAX) {
        throw new RegistryException("indexes in indexes in indexes");
      }
      at = Manifest.fitting(json, at, store.architecture()).digest();
      json = manifest(at);
    }
    fetch(Manifest.of(json, at), List.of(name.full(), byDigest));
  }

  private JsonNode manifest(String digest) throws IOException {
    return Bodies.json(first(place -> place.manifest(digest)), "manifest " + digest);
  }

  private void fetch(Manifest manifest, List<String> names) throws IOException {
    try (ImageStore.Arrival arrival = store.arrive()) {
      Path config = arrival.folder().resolve("config");
      if (manifest.config().bytes() > CONFIG_BYTES_MAX) {
        throw new RegistryException("the configuration of the image is too large");
      }
      blob(arrival, manifest.config(), config);
      List<String> diffIds = diffIds(config, manifest);
      Set<String> present = present(arrival, manifest, diffIds);
      long missing = 0;
      for (int i = 0; i < diffIds.size(); i++) {
        missing += present.contains(diffIds.get(i)) ? 0 : manifest.layers().get(i).bytes();
      }
      requireRoom(arrival, missing);
      progress.expect(manifest.config().bytes() + missing);
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int i = 0; i < diffIds.size(); i++) {
        Descriptor layer = manifest.layers().get(i);
        String diffId = diffIds.get(i);
        Path file = arrival.folder().resolve("layer" + i);
        if (!present.contains(diffId)) {
          all.add(CompletableFuture.runAsync(() -> layer(arrival, layer, file, diffId), executor));
        }
      }
      await(all);
      long bytes = manifest.config().bytes();
      for (Descriptor each : manifest.layers()) {
        bytes += each.bytes();
      }
      // From the moment that it is here, it is closed to all but those to whom it is granted.
      String id = manifest.config().digest().substring("sha256:".length());
      access.expect(id, store.list().values());
      var unused = arrival.complete(config, diffIds, bytes, names);
    }
  }

  /// The layers that are here and need not come. Those of an image that all may use are nobody's
  /// secret. Others are left to who could fetch them as well: the registry that once gave a layer
  /// as this blob says that it would give it again. A name alone, as a configuration says it, opens
  /// none, and no other registry is believed, since it may be that of who asks.
  private Set<String> present(ImageStore.Arrival arrival, Manifest manifest, List<String> diffIds)
      throws IOException {
    Set<String> here = new HashSet<>(diffIds);
    here.removeIf(each -> !arrival.has(each));
    Set<String> present = new HashSet<>(here);
    present.retainAll(here.isEmpty() ? Set.of() : store.layers(access::isForAll));
    for (int i = 0; i < diffIds.size() && present.size() < here.size(); i++) {
      String diffId = diffIds.get(i);
      Descriptor layer = manifest.layers().get(i);
      boolean asks =
          here.contains(diffId) && !present.contains(diffId) && arrival.came(diffId, source(layer));
      if (asks && !isGiven(layer)) {
        break;
      }
      if (asks) {
        present.add(diffId);
      }
    }
    return present;
  }

  private LayerSource source(Descriptor layer) {
    return new LayerSource(name.host(), layer.digest());
  }

  private boolean isGiven(Descriptor layer) {
    try {
      return first(
          place -> {
            place.require(layer);
            return true;
          });
    } catch (IOException e) {
      // All that is left is fetched then, and that says what is wrong.
      LOG.debug("{} is not said to be given: {}", layer.digest(), e.getMessage());
      return false;
    }
  }

  /// Layers come compressed as a rule and take more room when they are taken apart, which is looked
  /// at then; what cannot even come is refused at once.
  private static void requireRoom(ImageStore.Arrival arrival, long bytes) throws IOException {
    try {
      arrival.room().require("the image", bytes);
    } catch (IOException e) {
      throw new RegistryException("failed to pull: " + e.getMessage(), e);
    }
  }

  private List<String> diffIds(Path config, Manifest manifest) throws IOException {
    JsonNode json = Bodies.json(Files.readAllBytes(config), "the configuration of the image");
    String platform =
        json.path("os").asText("linux")
            + "/"
            + json.path("architecture").asText(store.architecture());
    if (!platform.equals("linux/" + store.architecture())) {
      throw new RegistryException(
          "no match for platform in manifest: not found (linux/%s is wanted, this is for %s)"
              .formatted(store.architecture(), platform));
    }
    List<String> diffIds = new ArrayList<>();
    json.path("rootfs").path("diff_ids").forEach(each -> diffIds.add(each.asText()));
    if (diffIds.size() != manifest.layers().size()) {
      throw new RegistryException(
          "mismatched image rootfs and manifest layers: %d and %d"
              .formatted(diffIds.size(), manifest.layers().size()));
    }
    return diffIds;
  }

  private void layer(ImageStore.Arrival arrival, Descriptor layer, Path file, String diffId) {
    slots.acquireUninterruptibly();
    try {
      if (failed) {
        return;
      }
      blob(arrival, layer, file);
      try {
        arrival.layer(file, diffId, Optional.of(source(layer)));
      } catch (IOException e) {
        throw new RegistryException(
            "failed to extract layer %s: %s".formatted(diffId, e.getMessage()), e);
      }
      Files.delete(file);
    } catch (IOException e) {
      failed = true;
      throw new UncheckedIOException(e);
    } finally {
      slots.release();
    }
  }

  private void blob(ImageStore.Arrival arrival, Descriptor blob, Path file) throws IOException {
    AtomicLong at = progress.of(String.valueOf(file.getFileName()));
    var unused =
        first(
            place -> {
              place.blob(blob, file, at, arrival.room());
              return true;
            });
  }

  /// All of them end before anything is said, since what they write to is removed then.
  private static void await(List<CompletableFuture<Void>> all) throws IOException {
    IOException failure = null;
    for (CompletableFuture<Void> each : all) {
      try {
        each.join();
      } catch (CompletionException e) {
        IOException why =
            e.getCause() instanceof UncheckedIOException io
                ? io.getCause()
                : new RegistryException(String.valueOf(e.getCause()), e);
        failure = failure == null ? why : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
