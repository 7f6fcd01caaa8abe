// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.Ranges;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.store.EtcdNotes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the servers of one cluster on an etcd have in common beside its objects: the authority that
/// signs certificates, the keys that sign tokens, the addresses of Services. The first server
/// leaves them there, sealed as Secrets are, the others take them; none takes those of another
/// cluster.
final class SharedCluster {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String IDENTITY = "identity";

  /// The note is sealed as if it were this Secret.
  private static final String SEALED_AS = "/registry/core/secrets/kube-system/havn-identity";

  static final String SERVERS = "servers/";
  private static final List<String> FILES =
      List.of(
          "ca.crt",
          "ca.key",
          "service-accounts.key",
          "service-accounts.pub",
          "front-proxy/ca.crt",
          "front-proxy/ca.key");

  /// The key of the authority comes last: where it is, all is.
  private static final List<String> IN_ORDER =
      List.of(
          "front-proxy/ca.crt",
          "front-proxy/ca.key",
          "ca.crt",
          "service-accounts.pub",
          "service-accounts.key",
          "ca.key");

  /// What tells one cluster from another; certificates are made anew when they are old.
  private static final List<String> TELLING = List.of("ca.key", "service-accounts.key");

  private final DataDirectory directory;
  private final EtcdNotes notes;
  private final String etcd;

  /// @param etcd as it was named, for messages
  SharedCluster(DataDirectory directory, EtcdNotes notes, String etcd) {
    this.directory = directory;
    this.notes = notes;
    this.etcd = etcd;
  }

  /// Makes this server one of the cluster's, with its range of Services and a range of pods that no
  /// other server has.
  ///
  /// @throws StartException when the data directory is of another cluster
  Configuration join(
      Configuration wanted, List<Route> routes, InstantSource clock, SecureRandom random)
      throws IOException {
    List<Route> taken = new ArrayList<>(routes);
    taken.addAll(podsOfOthers());
    @Nullable JsonNode known = read();
    Configuration settled;
    if (known == null) {
      settled = new AddressRanges(directory, taken).settle(wanted);
      Path folder = certificates();
      boolean fresh = !Files.exists(folder.resolve("ca.key"));
      var unusedKeys = Authority.open(folder, clock, random).keys("service-accounts");
      var unusedProxy =
          Authority.open(folder.resolve("front-proxy"), Havn.FRONT_PROXY, clock, random);
      known = leave(settled.serviceRange());
      if (fresh) {
        install(known);
      }
    }
    take(known);
    String services = known.path("serviceRange").asText();
    if (!wanted.serviceRange().isEmpty() && !wanted.serviceRange().equals(services)) {
      throw new StartException(
          "service-range is %s in the cluster at %s: leave %s out of the --config file"
              .formatted(services, etcd, wanted.serviceRange()));
    }
    settled =
        new AddressRanges(directory, taken).settle(wanted.withRanges(services, wanted.podRange()));
    register(settled);
    return settled;
  }

  private List<Route> podsOfOthers() throws IOException {
    List<Route> taken = new ArrayList<>();
    for (String note : notes.list(SERVERS)) {
      JsonNode server = JSON.readTree(note);
      String id = server.path("id").asText();
      if (!id.equals(directory.clusterId())) {
        Ranges.parse(server.path("podRange").asText())
            .all()
            .forEach(each -> taken.add(new Route(each, "server " + id, 0)));
      }
    }
    return taken;
  }

  private void register(Configuration settled) {
    ObjectNode server = JSON.createObjectNode();
    server.put("id", directory.clusterId()).put("podRange", settled.podRange());
    notes.writeWhileAlive(SERVERS + directory.clusterId(), server.toString());
  }

  private Path certificates() {
    return directory.path().resolve("certificates");
  }

  private @Nullable JsonNode read() throws JsonProcessingException {
    @Nullable String note = notes.readSealed(IDENTITY, SEALED_AS);
    return note == null ? null : JSON.readTree(note);
  }

  private JsonNode leave(String serviceRange) throws IOException {
    return leave(notes, serviceRange, name -> Files.readAllBytes(certificates().resolve(name)));
  }

  /// The content of a file of an authority.
  interface Content {
    byte[] of(String name) throws IOException;
  }

  /// Leaves what makes a cluster, unless another has done so.
  ///
  /// @return what is there then
  static JsonNode leave(EtcdNotes notes, String serviceRange, Content certificates)
      throws IOException {
    ObjectNode identity = JSON.createObjectNode().put("serviceRange", serviceRange);
    ObjectNode files = identity.putObject("files");
    for (String file : FILES) {
      files.put(file, new String(certificates.of(file), StandardCharsets.UTF_8));
    }
    return JSON.readTree(notes.readOrWriteSealed(IDENTITY, SEALED_AS, identity.toString()));
  }

  /// Takes over the files of the cluster unless they are here.
  private void take(JsonNode identity) throws IOException {
    for (String file : TELLING) {
      Path here = certificates().resolve(file);
      String there = identity.path("files").path(file).asText();
      if (Files.exists(here) && !Files.readString(here).equals(there)) {
        throw new StartException(
            "data directory %s is of another cluster than the one at %s: take another --data-dir, another etcd-prefix, or `havn reset`"
                .formatted(directory.path(), etcd));
      }
    }
    if (!Files.exists(certificates().resolve("ca.key"))) {
      install(identity);
    }
  }

  private void install(JsonNode identity) throws IOException {
    Files.createDirectories(
        certificates(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.createDirectories(
        certificates().resolve("front-proxy"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    for (String file : IN_ORDER) {
      Path fresh = certificates().resolve(file + ".new");
      Files.deleteIfExists(fresh);
      Files.createFile(
          fresh,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(fresh, identity.path("files").path(file).asText());
      Files.move(
          fresh,
          certificates().resolve(file),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
