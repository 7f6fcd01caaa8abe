// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.configuration.ImagePolicy;
import dev.havn.node.credential.Credential;
import dev.havn.node.credential.CredentialPlugin;
import dev.havn.node.credential.Keyring;
import dev.havn.node.credential.NodeCredentials;
import dev.havn.node.cri.CriClient;
import dev.havn.node.cri.CriException;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageCollector;
import dev.havn.node.image.ImageCollector.Collected;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images;
import dev.havn.node.image.Reference;
import dev.havn.node.kernel.Program;
import dev.havn.node.protocol.cri.Cri;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The images that a CRI runtime has, for its pods and for all who use it. What it pulls for a pod
/// with a credential is open to pods with that credential alone; what others have brought is open
/// to all, and stays.
public final class CriImages implements Images {
  private static final Duration WITHIN = Duration.ofMinutes(2);
  private static final Duration PULL_WITHIN = Duration.ofMinutes(30);
  private static final String CONTAINERD = "containerd:";
  private static final String ALGORITHM = "sha256:";
  private static final Pattern UNPACKED = Pattern.compile("(?m)^unpacking (\\S+) \\(sha256:");

  private final CriClient client;
  private final ImageAccess access;
  private final NodeCredentials node;
  private final InstantSource clock;
  private final ImageCollector collector;

  /// Names that are on their way: nobody has been granted them yet.
  private final Set<String> coming = ConcurrentHashMap.newKeySet();

  /// @param client whose owner closes it
  /// @param access who may use what was pulled
  /// @param node credentials that all pods of the node may use
  public CriImages(
      CriClient client, ImageAccess access, NodeCredentials node, InstantSource clock) {
    this.client = client;
    this.access = access;
    this.node = node;
    this.clock = clock;
    this.collector = new ImageCollector(new Stock(), this::stays, clock);
  }

  /// What a runtime knows of an image, by a name or an id.
  static Optional<Cri.Image> status(CriClient client, String name) {
    var request =
        Cri.ImageStatusRequest.newBuilder()
            .setImage(Cri.ImageSpec.newBuilder().setImage(name))
            .build();
    Cri.ImageStatusResponse answer = client.askForImages(WITHIN, stub -> stub.imageStatus(request));
    return answer.hasImage() ? Optional.of(answer.getImage()) : Optional.empty();
  }

  private static String id(Cri.Image image) {
    return image.getId().startsWith(ALGORITHM)
        ? image.getId().substring(ALGORITHM.length())
        : image.getId();
  }

  @Override
  public boolean has(String name) {
    return find(name).isPresent();
  }

  private Optional<Cri.Image> find(String name) {
    try {
      return status(client, name);
    } catch (CriException e) {
      throw new ImageException(String.valueOf(e.getMessage()), e);
    }
  }

  /// The id of an image, without its algorithm, by a name or by itself.
  public Optional<String> idOf(String name) {
    return find(name).map(CriImages::id);
  }

  /// Files of images are the runtime's own.
  @Override
  public Optional<Path> root(String name) {
    return Optional.empty();
  }

  @Override
  public List<CredentialPlugin> plugins() {
    return node.plugins();
  }

  @Override
  public boolean isOpenTo(String name, Keyring pod) {
    Reference reference = Reference.parse(name);
    List<Credential> credentials = pod.and(node.known()).of(reference.name());
    return !coming.contains(reference.full())
        && idOf(name).filter(id -> access.isOpen(id, reference.name(), credentials)).isPresent();
  }

  @Override
  public Pulled pull(Reference name, Keyring pod) {
    List<Optional<Credential>> all = new ArrayList<>();
    pod.of(name.name()).forEach(each -> all.add(Optional.of(each)));
    node.of(name.name(), pod.namespace()).forEach(each -> all.add(Optional.of(each)));
    if (all.isEmpty()) {
      all.add(Optional.empty());
    }
    Instant begun = clock.instant();
    List<String> refusals = new ArrayList<>();
    coming.add(name.full());
    try {
      for (Optional<Credential> each : all) {
        try {
          Cri.Image image = pull(name, each);
          access.grant(id(image), name.name(), each);
          return new Pulled(Duration.between(begun, clock.instant()), image.getSize());
        } catch (CriException e) {
          refusals.add(String.valueOf(e.getMessage()));
        }
      }
    } finally {
      coming.remove(name.full());
    }
    List<String> distinct = refusals.stream().distinct().toList();
    String said = String.join(", ", distinct);
    throw new ImageException(distinct.size() > 1 ? "[" + said + "]" : said, null);
  }

  private Cri.Image pull(Reference name, Optional<Credential> credential) {
    var request =
        Cri.PullImageRequest.newBuilder()
            .setImage(Cri.ImageSpec.newBuilder().setImage(name.full()));
    credential.ifPresent(
        each ->
            request.setAuth(
                Cri.AuthConfig.newBuilder()
                    .setUsername(each.user())
                    .setPassword(each.password())
                    .setIdentityToken(each.identityToken())));
    String reference =
        client.askForImages(PULL_WITHIN, stub -> stub.pullImage(request.build())).getImageRef();
    return find(reference)
        .orElseThrow(
            () -> new ImageException(name.full() + " was removed while it was pulled", null));
  }

  @Override
  public List<ImageStore.Kept> all() {
    try {
      return client
          .askForImages(WITHIN, stub -> stub.listImages(Cri.ListImagesRequest.getDefaultInstance()))
          .getImagesList()
          .stream()
          .map(CriImages::kept)
          .sorted((one, other) -> Long.compare(other.bytes(), one.bytes()))
          .toList();
    } catch (CriException e) {
      throw new ImageException(String.valueOf(e.getMessage()), e);
    }
  }

  /// A runtime does not tell since when it has an image.
  private static ImageStore.Kept kept(Cri.Image image) {
    List<String> names = new ArrayList<>(image.getRepoTagsList());
    names.addAll(image.getRepoDigestsList());
    return new ImageStore.Kept(id(image), names, image.getSize(), Instant.EPOCH, "");
  }

  @Override
  public void addUser(Supplier<Set<String>> names) {
    collector.addUser(names);
  }

  /// Looks at the disk that the runtime has its images on, where it tells.
  @Override
  public Collected collect(ImagePolicy policy, long capacityBytes, long availableBytes) {
    Optional<FileStore> disk = disk();
    Collected collected;
    try {
      collected =
          disk.isEmpty()
              ? collector.collect(policy, capacityBytes, availableBytes)
              : collector.collect(policy, disk.get().getTotalSpace(), disk.get().getUsableSpace());
    } catch (IOException e) {
      throw new ImageException("the disk of the images: " + e.getMessage(), e);
    }
    if (collected.bytes() > 0) {
      forgetAccess();
    }
    return collected;
  }

  private Optional<FileStore> disk() {
    try {
      Cri.ImageFsInfoResponse answer =
          client.askForImages(
              WITHIN, stub -> stub.imageFsInfo(Cri.ImageFsInfoRequest.getDefaultInstance()));
      for (Cri.FilesystemUsage each : answer.getImageFilesystemsList()) {
        Path folder = Path.of(each.getFsId().getMountpoint());
        if (Files.isDirectory(folder)) {
          return Optional.of(Files.getFileStore(folder));
        }
      }
      return Optional.empty();
    } catch (CriException | IOException e) {
      throw new ImageException("the disk of the images: " + e.getMessage(), e);
    }
  }

  @Override
  public void removeUnused(ImagePolicy policy) {
    if (collector.removeUnused(policy) > 0) {
      forgetAccess();
    }
  }

  private void forgetAccess() {
    access.keep(() -> all().stream().map(ImageStore.Kept::id).toList());
  }

  private boolean stays(String id) {
    return access.isPreloaded(id) || find(ALGORITHM + id).map(Cri.Image::getPinned).orElse(false);
  }

  private final class Stock implements ImageCollector.Stock {
    @Override
    public Optional<String> id(String name) {
      return idOf(name);
    }

    @Override
    public List<ImageStore.Kept> all() {
      return CriImages.this.all();
    }

    @Override
    public void remove(String id) {
      CriImages.this.remove(ALGORITHM + id);
    }
  }

  /// Removes an image with all its names.
  ///
  /// @return whether there was one
  public boolean remove(String name) {
    Optional<Cri.Image> image = find(name);
    if (image.isEmpty()) {
      return false;
    }
    var request =
        Cri.RemoveImageRequest.newBuilder()
            .setImage(Cri.ImageSpec.newBuilder().setImage(image.get().getId()))
            .build();
    try {
      var unused = client.askForImages(WITHIN, stub -> stub.removeImage(request));
      return true;
    } catch (CriException e) {
      throw new ImageException("image " + name + " is not removed: " + e.getMessage(), e);
    }
  }

  /// Gives the runtime the images of an archive, which CRI has no call for: containerd's own tool
  /// does it.
  ///
  /// @return their names
  /// @throws ImageException says what to do
  public List<String> load(Path file) {
    if (!Files.isReadable(file)) {
      throw new ImageException("image archive " + file + ": there is no such file", null);
    }
    boolean isPossible =
        client.version().startsWith(CONTAINERD) && Program.missing(List.of("ctr")).isEmpty();
    if (!isPossible) {
      throw new ImageException(
          "images are with %s, and CRI has no call that loads a file: use a tool of the runtime, as skopeo copy docker-archive:%s containers-storage:NAME for CRI-O, or ctr for containerd"
              .formatted(client.version(), file),
          null);
    }
    try {
      String said =
          Program.must(
              List.of(
                  "ctr",
                  "--address",
                  client.socket().toString(),
                  "--namespace",
                  "k8s.io",
                  "images",
                  "import",
                  file.toString()));
      List<String> names = new ArrayList<>();
      Matcher each = UNPACKED.matcher(said);
      while (each.find()) {
        names.add(each.group(1));
      }
      for (String name : names) {
        await(name);
        idOf(name).ifPresent(access::preloaded);
      }
      return names;
    } catch (IOException e) {
      throw new ImageException("image archive " + file + ": " + e.getMessage(), e);
    }
  }

  /// The part of containerd that speaks CRI hears of an import a moment later.
  private void await(String name) throws IOException {
    for (int look = 0; !has(name); look++) {
      if (look == Pause.LOOKS_MAX) {
        throw new IOException(name + " is imported, and yet not known to the runtime");
      }
      Pause.brief();
    }
  }
}
