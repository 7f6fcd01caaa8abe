// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All that a proxy knows, replaced as a whole.
///
/// @param doors where it is to listen
public record RoutingTable(List<Door> doors) {
  public static final RoutingTable EMPTY = new RoutingTable(List.of());

  /// Who listens and on which port; the proxy finds an address for it.
  ///
  /// @param owner such as `ingress` or `default/web` of a Gateway
  public record DoorId(String owner, int port) {
    /// Of the owner, empty for one that is no namespace's.
    public String namespace() {
      return owner.substring(0, Math.max(0, owner.indexOf('/')));
    }

    @Override
    public String toString() {
      return owner + ":" + port;
    }
  }

  /// A port of an owner.
  ///
  /// @param tls whether TLS ends here
  /// @param identities by the name a client asks for in its greeting (SNI)
  /// @param sites by host; requests of one never reach the rules of another
  public record Door(DoorId id, boolean tls, HostMap<Identity> identities, HostMap<Site> sites) {}

  /// Who the proxy is for a name.
  ///
  /// @param chain leaf first
  public record Identity(PrivateKey key, List<X509Certificate> chain) {}

  /// A part of a door, such as a listener of a Gateway.
  ///
  /// @param hosts rules in the order in which they are tried; where none of a host's own fits,
  ///   those of less specific names are tried
  public record Site(String name, HostMap<List<Rule>> hosts) {
    /// The first rule that fits, or null; null also where the steps are spent, since a rule after
    /// one that was not tried may be for others.
    public @Nullable Rule find(Asked asked, Steps steps) {
      for (List<Rule> rules : hosts.all(asked.host())) {
        for (Rule rule : rules) {
          if (rule.match().fits(asked, steps)) {
            return rule;
          }
          if (steps.areSpent()) {
            return null;
          }
        }
      }
      return null;
    }
  }
}
