// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.transport;

import java.net.Socket;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Looks at a server's certificate as the JDK does, and says what is wrong with it in the words of
/// Kubernetes' library. A name in the subject alone does not count (RFC 6125, section 6.4.4).
final class TlsTrust extends X509ExtendedTrustManager {
  private static final int NAME_TYPE_DNS = 2;
  private static final int NAME_TYPE_IP = 7;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss'Z'").withZone(ZoneOffset.UTC);

  private final X509ExtendedTrustManager trust;
  private final InstantSource clock;

  TlsTrust(X509ExtendedTrustManager trust, InstantSource clock) {
    this.trust = trust;
    this.clock = clock;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    String host = engine.getPeerHost();
    if (chain[0].getSubjectAlternativeNames() == null) {
      throw refused(
          "certificate relies on legacy Common Name field, use SANs instead", /* cause= */ null);
    }
    try {
      trust.checkServerTrusted(chain, type, engine);
    } catch (CertificateException e) {
      throw refused(problem(chain[0], host, e), e);
    }
  }

  private static CertificateException refused(String why, @Nullable Exception cause) {
    return new CertificateException("tls: failed to verify certificate: x509: " + why, cause);
  }

  private String problem(X509Certificate certificate, String host, CertificateException e)
      throws CertificateParsingException {
    if (isCausedBy(e, CertificateExpiredException.class)) {
      return validity("after", certificate.getNotAfter());
    }
    if (isCausedBy(e, CertificateNotYetValidException.class)) {
      return validity("before", certificate.getNotBefore());
    }
    boolean unsigned =
        isCausedBy(e, CertPathValidatorException.class)
            || String.valueOf(e.getMessage()).startsWith("PKIX path building failed");
    return unsigned ? "certificate signed by unknown authority" : names(certificate, host);
  }

  private String validity(String side, Date bound) {
    return "certificate has expired or is not yet valid: current time %s is %s %s"
        .formatted(
            TIME.format(clock.instant().truncatedTo(ChronoUnit.SECONDS)),
            side,
            TIME.format(bound.toInstant()));
  }

  private static boolean isCausedBy(Throwable e, Class<? extends Throwable> kind) {
    for (Throwable each = e; each != null; each = each.getCause()) {
      if (kind.isInstance(each)) {
        return true;
      }
    }
    return false;
  }

  private static String names(X509Certificate certificate, String host)
      throws CertificateParsingException {
    boolean address = host.contains(":") || host.matches("[0-9.]+");
    List<String> names = new ArrayList<>();
    for (List<?> each : orEmpty(certificate.getSubjectAlternativeNames())) {
      if (each.getFirst().equals(address ? NAME_TYPE_IP : NAME_TYPE_DNS)) {
        names.add(String.valueOf(each.getLast()));
      }
    }
    if (names.isEmpty()) {
      return address
          ? "cannot validate certificate for " + host + " because it doesn't contain any IP SANs"
          : "certificate is not valid for any names, but wanted to match " + host;
    }
    return "certificate is valid for " + String.join(", ", names) + ", not " + host;
  }

  private static <T> Collection<T> orEmpty(@Nullable Collection<T> given) {
    return given == null ? List.of() : given;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    trust.checkServerTrusted(chain, type);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    trust.checkServerTrusted(chain, type, socket);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    trust.checkClientTrusted(chain, type);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    trust.checkClientTrusted(chain, type, socket);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    trust.checkClientTrusted(chain, type, engine);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return trust.getAcceptedIssuers();
  }
}
