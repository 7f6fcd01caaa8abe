// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.HostMap;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.DoorId;
import dev.havn.ingress.routing.RoutingTable.Identity;
import dev.havn.ingress.routing.RoutingTable.Site;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The listeners of one port as a door: each a site of its own, also one that cannot be served, so
/// that its hosts do not become another's.
final class Doorways {
  /// A name in a certificate (RFC 5280, section 4.2.1.6).
  private static final int DNS_NAME = 2;

  private static final Logger LOG = LoggerFactory.getLogger(Doorways.class);

  private Doorways() {}

  /// @param listeners that are accepted
  static Door of(String owner, int port, List<OpenListener> listeners) {
    Map<String, Site> sites = new LinkedHashMap<>();
    listeners.forEach(each -> sites.put(each.hostname(), each.site()));
    HostMap<Site> byHost = new HostMap<>(sites, false);
    Map<String, Identity> identities = new LinkedHashMap<>();
    for (OpenListener each : listeners) {
      if (!each.identities().isEmpty()) {
        identities.put(each.hostname(), each.identities().getFirst());
      }
    }
    for (OpenListener each : listeners) {
      @Nullable Site own = sites.get(each.hostname());
      for (int i = 1; i < each.identities().size(); i++) {
        Identity identity = each.identities().get(i);
        for (String name : names(identity.chain().getFirst())) {
          if (byHost.best(name) == own) {
            identities.putIfAbsent(name, identity);
          }
        }
      }
    }
    return new Door(
        new DoorId(owner, port),
        listeners.getFirst().isTls(),
        new HostMap<>(identities, false),
        byHost);
  }

  /// For whom a certificate is, where a listener has several.
  private static List<String> names(X509Certificate certificate) {
    List<String> names = new ArrayList<>();
    try {
      @Nullable Collection<List<?>> all = certificate.getSubjectAlternativeNames();
      if (all != null) {
        for (List<?> each : all) {
          if (each.getFirst().equals(DNS_NAME) && each.get(1) instanceof String name) {
            names.add(Hostnames.plain(name));
          }
        }
      }
    } catch (CertificateParsingException e) {
      LOG.debug("names of {} cannot be read", certificate.getSubjectX500Principal(), e);
    }
    return names;
  }
}
