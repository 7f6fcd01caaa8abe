// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import dev.havn.node.image.Digests;
import dev.havn.node.image.DiskRoom;
import dev.havn.node.registry.Manifest.Descriptor;
import dev.havn.node.registry.RegistryHosts.Endpoint;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// One repository of one registry, or of a mirror of it (OCI distribution specification 1.1,
/// "pull"). Requests that fail for reasons that pass are made again. Blocks; for many threads.
final class RegistryClient {
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(60);
  private static final Duration STALL = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final Duration PAUSE_MAX = Duration.ofSeconds(30);
  private static final int ATTEMPTS_MAX = 4;
  private static final int REDIRECTS_MAX = 5;
  private static final int MANIFEST_BYTES_MAX = 4 << 20;
  private static final int BUFFER_BYTES = 64 << 10;

  private final Http http;
  private final Endpoint endpoint;
  private final String repository;
  private final Authorization authorization;

  RegistryClient(Http http, Endpoint endpoint, String repository, Authorization authorization) {
    this.http = http;
    this.endpoint = endpoint;
    this.repository = repository;
    this.authorization = authorization;
  }

  boolean isMirror() {
    return endpoint.isMirror();
  }

  /// The digest of what a tag or digest stands for now.
  String resolve(String version) throws IOException {
    HttpResponse<InputStream> answer = request("HEAD", "manifests/" + version, 0, true);
    Bodies.close(answer.body());
    String digest = answer.headers().firstValue("Docker-Content-Digest").orElse("");
    if (answer.statusCode() == 200 && digest.matches("sha256:[0-9a-f]{64}")) {
      return checked(version, digest);
    }
    boolean tellsNothing = answer.statusCode() == 200 || answer.statusCode() == 405;
    if (!tellsNothing) {
      throw refused(answer, version);
    }
    return checked(version, Digests.ofBytes(get(version)));
  }

  private static String checked(String version, String digest) throws IOException {
    if (version.startsWith("sha256:") && !version.equals(digest)) {
      throw new RegistryException("manifest " + version + " is answered with " + digest);
    }
    return digest;
  }

  private RegistryException refused(HttpResponse<?> answer, String version) {
    String name = repository + (version.contains(":") ? "@" : ":") + version;
    return switch (answer.statusCode()) {
      case 404 ->
          new RegistryException(
              (endpoint.isMirror() ? endpoint.host() : endpoint.base().getRawAuthority())
                      .replace("registry-1.docker.io", "docker.io")
                  + "/"
                  + name
                  + ": not found");
      case 401, 403 ->
          new RegistryException(
              "pull access denied, repository does not exist or may require authorization: "
                  + "authorization failed: "
                  + Bodies.unexpected(answer).getMessage());
      default -> Bodies.unexpected(answer);
    };
  }

  private byte[] get(String version) throws IOException {
    HttpResponse<InputStream> answer = request("GET", "manifests/" + version, 0, true);
    if (answer.statusCode() != 200) {
      Bodies.close(answer.body());
      throw refused(answer, version);
    }
    return Bodies.read(http, answer, MANIFEST_BYTES_MAX);
  }

  /// A manifest or an index.
  byte[] manifest(String digest) throws IOException {
    byte[] content = get(digest);
    if (!Digests.ofBytes(content).equals(digest)) {
      throw new RegistryException("manifest " + digest + " has another content");
    }
    return content;
  }

  /// Asks whether a blob could be fetched.
  ///
  /// @throws IOException when it could not
  void require(Descriptor blob) throws IOException {
    HttpResponse<InputStream> answer = request("HEAD", "blobs/" + blob.digest(), 0, false);
    Bodies.close(answer.body());
    if (answer.statusCode() != 200) {
      throw Bodies.unexpected(answer);
    }
  }

  /// Fetches a blob into a file. A connection that breaks is taken up where it broke.
  ///
  /// @param at follows how many bytes are there
  /// @param room on the disk of the file, of which others may take some meanwhile
  void blob(Descriptor blob, Path target, AtomicLong at, DiskRoom room) throws IOException {
    Files.deleteIfExists(target);
    Files.createFile(target);
    at.set(0);
    int failures = 0;
    while (Files.size(target) < blob.bytes()) {
      long before = Files.size(target);
      try {
        append(blob, target, at, room);
      } catch (RegistryException e) {
        throw e;
      } catch (IOException e) {
        failures = Files.size(target) - before >= Http.LEAST_BYTES ? 0 : failures + 1;
        if (failures == ATTEMPTS_MAX) {
          throw new RegistryException(
              "failed to copy: blob " + blob.digest() + ": " + e.getMessage(), e);
        }
        http.pause(PAUSE.multipliedBy(1L << failures));
      }
    }
    if (!Digests.ofFile(target).equals(blob.digest())) {
      throw new RegistryException("blob " + blob.digest() + " has another content");
    }
  }

  private void append(Descriptor blob, Path target, AtomicLong at, DiskRoom room)
      throws IOException {
    long from = Files.size(target);
    HttpResponse<InputStream> answer = request("GET", "blobs/" + blob.digest(), from, false);
    boolean whole = answer.statusCode() == 200;
    if (!whole && (answer.statusCode() != 206 || from == 0)) {
      Bodies.close(answer.body());
      throw Bodies.unexpected(answer);
    }
    at.set(whole ? 0 : from);
    StandardOpenOption how =
        whole ? StandardOpenOption.TRUNCATE_EXISTING : StandardOpenOption.APPEND;
    try (InputStream body = answer.body();
        OutputStream out = Files.newOutputStream(target, StandardOpenOption.WRITE, how)) {
      Runnable end = http.watch(at::get, body, STALL);
      try {
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
          if (at.addAndGet(read) > blob.bytes()) {
            throw new RegistryException(
                "blob " + blob.digest() + " is larger than its " + blob.bytes() + " bytes");
          }
          requireRoom(blob, at.get() - read, at.get(), room);
          out.write(buffer, 0, read);
        }
      } finally {
        end.run();
      }
    }
    if (at.get() < blob.bytes()) {
      throw new IOException("it ends after " + at.get() + " of " + blob.bytes() + " bytes");
    }
  }

  /// To try again would find as little.
  private static void requireRoom(Descriptor blob, long before, long now, DiskRoom room)
      throws RegistryException {
    try {
      room.requireMore("blob " + blob.digest(), before, now);
    } catch (IOException e) {
      throw new RegistryException("failed to copy: " + e.getMessage(), e);
    }
  }

  private HttpResponse<InputStream> request(
      String method, String path, long from, boolean isManifest) throws IOException {
    String query =
        endpoint.isMirror()
            ? "?ns=" + URLEncoder.encode(endpoint.host(), StandardCharsets.UTF_8)
            : "";
    URI uri = URI.create(endpoint.base() + "/v2/" + repository + "/" + path + query);
    for (int attempt = 1; ; attempt++) {
      Duration pause = PAUSE.multipliedBy(1L << attempt);
      try {
        HttpResponse<InputStream> answer = authorized(method, uri, from, isManifest);
        boolean passes = answer.statusCode() >= 500 || answer.statusCode() == 429;
        if (!passes || attempt == ATTEMPTS_MAX) {
          return answer;
        }
        Bodies.close(answer.body());
        pause = asked(answer, pause);
      } catch (RegistryException e) {
        // Where there are others to ask, who cannot be reached is not waited for.
        if (attempt == ATTEMPTS_MAX || isMirror() || !(e.getCause() instanceof IOException)) {
          throw e;
        }
      }
      http.pause(pause);
    }
  }

  private static Duration asked(HttpResponse<?> answer, Duration otherwise) {
    String seconds = answer.headers().firstValue("Retry-After").orElse("");
    if (!seconds.matches("[0-9]{1,6}")) {
      return otherwise;
    }
    Duration asked = Duration.ofSeconds(Long.parseLong(seconds));
    return asked.compareTo(PAUSE_MAX) > 0 ? PAUSE_MAX : asked;
  }

  private HttpResponse<InputStream> authorized(
      String method, URI uri, long from, boolean isManifest) throws IOException {
    String header = authorization.header();
    HttpResponse<InputStream> answer = followed(method, uri, from, isManifest, header);
    // Who is named by a redirect is told nothing, whatever it asks.
    if (answer.statusCode() != 401 || !sameOrigin(uri, answer.request().uri())) {
      return answer;
    }
    List<Challenge> challenges = Challenge.all(answer.headers().allValues("WWW-Authenticate"));
    if (!authorization.answer(header, challenges)) {
      return answer;
    }
    Bodies.close(answer.body());
    return followed(method, uri, from, isManifest, authorization.header());
  }

  /// Follows redirects, as to the store of a registry's blobs, which is shown no credential.
  private HttpResponse<InputStream> followed(
      String method, URI first, long from, boolean isManifest, String authorization)
      throws IOException {
    URI uri = first;
    for (int i = 0; i < REDIRECTS_MAX; i++) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(uri)
              .timeout(ANSWER_WITHIN)
              .header("User-Agent", "havn")
              .method(method, HttpRequest.BodyPublishers.noBody());
      if (isManifest) {
        Manifest.TYPES.forEach(each -> request.header("Accept", each));
      }
      if (from > 0) {
        request.header("Range", "bytes=" + from + "-");
      }
      if (!authorization.isEmpty() && sameOrigin(first, uri)) {
        request.header("Authorization", authorization);
      }
      HttpResponse<InputStream> answer = http.send(endpoint.authority(), request.build());
      String location = answer.headers().firstValue("Location").orElse("");
      if (!List.of(301, 302, 303, 307, 308).contains(answer.statusCode()) || location.isEmpty()) {
        return answer;
      }
      Bodies.close(answer.body());
      uri = target(uri, location);
    }
    throw new RegistryException(
        Bodies.shown(first) + " redirects more than " + REDIRECTS_MAX + " times");
  }

  private static URI target(URI from, String location) throws IOException {
    try {
      URI to = from.resolve(location);
      boolean good =
          to.getHost() != null
              && ("https".equals(to.getScheme())
                  || ("http".equals(to.getScheme()) && "http".equals(from.getScheme())));
      if (good) {
        return to;
      }
    } catch (IllegalArgumentException e) {
      throw new RegistryException(Bodies.shown(from) + " redirects to no address", e);
    }
    throw new RegistryException(
        "%s redirects to %s, which is not followed"
            .formatted(Bodies.shown(from), location.replaceFirst("[?#].*", "")));
  }

  private static boolean sameOrigin(URI one, URI other) {
    return one.getScheme().equals(other.getScheme())
        && one.getRawAuthority().equals(other.getRawAuthority());
  }
}
