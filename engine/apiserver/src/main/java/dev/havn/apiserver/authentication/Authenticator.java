// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Request;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.jspecify.annotations.Nullable;

/// Finds out who calls: client certificates (common name is the user, organizations are groups),
/// service-account tokens, callers inside this process, else nobody.
public final class Authenticator {
  private static final String BEARER = "bearer ";

  /// `clientAuth` of RFC 5280, section 4.2.1.12.
  private static final String CLIENT_USAGE = "1.3.6.1.5.5.7.3.2";

  private final List<X509Certificate> authorities;
  private final ServiceAccountTokens tokens;
  private final InstantSource clock;
  private final Recent<X509Certificate, UserInfo> signed = new Recent<>();

  public Authenticator(
      List<X509Certificate> authorities, ServiceAccountTokens tokens, InstantSource clock) {
    this.authorities = authorities;
    this.tokens = tokens;
    this.clock = clock;
  }

  /// The caller; [UserInfo#ANONYMOUS] when nothing was presented; empty when what was presented is
  /// wrong.
  public Optional<UserInfo> authenticate(Request request) {
    @Nullable String authorization = request.headers().first("authorization");
    if (authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      return tokens
          .verify(authorization.substring(BEARER.length()).strip(), List.of())
          .map(Authenticator::authenticated);
    }
    return switch (request.credential()) {
      case Credential.None _ -> Optional.of(UserInfo.ANONYMOUS);
      case Credential.Loopback(String user, List<String> groups) ->
          Optional.of(authenticated(new UserInfo(user, groups)));
      case Credential.Certificate(List<X509Certificate> chain) -> certificate(chain);
    };
  }

  private Optional<UserInfo> certificate(List<X509Certificate> chain) {
    if (chain.isEmpty()) {
      return Optional.of(UserInfo.ANONYMOUS);
    }
    X509Certificate leaf = chain.getFirst();
    try {
      leaf.checkValidity(Date.from(clock.instant()));
      @Nullable UserInfo known = signed.get(leaf);
      if (known == null) {
        @Nullable List<String> usages = leaf.getExtendedKeyUsage();
        boolean client = usages == null || usages.contains(CLIENT_USAGE);
        if (!client || authorities.stream().noneMatch(authority -> signed(leaf, authority))) {
          return Optional.empty();
        }
        UserInfo named = subject(leaf);
        if (named.name().isEmpty()) {
          return Optional.empty();
        }
        known = authenticated(named);
        signed.put(leaf, known);
      }
      return Optional.of(known);
    } catch (GeneralSecurityException | InvalidNameException invalid) {
      return Optional.empty();
    }
  }

  private static boolean signed(X509Certificate leaf, X509Certificate authority) {
    if (!leaf.getIssuerX500Principal().equals(authority.getSubjectX500Principal())) {
      return false;
    }
    try {
      leaf.verify(authority.getPublicKey());
      return true;
    } catch (GeneralSecurityException forged) {
      return false;
    }
  }

  private static UserInfo subject(X509Certificate leaf)
      throws InvalidNameException, GeneralSecurityException {
    String name = "";
    List<String> groups = new ArrayList<>();
    for (Rdn rdn : new LdapName(leaf.getSubjectX500Principal().getName()).getRdns()) {
      switch (rdn.getType()) {
        case "CN" -> name = rdn.getValue().toString();
        case "O" -> groups.add(rdn.getValue().toString());
        default -> {}
      }
    }
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(leaf.getEncoded());
    String id = "X509SHA256=" + HexFormat.of().formatHex(digest);
    return new UserInfo(name, "", groups, Map.of(UserInfo.CREDENTIAL_ID, List.of(id)));
  }

  private static UserInfo authenticated(UserInfo user) {
    List<String> groups = new ArrayList<>(user.groups());
    if (!groups.contains(UserInfo.AUTHENTICATED)) {
      groups.add(UserInfo.AUTHENTICATED);
    }
    return new UserInfo(user.name(), user.uid(), groups, Map.copyOf(user.extra()));
  }
}
