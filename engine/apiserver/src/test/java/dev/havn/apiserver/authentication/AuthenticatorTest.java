// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.apiserver.authentication.TokenAuthenticator.Outcome;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Query;
import dev.havn.apiserver.http.Request;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which of several credentials counts; compared with kube-apiserver 1.36.
class AuthenticatorTest {
  private static final String PREFIX = "base64url.bearer.authorization.k8s.io.";

  @TempDir private Path folder;
  private final List<String> warnings = new ArrayList<>();
  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
  private X509Certificate authority;
  private Credential good;
  private Credential foreign;

  @BeforeEach
  void certificates() throws IOException, GeneralSecurityException {
    InstantSource clock = now::get;
    Authority ours = Authority.open(folder.resolve("a"), clock, new SecureRandom());
    Authority others = Authority.open(folder.resolve("b"), clock, new SecureRandom());
    authority = ours.certificate();
    good =
        new Credential.Certificate(
            List.of(ours.client("admin", "admin", List.of("ops")).certificate()));
    foreign =
        new Credential.Certificate(
            List.of(others.client("admin", "admin", List.of("ops")).certificate()));
  }

  /// A request is signed by its subject as its signer reads it; here it must be read alike.
  @Test
  void aCertificateWithTwoNamesInOnePartIsNobodys() throws Exception {
    assertThat(user("CN=system:kube-scheduler+CN=system:node:a, O=system:nodes")).isEmpty();
    assertThat(user("CN=jane+O=ops")).contains(new UserInfo("jane", List.of("ops")));
    assertThat(user("CN=jane, CN=joe, O=ops, O=dev"))
        .contains(new UserInfo("joe", List.of("ops", "dev")));
  }

  private Optional<UserInfo> user(String subject) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    KeyPair keys = generator.generateKeyPair();
    X500Name issuer = new X500Name("CN=test");
    JcaX509v3CertificateBuilder signed =
        new JcaX509v3CertificateBuilder(
            issuer,
            BigInteger.ONE,
            Date.from(now.get().minusSeconds(60)),
            Date.from(now.get().plusSeconds(60)),
            new X500Name(subject),
            keys.getPublic());
    JcaX509v3CertificateBuilder signer =
        new JcaX509v3CertificateBuilder(
            issuer,
            BigInteger.TWO,
            Date.from(now.get().minusSeconds(60)),
            Date.from(now.get().plusSeconds(60)),
            issuer,
            keys.getPublic());
    ContentSigner signature =
        new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate());
    JcaX509CertificateConverter converter = new JcaX509CertificateConverter();
    return new ClientCertificates(
            List.of(converter.getCertificate(signer.build(signature))), now::get)
        .user(List.of(converter.getCertificate(signed.build(signature))))
        .map(known -> new UserInfo(known.name(), known.groups()));
  }

  private Authenticator authenticator(AnonymousAccess anonymous) {
    TokenAuthenticator knows =
        (token, audiences) ->
            token.equals("secret")
                ? new Outcome.Known(new UserInfo("robot", List.of()), audiences)
                : Outcome.NONE;
    return new Authenticator(
        new ClientCertificates(List.of(authority), now::get),
        new BearerTokens(List.of(knows), List.of("api")),
        anonymous);
  }

  private record Asked(Credential credential, Headers headers) implements Request {
    @Override
    public String method() {
      return "GET";
    }

    @Override
    public String path() {
      return "/api";
    }

    @Override
    public Query query() {
      return new Query(Map.of());
    }

    @Override
    public byte[] body(int bytesMax) {
      return new byte[0];
    }

    @Override
    public String remoteAddress() {
      return "127.0.0.1:1";
    }
  }

  private String who(Credential credential, Headers headers) {
    Optional<UserInfo> user =
        authenticator(AnonymousAccess.EVERYWHERE)
            .authenticate(new Asked(credential, headers), warnings::add);
    return user.map(UserInfo::name).orElse("refused");
  }

  private static Headers bearer(String token) {
    return new Headers().set("authorization", "Bearer " + token);
  }

  @Test
  void aCertificateCountsBeforeATokenWhateverTheTokenIs() {
    assertThat(who(good, new Headers())).isEqualTo("admin");
    assertThat(who(good, bearer("secret"))).isEqualTo("admin");
    assertThat(who(good, bearer("bad"))).isEqualTo("admin");
  }

  @Test
  void aTokenHelpsWhoseCertificateIsNotGood() {
    assertThat(who(foreign, bearer("secret"))).isEqualTo("robot");
    assertThat(who(foreign, bearer("bad"))).isEqualTo("refused");
    assertThat(who(foreign, new Headers())).isEqualTo("refused");
  }

  @Test
  void aCertificateEndsWithItsTime() {
    assertThat(who(good, new Headers())).isEqualTo("admin");
    now.updateAndGet(time -> time.plus(Duration.ofDays(3_660)));
    assertThat(who(good, new Headers())).isEqualTo("refused");
  }

  @Test
  void aGoodTokenGoesNoFurther() {
    Headers headers = bearer("secret");
    assertThat(who(new Credential.None(), headers)).isEqualTo("robot");
    assertThat(headers.first("authorization")).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          Bearer secret | robot
          bearer secret more | robot
          Bearer bad | refused
          Bearer | system:anonymous
          Basic secret | system:anonymous
          secret | system:anonymous
          `Bearer  secret` | system:anonymous
          """)
  void onlyABearerTokenIsLookedAt(String header, String who) {
    assertThat(who(new Credential.None(), new Headers().set("authorization", header)))
        .isEqualTo(who);
    assertThat(warnings).hasSize(header.contains("  ") ? 1 : 0);
  }

  private static String encoded(String token) {
    byte[] bytes = token.getBytes(StandardCharsets.UTF_8);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static Headers webSocket(String protocols) {
    return new Headers()
        .set("connection", "keep-alive, Upgrade")
        .set("upgrade", "websocket")
        .set("sec-websocket-protocol", protocols);
  }

  @Test
  void aBrowserSaysItsTokenInASubprotocolThatIsTakenOut() {
    Headers headers = webSocket(encoded("secret") + ", v5.channel.k8s.io");
    assertThat(who(new Credential.None(), headers)).isEqualTo("robot");
    assertThat(headers.all("sec-websocket-protocol")).containsExactly("v5.channel.k8s.io");
  }

  @Test
  void aTokenInASubprotocolThatIsNotGoodIsRefused() {
    Credential none = new Credential.None();
    assertThat(who(none, webSocket(encoded("secret")))).as("alone").isEqualTo("refused");
    assertThat(who(none, webSocket(encoded("bad") + ",x"))).isEqualTo("refused");
    assertThat(who(none, webSocket(PREFIX + "!!,x"))).isEqualTo("refused");
    assertThat(who(none, webSocket(PREFIX + "_w,x"))).as("no UTF-8").isEqualTo("refused");
    String twice = encoded("secret") + "," + encoded("secret") + ",x";
    assertThat(who(none, webSocket(twice))).isEqualTo("refused");
    assertThat(who(none, webSocket(PREFIX + ",x"))).isEqualTo("system:anonymous");
    assertThat(who(good, webSocket(encoded("bad") + ",x"))).isEqualTo("admin");
    Headers plain = new Headers().set("sec-websocket-protocol", encoded("secret") + ",x");
    assertThat(who(none, plain)).as("no handshake").isEqualTo("system:anonymous");
  }

  @Test
  void aTokenInASubprotocolGoesToNobodyElseWhoeverTheRequestIsTakenFor() {
    Headers headers = webSocket(encoded("bad") + ",x");
    assertThat(who(good, headers)).isEqualTo("admin");
    assertThat(headers.all("sec-websocket-protocol")).containsExactly("x");
    Headers plain = new Headers().set("sec-websocket-protocol", encoded("secret"));
    assertThat(who(good, plain)).isEqualTo("admin");
    assertThat(plain.all("sec-websocket-protocol")).isEmpty();
  }

  @Test
  void whereNobodyMayBeAnonymousWhoSaysNothingIsRefused() {
    Asked asked = new Asked(new Credential.None(), new Headers());
    for (AnonymousAccess access :
        List.of(new AnonymousAccess(false, Set.of()), new AnonymousAccess(true, Set.of("/x")))) {
      assertThat(authenticator(access).authenticate(asked, warnings::add)).isEmpty();
    }
    assertThat(
            authenticator(new AnonymousAccess(true, Set.of("/api")))
                .authenticate(asked, warnings::add))
        .contains(UserInfo.ANONYMOUS);
  }
}
