// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import dev.havn.apiserver.authentication.TokenAuthenticator.Outcome;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Finds out who calls, in the order of kube-apiserver: by the client certificate, by a bearer
/// token in the header, by one in a WebSocket's subprotocol; the first that says who it is counts.
/// Who shows something of which nothing is good is refused, and who shows nothing is anonymous.
public final class Authenticator {
  private static final String SPACE_WARNING =
      "the provided Authorization header contains extra space before the bearer token, and is ignored";

  private final ClientCertificates certificates;
  private final BearerTokens tokens;
  private final AnonymousAccess anonymous;

  Authenticator(ClientCertificates certificates, BearerTokens tokens, AnonymousAccess anonymous) {
    this.certificates = certificates;
    this.tokens = tokens;
    this.anonymous = anonymous;
  }

  /// The caller; [UserInfo#ANONYMOUS] when nothing was presented; empty when what was presented is
  /// wrong, or nobody may be anonymous there. A token that was good is taken out of the headers, so
  /// that it goes to nobody else.
  ///
  /// @param warnings gets what the answer warns of
  public Optional<UserInfo> authenticate(Request request, Consumer<String> warnings) {
    WebSocketToken socket = WebSocketToken.of(request.headers());
    WebSocketToken.strip(request.headers());
    boolean failed = false;
    switch (request.credential()) {
      case Credential.Loopback(String user, List<String> groups) -> {
        return Optional.of(authenticated(new UserInfo(user, groups)));
      }
      case Credential.Certificate(List<X509Certificate> chain) when !chain.isEmpty() -> {
        Optional<UserInfo> user = certificates.user(chain);
        if (user.isPresent()) {
          return user.map(Authenticator::authenticated);
        }
        failed = true;
      }
      case Credential.Certificate _, Credential.None _ -> {}
    }
    Headers headers = request.headers();
    @Nullable String token = inHeader(headers, warnings);
    if (token != null) {
      if (tokens.authenticate(token) instanceof Outcome.Known(UserInfo user, List<String> _)) {
        headers.remove("authorization");
        return Optional.of(authenticated(user));
      }
      failed = true;
    }
    if (socket.token() != null) {
      if (tokens.authenticate(socket.token()) instanceof Outcome.Known(UserInfo user, var _)) {
        return Optional.of(authenticated(user));
      }
    }
    failed |= socket.isWrong() || socket.token() != null;
    return failed || !anonymous.isOpen(request.path())
        ? Optional.empty()
        : Optional.of(UserInfo.ANONYMOUS);
  }

  /// For whom a token speaks as others ask, who got it themselves (TokenReview).
  ///
  /// @param audiences empty for the API server's own
  public Reviewed review(String token, List<String> audiences) {
    List<String> asked = audiences.isEmpty() ? tokens.own() : audiences;
    @Nullable String read =
        inHeader(new Headers().set("authorization", "Bearer " + token), _ -> {});
    if (read == null) {
      // In a header such a token is none, and who has none is anonymous.
      return anonymous.isOpen("")
          ? new Reviewed(UserInfo.ANONYMOUS, asked, "")
          : new Reviewed(null, asked, "");
    }
    return switch (tokens.authenticate(read, asked)) {
      case Outcome.Known(UserInfo user, List<String> meant) ->
          new Reviewed(authenticated(user), meant, "");
      case Outcome.Refused(String why) -> new Reviewed(null, List.of(), why);
      case Outcome.None _ -> new Reviewed(null, List.of(), BearerTokens.INVALID);
    };
  }

  /// What is known of a token.
  ///
  /// @param user null when it is not good
  /// @param audiences those asked for that it is meant for
  /// @param refusal why it is not good, or empty
  public record Reviewed(@Nullable UserInfo user, List<String> audiences, String refusal) {}

  /// The token of an `Authorization` header, null when there is none.
  private static @Nullable String inHeader(Headers headers, Consumer<String> warnings) {
    @Nullable String header = headers.first("authorization");
    String[] parts = header == null ? new String[0] : header.strip().split(" ", 3);
    if (parts.length < 2 || !parts[0].equalsIgnoreCase("bearer")) {
      return null;
    }
    if (parts[1].isEmpty()) {
      if (parts.length == 3) {
        warnings.accept(SPACE_WARNING);
      }
      return null;
    }
    return parts[1];
  }

  private static UserInfo authenticated(UserInfo user) {
    List<String> groups = new ArrayList<>(user.groups());
    if (!groups.contains(UserInfo.AUTHENTICATED)
        && !user.name().equals(UserInfo.ANONYMOUS.name())) {
      groups.add(UserInfo.AUTHENTICATED);
    }
    return new UserInfo(user.name(), user.uid(), groups, Map.copyOf(user.extra()));
  }
}
