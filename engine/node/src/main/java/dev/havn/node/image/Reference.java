// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.util.Locale;
import java.util.regex.Pattern;

/// The name of an image, whole: `web` is `docker.io/library/web:latest`.
///
/// @param host with its port, `docker.io` where a name tells none
/// @param tag empty when the name has a digest and no tag
/// @param digest empty when the name has none
public record Reference(String host, String repository, String tag, String digest) {
  private static final int CHARS_MAX = 4_096;
  private static final int NAME_CHARS_MAX = 255;
  private static final String HUB = "docker.io";
  private static final String INVALID = "invalid reference format";
  private static final Pattern HOST =
      Pattern.compile(
          "([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*"
              + "|\\[[a-fA-F0-9:]+\\])(:[0-9]+)?");
  private static final String PART = "[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*";
  private static final Pattern REPOSITORY = Pattern.compile(PART + "(/" + PART + ")*");
  private static final Pattern TAG = Pattern.compile("\\w[\\w.-]{0,127}");
  private static final Pattern DIGEST =
      Pattern.compile("[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}");
  private static final Pattern SHA256 = Pattern.compile("sha256:[0-9a-f]{64}");
  private static final Pattern IDENTIFIER = Pattern.compile("[a-f0-9]{64}");

  /// A name that no image can have; the message is in the words of Docker's parser.
  public static final class InvalidNameException extends RuntimeException {
    InvalidNameException(String message) {
      super(message);
    }
  }

  /// Reads a name as Docker and Kubernetes mean it.
  ///
  /// @throws InvalidNameException when it is none
  public static Reference parse(String name) {
    if (name.length() > CHARS_MAX) {
      throw new InvalidNameException(INVALID);
    }
    if (IDENTIFIER.matcher(name).matches()) {
      throw new InvalidNameException(
          "invalid repository name (%s), cannot specify 64-byte hexadecimal strings"
              .formatted(name));
    }
    String host = hostIn(name);
    String rest = host.isEmpty() ? name : name.substring(host.length() + 1);
    host = host.isEmpty() || host.equals("index." + HUB) ? HUB : host;
    int at = rest.indexOf('@');
    String digest = at < 0 ? "" : rest.substring(at + 1);
    String tagged = at < 0 ? rest : rest.substring(0, at);
    int colon = tagged.indexOf(':');
    String tag = colon < 0 ? "" : tagged.substring(colon + 1);
    String repository = colon < 0 ? tagged : tagged.substring(0, colon);
    if (host.equals(HUB) && !repository.contains("/")) {
      repository = "library/" + repository;
    }
    if (!repository.equals(repository.toLowerCase(Locale.ROOT))) {
      throw new InvalidNameException(
          INVALID + ": repository name (" + repository + ") must be lowercase");
    }
    boolean fits =
        HOST.matcher(host).matches()
            && REPOSITORY.matcher(repository).matches()
            && (colon < 0 || TAG.matcher(tag).matches())
            && (at < 0 || DIGEST.matcher(digest).matches());
    if (!fits) {
      throw new InvalidNameException(INVALID);
    }
    if (host.length() + 1 + repository.length() > NAME_CHARS_MAX) {
      throw new InvalidNameException("repository name must not be more than 255 characters");
    }
    checkDigest(digest);
    return new Reference(host, repository, colon < 0 && digest.isEmpty() ? "latest" : tag, digest);
  }

  private static void checkDigest(String digest) {
    if (digest.isEmpty() || SHA256.matcher(digest).matches()) {
      return;
    }
    throw new InvalidNameException(
        digest.startsWith("sha256:")
            ? "invalid checksum digest length"
            : "unsupported digest algorithm");
  }

  /// What stands before the first slash, when that is a host; else nothing.
  private static String hostIn(String name) {
    int slash = name.indexOf('/');
    String first = slash < 0 ? "" : name.substring(0, slash);
    boolean host =
        first.contains(".")
            || first.contains(":")
            || first.equals("localhost")
            || !first.equals(first.toLowerCase(Locale.ROOT));
    return host ? first : "";
  }

  /// Host and repository.
  public String name() {
    return host + "/" + repository;
  }

  /// By which a registry finds it: the digest, else the tag.
  public String version() {
    return digest.isEmpty() ? tag : digest;
  }

  /// Under which it is kept. A tag beside a digest says nothing.
  public String full() {
    return digest.isEmpty() ? name() + ":" + tag : name() + "@" + digest;
  }
}
