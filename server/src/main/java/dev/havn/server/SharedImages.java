// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.MetricsText;
import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images.Pulled;
import dev.havn.node.image.Platform;
import dev.havn.node.image.Reference;
import dev.havn.node.kernel.ForeignPrograms;
import dev.havn.node.registry.PullProgress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// The images of the nodes of this process, which share them: those of the machine's architecture
/// in the folder, and of each other one that a node has or had in a folder of its name therein, so
/// that the same name may be an image for each. For many threads.
final class SharedImages implements ImageCommands.Stock, AutoCloseable {
  private final Map<String, NodeImages> others = new ConcurrentSkipListMap<>();
  private final List<Supplier<Set<String>>> users = new ArrayList<>();
  private final NodeImages own;
  private final Function<String, NodeImages> making;
  private final boolean simulated;

  /// @param policy which says how much of the disk others must have left
  /// @param simulated whether any image is as good as another
  SharedImages(
      Path folder, EvictionPolicy policy, RegistriesFile file, World world, boolean simulated) {
    this.simulated = simulated;
    this.making =
        each ->
            new NodeImages(
                each.equals(Platform.architecture()) ? folder : folder.resolve(each),
                each,
                policy,
                file,
                world,
                simulated);
    this.own = making.apply(Platform.architecture());
    for (String each : ForeignPrograms.ARCHITECTURES) {
      if (Files.isDirectory(folder.resolve(each))) {
        others.put(each, making.apply(each));
      }
    }
  }

  /// Those of an architecture.
  synchronized NodeImages of(String architecture) {
    if (architecture.equals(Platform.architecture())) {
      return own;
    }
    return others.computeIfAbsent(
        architecture,
        each -> {
          NodeImages made = making.apply(each);
          users.forEach(made::addUser);
          return made;
        });
  }

  /// As a node sees them that may be of any architecture which runs here.
  ImagesOfNode ofNode() {
    return new ImagesOfNode(this, simulated);
  }

  /// Whoever uses images keeps those of each architecture.
  synchronized void addUser(Supplier<Set<String>> names) {
    users.add(names);
    stocks().forEach(each -> each.addUser(names));
  }

  private Stream<NodeImages> stocks() {
    return Stream.concat(Stream.of(own), others.values().stream());
  }

  /// What succeeds for one of the architectures has succeeded; what each brought.
  private <T> List<T> forEach(Function<NodeImages, T> work) {
    List<T> done = new ArrayList<>();
    List<ImageException> failed = new ArrayList<>();
    stocks()
        .forEach(
            each -> {
              try {
                done.add(work.apply(each));
              } catch (ImageException e) {
                failed.add(e);
              }
            });
    if (done.isEmpty()) {
      throw failed.getFirst();
    }
    return done;
  }

  @Override
  public List<String> load(Path file) {
    return forEach(each -> each.load(file)).stream().flatMap(List::stream).distinct().toList();
  }

  @Override
  public Pulled pull(Reference name) {
    return forEach(each -> each.pull(name)).getFirst();
  }

  @Override
  public Optional<String> idOf(String name) {
    return stocks().flatMap(each -> each.idOf(name).stream()).findFirst();
  }

  @Override
  public List<ImageStore.Kept> all() {
    return stocks()
        .flatMap(each -> each.all().stream())
        .sorted(Comparator.comparingLong(ImageStore.Kept::bytes).reversed())
        .toList();
  }

  @Override
  public boolean remove(String name) {
    return stocks().map(each -> each.remove(name)).reduce(false, Boolean::logicalOr);
  }

  private List<PullProgress.State> underWay() {
    return stocks().flatMap(each -> each.underWay().stream()).toList();
  }

  /// Adds the pulls that are under way to what `havn status` shows.
  void describe(ObjectNode status) {
    ArrayNode pulls = status.putArray("pulls");
    for (PullProgress.State each : underWay()) {
      ObjectNode pull = pulls.addObject().put("image", each.image());
      pull.put("since", each.since().toString()).put("bytes", each.bytes());
      pull.put("bytesDone", each.bytesDone()).put("bytesPerSecond", each.bytesPerSecond());
    }
  }

  void measure(MetricsText text) {
    List<PullProgress.State> pulls = underWay();
    text.metric("havn_image_pulls", "gauge", "Pulls of images that are under way.");
    text.sample("havn_image_pulls", "", pulls.size());
    text.metric("havn_image_pull_size_bytes", "gauge", "Bytes that a pull is to bring.");
    for (PullProgress.State each : pulls) {
      text.sample("havn_image_pull_size_bytes", label(each), each.bytes());
    }
    text.metric("havn_image_pull_done_bytes", "gauge", "Bytes that a pull has brought.");
    for (PullProgress.State each : pulls) {
      text.sample("havn_image_pull_done_bytes", label(each), each.bytesDone());
    }
  }

  private static String label(PullProgress.State pull) {
    return "image=\"" + pull.image() + "\"";
  }

  @Override
  public void close() {
    stocks().forEach(NodeImages::close);
  }
}
