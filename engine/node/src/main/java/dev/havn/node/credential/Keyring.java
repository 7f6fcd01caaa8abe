// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Credentials by the places they are for, which are found as Kubernetes finds them: `host`,
/// `host:port`, `*.host`, `host/path`; the longest first.
public final class Keyring {
  public static final Keyring EMPTY = new Keyring(Map.of());

  private static final String HUB = "docker.io";
  private static final String HUB_KEY = "index.docker.io";

  private final Map<String, List<Credential>> byPlace = new TreeMap<>(Comparator.reverseOrder());
  private final List<CredentialSource> sources = new ArrayList<>();
  private final String namespace;

  /// @param byPlace as Docker's file names places, with or without a scheme
  public Keyring(Map<String, List<Credential>> byPlace) {
    this(byPlace, "");
  }

  private Keyring(Map<String, List<Credential>> byPlace, String namespace) {
    this.namespace = namespace;
    byPlace.forEach(
        (place, credentials) ->
            this.byPlace.computeIfAbsent(key(place), _ -> new ArrayList<>()).addAll(credentials));
  }

  /// None yet, of a pod in a namespace.
  public static Keyring in(String namespace) {
    return new Keyring(Map.of(), namespace);
  }

  /// Of the pod that they are for; empty for none.
  public String namespace() {
    return namespace;
  }

  /// All credentials of both, these first.
  public Keyring and(Keyring other) {
    Keyring both = new Keyring(byPlace, namespace);
    other.byPlace.forEach(
        (place, credentials) ->
            both.byPlace.computeIfAbsent(place, _ -> new ArrayList<>()).addAll(credentials));
    both.sources.addAll(sources);
    both.sources.addAll(other.sources);
    return both;
  }

  /// The same, and what somebody gives who is asked when it is looked for.
  public Keyring and(CredentialSource source) {
    Keyring more = and(EMPTY);
    more.sources.add(source);
    return more;
  }

  public boolean isEmpty() {
    return byPlace.isEmpty() && sources.isEmpty();
  }

  private static String key(String place) {
    String plain = place.replaceFirst("^https?://", "");
    int slash = plain.indexOf('/');
    String host = slash < 0 ? plain : plain.substring(0, slash);
    String path = slash < 0 ? "" : plain.substring(slash);
    path = path.startsWith("/v1/") || path.startsWith("/v2/") ? path.substring(3) : path;
    return path.equals("/") ? host : host + path;
  }

  /// Those for an image, in the order in which they are to be tried.
  ///
  /// @param name host and repository
  public List<Credential> of(String name) {
    List<Credential> found = new ArrayList<>();
    byPlace.forEach(
        (place, credentials) -> {
          if (matches(place, name)) {
            found.addAll(credentials);
          }
        });
    if (found.isEmpty() && (name.startsWith(HUB + "/") || name.startsWith(HUB_KEY + "/"))) {
      found.addAll(byPlace.getOrDefault(HUB_KEY, List.of()));
    }
    sources.forEach(each -> found.addAll(each.of(name)));
    return found;
  }

  /// Whether a place is one of an image.
  ///
  /// @param name host and repository
  static boolean isFor(String place, String name) {
    return matches(key(place), name);
  }

  private static boolean matches(String place, String name) {
    int slash = place.indexOf('/');
    String host = slash < 0 ? place : place.substring(0, slash);
    String path = slash < 0 ? "" : place.substring(slash);
    int nameSlash = name.indexOf('/');
    String nameHost = nameSlash < 0 ? name : name.substring(0, nameSlash);
    String namePath = nameSlash < 0 ? "" : name.substring(nameSlash);
    return namePath.startsWith(path) && hostMatches(host, nameHost);
  }

  private static boolean hostMatches(String glob, String host) {
    if (!port(glob).equals(port(host))) {
      return false;
    }
    String[] globs = bare(glob).split("\\.", -1);
    String[] parts = bare(host).split("\\.", -1);
    if (globs.length != parts.length) {
      return false;
    }
    for (int i = 0; i < globs.length; i++) {
      if (!partMatches(globs[i], parts[i])) {
        return false;
      }
    }
    return true;
  }

  private static String port(String host) {
    int colon = host.lastIndexOf(':');
    return colon < 0 || host.endsWith("]") ? "" : host.substring(colon + 1);
  }

  private static String bare(String host) {
    String port = port(host);
    return port.isEmpty() ? host : host.substring(0, host.length() - port.length() - 1);
  }

  /// As a shell matches one name: `*`, `?` and `[a-z]`. What is no pattern matches nothing. Goes
  /// back to the last star only, so that no pattern takes long.
  private static boolean partMatches(String glob, String part) {
    int g = 0;
    int p = 0;
    int star = -1;
    int resume = 0;
    while (p < part.length()) {
      int next = g < glob.length() ? one(glob, g, part.charAt(p)) : -1;
      if (g < glob.length() && glob.charAt(g) == '*') {
        star = g++;
        resume = p;
      } else if (next > 0) {
        g = next;
        p++;
      } else if (star >= 0) {
        g = star + 1;
        p = ++resume;
      } else {
        return false;
      }
    }
    while (g < glob.length() && glob.charAt(g) == '*') {
      g++;
    }
    return g == glob.length();
  }

  /// @return where the pattern goes on after this character, -1 when it does not match
  private static int one(String glob, int at, char wanted) {
    char first = glob.charAt(at);
    if (first == '?') {
      return at + 1;
    }
    if (first != '[') {
      return first == wanted ? at + 1 : -1;
    }
    int end = glob.indexOf(']', at + 1);
    if (end < 0) {
      return -1;
    }
    boolean not = glob.charAt(at + 1) == '^';
    boolean in = false;
    for (int i = at + (not ? 2 : 1); i < end; i++) {
      boolean range = i + 2 < end && glob.charAt(i + 1) == '-';
      char to = range ? glob.charAt(i + 2) : glob.charAt(i);
      in |= glob.charAt(i) <= wanted && wanted <= to;
      i += range ? 2 : 0;
    }
    return in != not ? end + 1 : -1;
  }
}
