// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

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
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.Attributes;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.jspecify.annotations.Nullable;

/// Finds the user of a client certificate: its common name, and the groups that its organizations
/// are.
public final class ClientCertificates {
  /// `clientAuth` of RFC 5280, section 4.2.1.12.
  private static final String CLIENT_USAGE = "1.3.6.1.5.5.7.3.2";

  private final List<X509Certificate> authorities;
  private final InstantSource clock;
  private final Recent<X509Certificate, UserInfo> signed = new Recent<>();

  public ClientCertificates(List<X509Certificate> authorities, InstantSource clock) {
    this.authorities = authorities;
    this.clock = clock;
  }

  /// The user; empty when nobody of the authorities has signed it, or its time is not now.
  ///
  /// @param chain as presented, leaf first; not empty
  public Optional<UserInfo> user(List<X509Certificate> chain) {
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
        known = named;
        signed.put(leaf, known);
      }
      return Optional.of(known);
    } catch (GeneralSecurityException | NamingException invalid) {
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
      throws NamingException, GeneralSecurityException {
    String name = "";
    List<String> groups = new ArrayList<>();
    for (Rdn rdn : new LdapName(leaf.getSubjectX500Principal().getName()).getRdns()) {
      Attributes parts = rdn.toAttributes();
      @Nullable Attribute names = parts.get("CN");
      if (names != null) {
        // The library gives them in an order of its own: whoever signed it may have read another.
        if (names.size() > 1) {
          throw new InvalidNameException("several common names in one part of the subject");
        }
        name = names.get().toString();
      }
      @Nullable Attribute organizations = parts.get("O");
      for (int i = 0; organizations != null && i < organizations.size(); i++) {
        groups.add(organizations.get(i).toString());
      }
    }
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(leaf.getEncoded());
    String id = "X509SHA256=" + HexFormat.of().formatHex(digest);
    return new UserInfo(name, "", groups, Map.of(UserInfo.CREDENTIAL_ID, List.of(id)));
  }
}
