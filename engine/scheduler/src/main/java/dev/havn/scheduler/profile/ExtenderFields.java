// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.profile;

import dev.havn.scheduler.extender.ExtenderSettings;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What the file says of extenders, checked as kube-scheduler checks it, and sooner: a URL or a
/// file that cannot be meant is refused at the start.
///
/// @param ignored resources that no plugin looks at, since an extender does
record ExtenderFields(List<ExtenderSettings> extenders, Set<String> ignored) {
  private static final Duration WITHIN = Duration.ofSeconds(5);
  private static final Pattern EXTENDED =
      Pattern.compile("[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?");
  private static final String NATIVE = "kubernetes.io/";
  private static final Set<String> FIELDS =
      Set.of(
          "urlPrefix",
          "filterVerb",
          "preemptVerb",
          "prioritizeVerb",
          "weight",
          "bindVerb",
          "enableHTTPS",
          "tlsConfig",
          "httpTimeout",
          "nodeCacheCapable",
          "managedResources",
          "ignorable");
  private static final Set<String> TLS_FIELDS =
      Set.of(
          "insecure",
          "serverName",
          "certFile",
          "keyFile",
          "caFile",
          "certData",
          "keyData",
          "caData");

  static ExtenderFields of(Section file) {
    List<ExtenderSettings> all = new ArrayList<>();
    Set<String> managed = new HashSet<>();
    Set<String> ignored = new LinkedHashSet<>();
    int binders = 0;
    for (Section each : file.list("extenders", FIELDS)) {
      ExtenderSettings extender = extender(each, managed, ignored);
      binders += extender.verbs().bind().isEmpty() ? 0 : 1;
      all.add(extender);
    }
    if (binders > 1) {
      throw new IllegalArgumentException(
          "extenders: Invalid value: \"found %d extenders implementing bind\": only one extender can implement bind"
              .formatted(binders));
    }
    return new ExtenderFields(all, ignored);
  }

  private static ExtenderSettings extender(
      Section extender, Set<String> managedByAny, Set<String> ignored) {
    ExtenderSettings.Verbs verbs =
        new ExtenderSettings.Verbs(
            extender.text("filterVerb"),
            extender.text("prioritizeVerb"),
            extender.text("preemptVerb"),
            extender.text("bindVerb"));
    long weight = extender.number("weight", 0);
    if (!verbs.prioritize().isEmpty() && weight <= 0) {
      throw invalid(
          extender.at("weight"),
          String.valueOf(weight),
          "must have a positive weight applied to it");
    }
    Section tls = extender.part("tlsConfig", TLS_FIELDS);
    ExtenderSettings.Identity identity = identity(tls);
    boolean hasAuthority = identity.authority().isGiven();
    boolean isOpen = extender.flag("enableHTTPS", false) && !hasAuthority;
    Duration within = extender.duration("httpTimeout", WITHIN);
    if (within.isNegative()) {
      throw invalid(extender.at("httpTimeout"), within.toString(), "must be greater than zero");
    }
    return new ExtenderSettings(
        url(extender, tls),
        verbs,
        weight,
        tls.flag("insecure", false) || isOpen,
        identity,
        within.isZero() ? WITHIN : within,
        extender.flag("nodeCacheCapable", false),
        managed(extender, managedByAny, ignored),
        extender.flag("ignorable", false));
  }

  private static String url(Section extender, Section tls) {
    String text = extender.text("urlPrefix");
    URI url;
    try {
      url = URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          extender.at("urlPrefix") + ": Invalid value: \"" + text + "\": " + e.getMessage(), e);
    }
    @Nullable String scheme = url.getScheme();
    boolean isHttp = "http".equals(scheme) || "https".equals(scheme);
    if (!isHttp || url.getHost() == null) {
      throw invalid(
          extender.at("urlPrefix"), quoted(text), "expected http://HOST[:PORT]/… or https://…");
    }
    String name = tls.text("serverName");
    if (!name.isEmpty() && !name.equals(url.getHost())) {
      throw invalid(
          tls.at("serverName"),
          quoted(name),
          "Havn looks for the host of urlPrefix in the certificate; name that, or leave it out");
    }
    return text;
  }

  private static ExtenderSettings.Identity identity(Section tls) {
    ExtenderSettings.Identity identity =
        new ExtenderSettings.Identity(
            pem(tls, "caData", "caFile"),
            pem(tls, "certData", "certFile"),
            pem(tls, "keyData", "keyFile"));
    if (tls.flag("insecure", false) && identity.authority().isGiven()) {
      throw invalid(
          tls.at("insecure"),
          "true",
          "specifying a root certificates file with the insecure flag is not allowed");
    }
    if (identity.certificate().isGiven() != identity.key().isGiven()) {
      throw new IllegalArgumentException(
          tls.path() + ": a certificate and its key must be given together");
    }
    return identity;
  }

  private static ExtenderSettings.Pem pem(Section tls, String data, String file) {
    @Nullable String path = tls.textOrNull(file);
    if (path != null && !tls.has(data) && !Files.isReadable(Path.of(path))) {
      throw invalid(tls.at(file), quoted(path), "there is no such file, or it cannot be read");
    }
    return new ExtenderSettings.Pem(tls.textOrNull(data), path);
  }

  private static Set<String> managed(
      Section extender, Set<String> managedByAny, Set<String> ignored) {
    Set<String> managed = new LinkedHashSet<>();
    for (Section each : extender.list("managedResources", Set.of("name", "ignoredByScheduler"))) {
      String name = each.text("name");
      boolean isNative = name.contains(NATIVE) || name.startsWith("requests.");
      if (isNative || !EXTENDED.matcher(name).matches()) {
        throw invalid(each.at("name"), quoted(name), "is an invalid extended resource name");
      }
      if (!managedByAny.add(name)) {
        throw invalid(each.at("name"), quoted(name), "duplicate extender managed resource name");
      }
      managed.add(name);
      if (each.flag("ignoredByScheduler", false)) {
        ignored.add(name);
      }
    }
    return managed;
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }

  private static IllegalArgumentException invalid(String path, String value, String why) {
    return new IllegalArgumentException("%s: Invalid value: %s: %s".formatted(path, value, why));
  }
}
