// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.RSAKey;
import dev.havn.apiserver.admission.podsecurity.PodSecurityConfiguration;
import dev.havn.apiserver.audit.Auditing;
import dev.havn.apiserver.authentication.AnonymousAccess;
import dev.havn.apiserver.authentication.AuthenticationOptions;
import dev.havn.apiserver.authentication.TestIssuer;
import dev.havn.apiserver.configuration.ReadFile;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.webhook.WebhookServer.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Users whom an identity provider vouches for, by an AuthenticationConfiguration and a provider of
/// the test's own. What is expected was compared with kube-apiserver 1.36.
class IdentityProviderTest {
  private static final String SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  private static final String REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews";
  private static final Credential NOBODY = new Credential.None();
  private static final String MAPPING =
      "claimMappings: {username: {claim: sub, prefix: 'oidc:'}, groups: {claim: groups, prefix: 'oidc:'}}";

  @TempDir private Path folder;
  private TestIssuer issuer;
  private RSAKey key;
  private TestApi api;

  @BeforeEach
  void start() throws IOException, GeneralSecurityException, JOSEException {
    issuer = new TestIssuer(folder.resolve("issuer"));
    key = TestIssuer.rsa("first");
    issuer.publish(key);
  }

  @AfterEach
  void stop() {
    issuer.close();
  }

  private String configuration(String more) {
    return """
        apiVersion: apiserver.config.k8s.io/v1
        kind: AuthenticationConfiguration
        jwt:
        - issuer:
            url: %s
            audiences: [havn]
            certificateAuthority: |
              %s
          %s
        """
        .formatted(
            issuer.url(),
            issuer.authority().strip().indent(6).strip(),
            more.strip().indent(2).strip());
  }

  private Path file() {
    return folder.resolve("authentication.yaml");
  }

  private void configured(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Files.write(file(), bytes);
    api =
        new TestApi(
            new ApiOptions(
                PodSecurityConfiguration.STANDARD,
                Auditing.Settings.NONE,
                RuntimeConfig.ALL,
                new AuthenticationOptions(
                    new ReadFile(file(), bytes), AnonymousAccess.EVERYWHERE, true, null),
                null));
  }

  private TestApi.Answer self(String token) {
    return api.ask("POST", SELF)
        .as(NOBODY)
        .header("authorization", "Bearer " + token)
        .body("{}")
        .send();
  }

  private JsonNode user(String token) {
    TestApi.Answer answer = self(token);
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    return answer.json().at("/status/userInfo");
  }

  /// What a TokenReview says of a token.
  private String refusal(String token) {
    assertThat(self(token).status()).isEqualTo(401);
    JsonNode status =
        api.post(REVIEWS, "{\"spec\":{\"token\":\"" + token + "\"}}").json().path("status");
    assertThat(status.path("authenticated").asBoolean()).isFalse();
    return status.path("error").asText();
  }

  @Test
  void aTokenOfTheProviderMakesAUser() throws IOException, JOSEException {
    configured(configuration(MAPPING));
    String token =
        issuer.token(key, "RS256", "\"sub\":\"jane\",\"groups\":[\"a\",\"b\"],\"jti\":\"7\"");
    assertThat(user(token).toString())
        .isEqualTo(
            "{\"username\":\"oidc:jane\",\"groups\":[\"oidc:a\",\"oidc:b\",\"system:authenticated\"],\"extra\":{\"authentication.kubernetes.io/credential-id\":[\"JTI=7\"]}}");
    JsonNode review =
        api.post(REVIEWS, "{\"spec\":{\"token\":\"" + token + "\"}}").json().path("status");
    assertThat(review.path("authenticated").asBoolean()).isTrue();
    assertThat(review.path("audiences").toString())
        .isEqualTo("[\"https://kubernetes.default.svc.cluster.local\"]");
  }

  @ParameterizedTest
  @CsvSource({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
  void everyAlgorithmOfKubernetesIsTaken(String algorithm) throws IOException, JOSEException {
    configured(configuration(MAPPING));
    var signing =
        switch (algorithm) {
          case "ES256" -> TestIssuer.curve("c", Curve.P_256);
          case "ES384" -> TestIssuer.curve("c", Curve.P_384);
          case "ES512" -> TestIssuer.curve("c", Curve.P_521);
          default -> key;
        };
    issuer.publish(signing);
    assertThat(user(issuer.token(signing, algorithm, "\"sub\":\"jane\"")).path("username").asText())
        .isEqualTo("oidc:jane");
  }

  /// The oldest attack on such tokens: the public key taken for a shared secret, or no signature.
  @Test
  void aSignatureWithThePublicKeyAsSecretIsNone() throws IOException, JOSEException {
    configured(configuration(MAPPING));
    String claims = "{\"iss\":\"%s\",\"aud\":\"havn\",\"exp\":1893456000,\"sub\":\"root\"}";
    JWSObject forged =
        new JWSObject(
            new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("first").build(),
            new Payload(claims.formatted(issuer.url())));
    forged.sign(new MACSigner(key.toRSAPublicKey().getEncoded()));
    assertThat(refusal(forged.serialize()))
        .isEqualTo(
            "[invalid bearer token, oidc: verify token: oidc: id token signed with unsupported algorithm, expected [\"ES256\" \"ES384\" \"ES512\" \"PS256\" \"PS384\" \"PS512\" \"RS256\" \"RS384\" \"RS512\"] got \"HS256\"]");
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    String none = base64.encodeToString("{\"alg\":\"none\"}".getBytes(StandardCharsets.UTF_8));
    String payload =
        base64.encodeToString(claims.formatted(issuer.url()).getBytes(StandardCharsets.UTF_8));
    assertThat(refusal(none + "." + payload + ".")).contains("oidc: malformed jwt");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "sub":"a","exp":1 | oidc: verify token: oidc: token is expired (Token Expiry: 1970-01-01 00:00:01 +0000 UTC)
          "sub":"a","nbf":1893000000 | oidc: verify token: oidc: current time 2026-01-01 00:00:00 +0000 UTC before the nbf (not before) time: 2029-12-26 17:20:00 +0000 UTC
          "sub":"a","aud":["x","y"] | oidc: verify token: oidc: expected audience "havn" got ["x" "y"]
          "name":"a" | oidc: parse username claims "sub": claim not present
          "sub":3 | oidc: verify token: oidc: failed to unmarshal claims: json: cannot unmarshal number into Go struct field idToken.sub of type string
          "sub":"a","exp":"x" | oidc: verify token: oidc: failed to unmarshal claims: json: invalid number literal, trying to unmarshal "\\"x\\"" into Number
          "sub":"a","exp":null | oidc: verify token: oidc: token is expired (Token Expiry: 0001-01-01 00:00:00 +0000 UTC)
          "sub":"a","aud":3 | oidc: verify token: oidc: failed to unmarshal claims: json: cannot unmarshal number into Go struct field idToken.aud of type []string
          "sub":"a","groups":[3] | oidc: parse groups claim "groups": json: cannot unmarshal array into Go value of type string
          """)
  void whyATokenIsNotGoodIsSaidToWhoReviewsIt(String claims, String why)
      throws IOException, JOSEException {
    configured(configuration(MAPPING));
    assertThat(refusal(issuer.token(key, "RS256", claims)))
        .isEqualTo("[invalid bearer token, " + why + "]");
  }

  @Test
  void anothersKeyIsNotTaken() throws IOException, JOSEException {
    configured(configuration(MAPPING));
    String token = issuer.token(TestIssuer.rsa("first"), "RS256", "\"sub\":\"a\"");
    assertThat(refusal(token))
        .isEqualTo(
            "[invalid bearer token, oidc: verify token: failed to verify signature: failed to verify id token signature]");
  }

  @Test
  void aNewKeyIsFetchedAndForgedTokensDoNotFetchAgainAndAgain() throws IOException, JOSEException {
    configured(configuration(MAPPING));
    user(issuer.token(key, "RS256", "\"sub\":\"a\""));
    RSAKey second = TestIssuer.rsa("second");
    String token = issuer.token(second, "RS256", "\"sub\":\"a\"");
    for (int i = 0; i < 10; i++) {
      assertThat(self(token).status()).isEqualTo(401);
    }
    assertThat(issuer.fetches()).isEqualTo(1);
    issuer.publish(second);
    api.time.advance(Duration.ofSeconds(5));
    user(token);
    assertThat(issuer.fetches()).isEqualTo(2);
  }

  @Test
  void anIssuerThatIsNotThereIsAskedAgainLater() throws IOException, JOSEException {
    configured(configuration(MAPPING));
    issuer.server().on("/.well-known/openid-configuration", new Reply(503, "text/plain", "later"));
    String token = issuer.token(key, "RS256", "\"sub\":\"a\"");
    for (int i = 0; i < 3; i++) {
      assertThat(refusal(token))
          .isEqualTo("[invalid bearer token, oidc: authenticator not initialized]");
    }
    assertThat(issuer.server().asked()).hasSize(1);
    issuer
        .server()
        .on(
            "/.well-known/openid-configuration",
            Reply.json(
                "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\"}"
                    .formatted(issuer.url(), issuer.url())));
    api.time.advance(Duration.ofSeconds(10));
    user(token);
  }

  @Test
  void whoDiscoversAnotherIssuerDoesNotTrustIt() throws IOException, JOSEException {
    configured(configuration(MAPPING));
    issuer
        .server()
        .on(
            "/.well-known/openid-configuration",
            Reply.json(
                "{\"issuer\":\"https://other\",\"jwks_uri\":\"%s/keys\"}".formatted(issuer.url())));
    assertThat(refusal(issuer.token(key, "RS256", "\"sub\":\"a\""))).contains("not initialized");
  }

  @Test
  void expressionsMapAndJudgeClaims() throws IOException, JOSEException {
    configured(
        configuration(
            """
            claimValidationRules:
            - {claim: hd, requiredValue: example.org}
            - {expression: 'claims.level > 2', message: the level is too low}
            claimMappings:
              username: {expression: 'claims.sub + "@" + claims.hd'}
              groups: {expression: 'claims.roles.map(r, "role:" + r)'}
              uid: {expression: 'claims.id'}
              extra: [{key: example.org/team, valueExpression: 'claims.?team.orValue("")'}]
            userValidationRules:
            - {expression: "!user.username.startsWith('system:')", message: the name is reserved}
            """));
    String rest = ",\"hd\":\"example.org\",\"roles\":[\"a\",\"\"],\"id\":\"u1\"";
    assertThat(
            user(issuer.token(key, "RS256", "\"sub\":\"j\",\"level\":3,\"team\":\"x\"" + rest))
                .toString())
        .isEqualTo(
            "{\"username\":\"j@example.org\",\"uid\":\"u1\",\"groups\":[\"role:a\",\"role:\",\"system:authenticated\"],\"extra\":{\"example.org/team\":[\"x\"]}}");
    assertThat(refusal(issuer.token(key, "RS256", "\"sub\":\"j\",\"level\":2" + rest)))
        .isEqualTo(
            "[invalid bearer token, oidc: error evaluating claim validation expression: validation expression 'claims.level > 2' failed: the level is too low]");
    assertThat(refusal(issuer.token(key, "RS256", "\"sub\":\"system:x\",\"level\":3" + rest)))
        .isEqualTo(
            "[invalid bearer token, oidc: error evaluating user info validation rule: validation expression '!user.username.startsWith('system:')' failed: the name is reserved]");
    assertThat(refusal(issuer.token(key, "RS256", "\"level\":3" + rest)))
        .isEqualTo(
            "[invalid bearer token, oidc: error evaluating username claim expression: expression 'claims.sub + \"@\" + claims.hd' resulted in error: no such key: sub]");
    assertThat(
            refusal(
                issuer.token(
                    key, "RS256", "\"sub\":\"j\",\"level\":3" + rest.replace("example.org", "x"))))
        .isEqualTo(
            "[invalid bearer token, oidc: required claim hd value does not match. Got = x, want = example.org]");
  }

  @Test
  void anEmailMustBeVerified() throws IOException, JOSEException {
    configured(configuration("claimMappings: {username: {claim: email, prefix: ''}}"));
    assertThat(
            user(issuer.token(key, "RS256", "\"email\":\"a@b\",\"email_verified\":true"))
                .path("username")
                .asText())
        .isEqualTo("a@b");
    assertThat(refusal(issuer.token(key, "RS256", "\"email\":\"a@b\",\"email_verified\":false")))
        .isEqualTo("[invalid bearer token, oidc: email not verified]");
  }

  @Test
  void theFileIsReadAgainWhenItChanges() throws IOException, JOSEException {
    configured(configuration(MAPPING));
    String token = issuer.token(key, "RS256", "\"sub\":\"a\"");
    user(token);
    Files.writeString(file(), configuration(MAPPING.replace("oidc:", "corp:")));
    api.time.advance(Duration.ofSeconds(5));
    assertThat(user(token).path("username").asText()).isEqualTo("corp:a");
    Files.writeString(file(), "jwt: none");
    api.time.advance(Duration.ofSeconds(5));
    assertThat(user(token).path("username").asText()).isEqualTo("corp:a");
    Files.writeString(file(), configuration(MAPPING).replaceFirst("(?s)jwt:.*", "jwt: []\n"));
    api.time.advance(Duration.ofSeconds(5));
    assertThat(self(token).status()).isEqualTo(401);
  }

  @Test
  void onlyThePathsThatAreNamedAreOpenToAnybody() throws IOException {
    configured(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\nanonymous: {enabled: true, conditions: [{path: /livez}]}\n");
    assertThat(api.ask("GET", "/livez").as(NOBODY).send().status()).isEqualTo(200);
    assertThat(api.ask("GET", "/readyz").as(NOBODY).send().status()).isEqualTo(401);
    assertThat(api.get("/readyz").status()).isEqualTo(200);
  }

  @Test
  void aTokenIsWrittenInOneWayOnly() throws IOException, JOSEException {
    configured(configuration(MAPPING));
    String good;
    int at;
    int i = 0;
    do {
      good = issuer.token(key, "RS256", "\"sub\":\"jane%d\"".formatted(i++));
      at = good.lastIndexOf('.');
    } while (good.indexOf('-', at) < 0 || good.indexOf('_', at) < 0);
    assertThat(self(good).status()).isEqualTo(201);
    String signature = good.substring(at);
    char last = (char) (good.charAt(good.length() - 1) + 1);
    for (String other :
        new String[] {
          signature.replace('-', '+'),
          signature.replace('_', '/'),
          signature + "=",
          signature + "==",
          "." + (char) 0x17e + signature.substring(1),
          signature.substring(0, signature.length() - 1) + last
        }) {
      assertThat(refusal(good.substring(0, at) + other)).contains("oidc: malformed jwt");
    }
  }

  @Test
  void noBytesWhateverTheyAreBreakTheReadingOfTokens() throws IOException, JOSEException {
    configured(configuration(MAPPING));
    String good = issuer.token(key, "RS256", "\"sub\":\"jane\"");
    Random random = new Random(7);
    for (int i = 0; i < 3_000; i++) {
      StringBuilder token = new StringBuilder(good);
      for (int j = random.nextInt(1, 6); j > 0; j--) {
        int at = random.nextInt(token.length());
        switch (random.nextInt(3)) {
          case 0 -> token.setCharAt(at, (char) random.nextInt('!', 0x17f));
          case 1 -> token.deleteCharAt(at);
          default -> token.insert(at, ".");
        }
      }
      int status = self(token.toString()).status();
      assertThat(status).as(token.toString()).isIn(201, 401);
      assertThat(status == 201 && !token.toString().equals(good))
          .as("a changed token is taken: %s", token)
          .isFalse();
    }
  }

  @Test
  void noClaimsWhateverTheyAreBreakTheReadingOfThem() throws IOException, JOSEException {
    configured(configuration(MAPPING));
    String[] values = {"null", "3", "-1e400", "\"x\"", "[]", "{}", "[[]]", "true", "1e18", "\"\""};
    for (String name : new String[] {"sub", "aud", "exp", "nbf", "groups", "jti", "iss"}) {
      for (String value : values) {
        String payload =
            "{\"iss\":\"%s\",\"aud\":\"havn\",\"exp\":1893456000,\"sub\":\"x\",\"%s\":%s}"
                .formatted(issuer.url(), name, value);
        assertThat(self(TestIssuer.sign(key, "RS256", payload)).status())
            .as(payload)
            .isIn(201, 401);
      }
    }
    for (String payload : new String[] {"", "[]", "3", "null", "{", "\u0000", "{\"iss\":3}"}) {
      assertThat(self(TestIssuer.sign(key, "RS256", payload)).status()).isEqualTo(401);
    }
  }
}
