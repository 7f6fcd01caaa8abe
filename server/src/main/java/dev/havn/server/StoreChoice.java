// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.store.EtcdSettings;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Where the API's objects live, and how.
///
/// @param endpoints of an etcd, empty for the other kinds
/// @param etcd what is to be known about it
/// @param encryption file that says how objects are encrypted at rest, or null
public record StoreChoice(
    Kind kind, List<URI> endpoints, EtcdOptions etcd, @Nullable Path encryption) {
  private static final String ETCD = "etcd=";

  /// What the keys of the store begin with inside Havn.
  private static final String ROOT = "/registry/";

  /// In the data directory.
  public static final StoreChoice FILE = new StoreChoice(Kind.FILE);

  /// Gone with the server.
  public static final StoreChoice MEMORY = new StoreChoice(Kind.MEMORY);

  /// The kinds of stores.
  public enum Kind {
    FILE,
    MEMORY,
    ETCD
  }

  /// How an etcd is used.
  ///
  /// @param prefix of all keys, such as `/registry`
  /// @param authority PEM file of who signs the members' certificates, null for those the JDK
  ///   trusts
  /// @param certificate PEM file by which etcd knows this server, or null
  /// @param key PEM file of its key, or null
  public record EtcdOptions(
      String prefix, @Nullable Path authority, @Nullable Path certificate, @Nullable Path key) {
    static final EtcdOptions STANDARD = new EtcdOptions("/registry", null, null, null);
  }

  private StoreChoice(Kind kind) {
    this(kind, List.of(), EtcdOptions.STANDARD, null);
  }

  /// The same place as `text` names, with all else as it is here.
  ///
  /// @param text `file`, `memory` or `etcd=URL[,URL...]`
  /// @throws IllegalArgumentException with what is expected
  public StoreChoice at(String text) {
    return switch (text) {
      case "file" -> new StoreChoice(Kind.FILE, List.of(), etcd, encryption);
      case "memory" -> new StoreChoice(Kind.MEMORY, List.of(), etcd, encryption);
      default -> {
        if (!text.startsWith(ETCD)) {
          throw new IllegalArgumentException("file, memory or etcd=URL[,URL...]");
        }
        List<URI> members = EtcdSettings.endpoints(text.substring(ETCD.length()));
        yield new StoreChoice(Kind.ETCD, members, etcd, encryption);
      }
    };
  }

  StoreChoice with(EtcdOptions options, @Nullable Path encrypted) {
    return new StoreChoice(kind, endpoints, options, encrypted);
  }

  EtcdSettings settings() {
    return new EtcdSettings(
        endpoints, ROOT, etcd.prefix() + "/", etcd.authority(), etcd.certificate(), etcd.key());
  }

  @Override
  public String toString() {
    return switch (kind) {
      case FILE -> "file";
      case MEMORY -> "memory";
      case ETCD -> ETCD + endpoints.stream().map(URI::toString).collect(Collectors.joining(","));
    };
  }
}
