// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What happens to the requests that fit.
///
/// @param source the object it comes from, for people
/// @param requestWithin until the whole answer is there, null for no bound
/// @param backendWithin until one backend has answered as a whole, null for no bound
public record Rule(
    String source,
    Match match,
    List<Filter> filters,
    Action action,
    @Nullable Duration requestWithin,
    @Nullable Duration backendWithin) {

  public Rule(String source, Match match, Action action) {
    this(source, match, List.of(), action, null, null);
  }

  public sealed interface Action {}

  /// Sends a request on, to each with its share.
  public record Forward(List<Weighted> backends) implements Action {
    public static Forward to(Target target) {
      return new Forward(List.of(new Weighted(1, target, List.of())));
    }
  }

  /// @param status 301, 302, 303, 307 or 308
  /// @param scheme null for that of the request
  /// @param hostname null for that of the request
  /// @param port null for the usual one of the scheme, or that of the door
  public record Redirect(
      int status,
      @Nullable String scheme,
      @Nullable String hostname,
      @Nullable Integer port,
      Filter.@Nullable PathChange path)
      implements Action {}

  /// Whose request it may be.
  public sealed interface Target {}

  /// Answers by itself.
  public record Answer(int status, String words) implements Action, Target {}

  /// What speaks to a backend.
  public enum Protocol {
    HTTP,
    /// HTTP/2 without TLS, from the first byte
    H2C
  }

  /// @param name of the Service, for people
  /// @param endpoints those that take requests now
  /// @param owner who shares a bound with others of the same, such as a namespace
  public record Backend(String name, Protocol protocol, List<Endpoint> endpoints, String owner)
      implements Target {
    public Backend(String name, Protocol protocol, List<Endpoint> endpoints) {
      this(name, protocol, endpoints, "");
    }
  }

  public record Endpoint(String address, int port) {
    @Override
    public String toString() {
      return address + ":" + port;
    }
  }

  /// @param weight its share among all
  /// @param filters for the requests of this one
  public record Weighted(int weight, Target target, List<Filter> filters) {}
}
