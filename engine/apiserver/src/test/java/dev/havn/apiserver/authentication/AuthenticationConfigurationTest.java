// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The file is read as kube-apiserver 1.36 reads it: all messages here are its own.
class AuthenticationConfigurationTest {
  private static final String HEAD =
      "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n";
  private static final String BAD =
      """
      jwt:
      - issuer: {url: 'http://u:p@a.example?x=1#f', discoveryURL: http://b, audiences: [x, x, ''], certificateAuthority: zzz, audienceMatchPolicy: All, egressSelectorType: foo}
        claimValidationRules: [{claim: a, expression: b}, {}, {claim: a, message: m}, {claim: a}, {expression: 'claims.a', requiredValue: x}, {expression: 'claims.a'}, {expression: 'claims.b +'}, {expression: 'foo == 1'}]
        claimMappings:
          username: {claim: sub, expression: x}
          groups: {claim: g}
          uid: {claim: a, expression: b}
          extra: [{key: Foo, valueExpression: 'claims.a'}, {key: example.org/a}, {key: example.org/a, valueExpression: '1'}, {key: example.org/B, valueExpression: "'x'"}, {key: kubernetes.io/c, valueExpression: "'x'"}, {valueExpression: "'x'"}]
        userValidationRules: [{}, {expression: 'user.username'}, {expression: 'user.foo == 1'}, {expression: 'user.foo == 1'}]
      anonymous: {enabled: false, conditions: [{path: /livez}]}
      """;
  private static final String WORDS =
      """
      invalid authentication configuration: [jwt[0].issuer.url: Invalid value: "http://u:p@a.example?x=1#f": URL scheme must be https, jwt[0].issuer.url: Invalid value: "http://u:p@a.example?x=1#f": URL must not contain a username or password, jwt[0].issuer.url: Invalid value: "http://u:p@a.example?x=1#f": URL must not contain a query, jwt[0].issuer.url: Invalid value: "http://u:p@a.example?x=1#f": URL must not contain a fragment, jwt[0].issuer.discoveryURL: Invalid value: "http://b": URL scheme must be https, jwt[0].issuer.audiences[1]: Duplicate value: "x", jwt[0].issuer.audiences[2]: Required value, jwt[0].issuer.audienceMatchPolicy: Invalid value: "All": audienceMatchPolicy must be MatchAny for multiple audiences, jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates, jwt[0].issuer.egressSelectorType: Invalid value: "foo": egress selector must be either controlplane or cluster, jwt[0].claimValidationRules[0]: Invalid value: "a": claim and expression can't both be set, jwt[0].claimValidationRules[1]: Required value: claim or expression is required, jwt[0].claimValidationRules[2].message: Invalid value: "m": may not be specified when claim is set, jwt[0].claimValidationRules[3].claim: Duplicate value: "a", jwt[0].claimValidationRules[4].requiredValue: Invalid value: "x": may not be specified when expression is set, jwt[0].claimValidationRules[4].expression: Invalid value: "claims.a": must evaluate to bool, jwt[0].claimValidationRules[5].expression: Duplicate value: "claims.a", jwt[0].claimValidationRules[6].expression: Invalid value: "claims.b +": compilation failed: ERROR: <input>:1:11: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
       | claims.b +
       | ..........^, jwt[0].claimValidationRules[7].expression: Invalid value: "foo == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')
       | foo == 1
       | ^, jwt[0].claimMappings.username: Invalid value: "": claim and expression can't both be set, jwt[0].claimMappings.groups.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing, jwt[0].claimMappings.uid: Invalid value: "": claim and expression can't both be set, jwt[0].claimMappings.extra[0].key: Invalid value: "Foo": must be a domain-prefixed path (such as "acme.io/foo"), jwt[0].claimMappings.extra[0].key: Invalid value: "Foo": must be lowercase, jwt[0].claimMappings.extra[1].valueExpression: Required value, jwt[0].claimMappings.extra[2].key: Duplicate value: "example.org/a", jwt[0].claimMappings.extra[3].key: Invalid value: "example.org/B": must be lowercase, jwt[0].claimMappings.extra[4].key: Invalid value: "kubernetes.io/c": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use, jwt[0].claimMappings.extra[5].key: Required value, jwt[0].userValidationRules[0].expression: Required value, jwt[0].userValidationRules[1].expression: Invalid value: "user.username": must evaluate to bool, jwt[0].userValidationRules[2].expression: Invalid value: "user.foo == 1": compilation failed: ERROR: <input>:1:5: undefined field 'foo'
       | user.foo == 1
       | ....^, jwt[0].userValidationRules[3].expression: Duplicate value: "user.foo == 1", anonymous.conditions: Invalid value: [{"Path":"/livez"}]: enabled should be set to true when conditions are defined]""";

  private static AuthenticationConfiguration parse(String text) {
    return AuthenticationConfiguration.parse(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void allThatIsWrongIsSaidAtOnceAndAsKubernetesSaysIt() {
    assertThatThrownBy(() -> parse(HEAD + BAD)).hasMessage(WORDS);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          jwt: [{issuer: {url: 3}}] | json: cannot unmarshal number into Go struct field Issuer.jwt.issuer.url of type string
          jwt: {} | json: cannot unmarshal object into Go struct field AuthenticationConfiguration.jwt of type []v1.JWTAuthenticator
          jwt: [{issuer: {audiences: x}}] | json: cannot unmarshal string into Go struct field Issuer.jwt.issuer.audiences of type []string
          anonymous: {enabled: 'yes'} | json: cannot unmarshal string into Go struct field AnonymousAuthConfig.anonymous.enabled of type bool
          jwt: [3] | json: cannot unmarshal number into Go struct field AuthenticationConfiguration.jwt of type v1.JWTAuthenticator
          jwt: [{issuer: hello}] | json: cannot unmarshal string into Go struct field JWTAuthenticator.jwt.issuer of type v1.Issuer
          jwt: [{issuer: {url: 'https://a.example', foo: 1}, bar: 2}] | strict decoding error: unknown field "jwt[0].bar", unknown field "jwt[0].issuer.foo"
          """)
  void aFieldOfAnotherTypeOrNameIsRefused(String body, String words) {
    assertThatThrownBy(() -> parse(HEAD + body + "\n")).hasMessage(words);
  }

  @Test
  void whatIsNoSuchObjectIsRefused() {
    assertThatThrownBy(() -> parse("")).hasMessage("empty config data");
    assertThatThrownBy(() -> parse(HEAD + "jwt: []\njwt: []\n"))
        .hasMessage(
            "strict decoding error: yaml: unmarshal errors:\n  line 4: key \"jwt\" already set in map");
    assertThatThrownBy(() -> parse("apiVersion: apiserver.config.k8s.io/v1\n"))
        .hasMessage("Object 'Kind' is missing in 'apiVersion: apiserver.config.k8s.io/v1\n'");
    assertThatThrownBy(() -> parse(HEAD.replace("/v1", "/v9")))
        .hasMessageStartingWith(
            "no kind \"AuthenticationConfiguration\" is registered for version \"apiserver.config.k8s.io/v9\"");
    assertThatThrownBy(() -> parse(HEAD.replace("Authentication", "Authorization")))
        .hasMessage(
            "expected AuthenticationConfiguration, got *apiserver.AuthorizationConfiguration");
    assertThatThrownBy(() -> parse("[]"))
        .hasMessageStartingWith(
            "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value");
  }

  @Test
  void anIssuerStandsOnce() {
    String issuer =
        "- issuer: {url: https://a.example, audiences: [x]}\n  claimMappings: {username: {claim: sub, prefix: ''}}\n";
    assertThatThrownBy(() -> parse(HEAD + "jwt:\n" + issuer + issuer))
        .hasMessageEndingWith("jwt[1].issuer.url: Duplicate value: \"https://a.example\"");
  }

  @Test
  void thisServersOwnIssuerIsNotTakenFromOthers() {
    assertThatThrownBy(
            () ->
                parse(
                    HEAD
                        + "jwt:\n- issuer: {url: https://kubernetes.default.svc.cluster.local, audiences: [x]}\n  claimMappings: {username: {claim: sub, prefix: ''}}\n"))
        .hasMessageContaining(
            "URL must not overlap with disallowed issuers: [https://kubernetes.default.svc.cluster.local]");
  }

  @Test
  void whoTakesAnEmailLooksWhetherItIsVerified() {
    String before =
        HEAD
            + "jwt:\n- issuer: {url: https://a.example, audiences: [x]}\n  claimMappings: {username: {expression: 'claims.email'}}\n";
    assertThatThrownBy(() -> parse(before))
        .hasMessageContaining("claims.email_verified must be used in");
    assertThat(
            parse(
                    before
                        + "  claimValidationRules: [{expression: 'claims.?email_verified.orValue(true) == true'}]\n")
                .jwt())
        .hasSize(1);
  }

  @Test
  void pathsCanBeOpenToAnybody() {
    assertThat(
            parse(HEAD + "anonymous: {enabled: true, conditions: [{path: /livez}]}\n").anonymous())
        .contains(new AnonymousAccess(true, Set.of("/livez")));
    assertThat(parse(HEAD).anonymous()).isEmpty();
  }
}
